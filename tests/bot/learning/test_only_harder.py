"""Learning can only make entry harder: nothing in bot/learning leads to a limit, a size or a stop."""

import ast
from pathlib import Path

import msgspec
import pytest

import bot.learning
from bot.contracts.models import Constitution, Contracts
from bot.decision.snapshot import Trust
from bot.journal.records import StateRecord
from bot.learning.states import LearningLoop, LearningView

FILES = sorted(Path(bot.learning.__file__).parent.glob("*.py"))
FORBIDDEN = (
    "bot.decision.derived", "bot.decision.limits", "bot.decision.evaluate", "bot.decision.gates", "bot.decision.book",
    "bot.risk_engine", "bot.supervision", "bot.ibkr", "strategies", "actors", "nautilus_trader", "ib_insync",
)  # fmt: skip
LAWS_READ = {"OutcomeLaw", "Learning", "RiskModel", "Contracts", "DataContract"}  # the last: where bars stop
LIMITS = set(Constitution.model_fields) - {"outcome", "version", "changelog"} | {"contracts", "tiers", "margin_buffer"}


def trees():
    return [pytest.param(ast.parse(path.read_text(encoding="utf-8")), id=path.stem) for path in FILES]


def imports(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("tree", trees())
def test_no_module_imports_what_limits_sizes_or_sends(tree):
    assert [name for name in imports(tree) if name.startswith(FORBIDDEN)] == []
    laws = {name.rsplit(".", 1)[1] for name in imports(tree) if name.startswith("bot.contracts.models.")}
    assert laws <= LAWS_READ


@pytest.mark.parametrize("tree", trees())
def test_no_module_reads_a_limit_of_the_constitution_or_writes_to_a_plan(tree):
    read = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert read & LIMITS == set()
    written = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}
    assert written & set(["quantity", "stop", "stop_ticks", "limit", "legs", "risk_cents", "max_contracts"]) == set()


def test_what_the_loop_says_is_a_state_a_multiplier_counts_metrics_and_what_releases():
    fields = {field.name for field in msgspec.structs.fields(LearningView)}
    assert fields == {"state", "throttle_level", "cost_multiplier", "wins", "losses", "metrics", "release"}
    assert {*Trust.__annotations__} <= fields
    public = {name for name in vars(LearningLoop) if not name.startswith("_")}
    assert public == {"on_session", "on_outcome", "refold", "restore", "release", "view", "cells"}
    for told in (LearningLoop.on_session, LearningLoop.on_outcome, LearningLoop.refold):
        assert told.__annotations__["return"] == f"list[{StateRecord.__name__}]"


def test_what_it_is_given_cannot_be_changed():
    assert Contracts.model_config["frozen"]
    assert all(struct.__struct_config__.frozen for struct in (LearningView, StateRecord))
