"""Two runs beside each other: what is the same, and where they part first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import small_journal
from builders import CONTRACTS
from changed_contracts import changed
from msgspec.structs import replace

from bot.cli.said import within
from bot.contracts import Contracts
from bot.errors import JournalError
from bot.journal.records import Action, DecisionRecord, GateRecord, Kind, StateRecord
from bot.journal.store import Journal
from bot.report.compare import SHOWN, Comparison, Part, _shown, compare
from bot.units import MINUTE_NS

OPEN_NS = small_journal.open_ns("2025-10-01")
STATE = StateRecord("K1", "ACTIVE", "THROTTLED", 1, "win rate 33 %", "win_rate", 0.33, 3, "a win rate of 40 %")


def skip(strategy: str, dvs: float = 1.0) -> DecisionRecord:
    return DecisionRecord(strategy, Action.SKIP, f"{strategy} skipped", dvs, 1.0)


def decided(*, but: dict[tuple[int, str], DecisionRecord | None] | None = None, bars: int = 5) -> list[tuple[int, DecisionRecord]]:
    """Two strategies on so many bars that only skip, `but` what is named by bar and strategy (None: no decision)."""
    chosen = ((bar, (but or {}).get((bar, name), skip(name))) for bar in range(1, bars + 1) for name in ("K1", "K2"))
    return [(bar, decision) for bar, decision in chosen if decision is not None]


def written(
    path: Path,
    decisions: list[tuple[int, DecisionRecord]],
    contracts: Contracts = CONTRACTS,
    outcomes: tuple[Any, ...] = (),
    states: tuple[StateRecord, ...] = (),
    **header: Any,
) -> Path:
    with Journal.create(path, "backtest", contracts, {"bars": "bars.csv", "directory": str(path), **header}, lambda: hash(path)) as journal:
        for bar, decision in decisions:
            journal.add(Kind.DECISION, OPEN_NS + bar * MINUTE_NS, decision, decision.strategy)
        for outcome in outcomes:
            journal.add(Kind.OUTCOME, OPEN_NS + 90 * MINUTE_NS, outcome, outcome.strategy)
        for state in states:
            journal.add(Kind.STATE, OPEN_NS + 91 * MINUTE_NS, state, state.strategy)
        journal.close_link(OPEN_NS + 91 * MINUTE_NS)
    return path


def part(found: Comparison, name: str) -> Part:
    return next(each for each in found.parts if each.name == name)


@pytest.fixture
def one(tmp_path: Path) -> Path:
    return written(tmp_path / "one.sqlite", decided())


def test_the_same_run_somewhere_else_and_at_another_time_does_not_differ(one, tmp_path):
    found = compare(one, written(tmp_path / "other.sqlite", decided()))
    assert found.same and found.first is None and found.heads[0] == found.heads[1]
    assert [(each.name, each.same) for each in found.parts] == [
        (name, True) for name in ("contracts", "data", "trades", "decisions", "states")
    ]
    assert part(found, "decisions").said == ["10 in both, each the same"]


def test_the_first_decision_that_differs_is_named_with_its_fields(one, tmp_path):
    other = decided(but={(3, "K2"): skip("K2", dvs=0.7), (4, "K1"): skip("K1", dvs=0.7)})
    found = compare(one, written(tmp_path / "other.sqlite", other))
    assert (found.first.time, found.first.strategy, found.first.fields) == ("2025-10-01 09:33", "K2", {"dvs": (1.0, 0.7)})
    assert part(found, "decisions").said == [
        "2 of the 10 that both made differ",
        "the first that differs, K2 at 2025-10-01 09:33: dvs 1.0 against 0.7",
    ]


def test_the_first_other_action_is_told_beside_the_first_other_value(one, tmp_path):
    entered = DecisionRecord("K1", Action.ENTER, "K1 long enters", 1.0, 1.0, plan=small_journal.plan(6700.0), euc=small_journal.EUC)
    found = compare(one, written(tmp_path / "other.sqlite", decided(but={(2, "K1"): skip("K1", dvs=0.9), (4, "K1"): entered})))
    assert found.first.time == "2025-10-01 09:32"
    assert part(found, "decisions").said[-1] == (
        'the first with another action, K1 at 2025-10-01 09:34: A says "K1 skipped", B says "K1 long enters"'
    )


def refused(*others: GateRecord, noise: str = "", legs: int = 1) -> DecisionRecord:
    planned = replace(small_journal.plan(6700.0), legs=[(1, 6698.0, 6703.0 + leg) for leg in range(legs)])
    change = f"{'the same words, ' * 12}to fall by {noise}"
    return DecisionRecord("K1", Action.SKIP, "K1 skipped", 1.0, 1.0, others=list(others), smallest_change=change, plan=planned)


def test_a_decision_that_differs_deep_within_is_told_field_by_field_and_nothing_is_cut(tmp_path):
    cost, tier = (GateRecord(code, 7, "share", 0.41, "limit", 0.3, "", 0.11) for code in ("FRICTION_SHARE", "TIER_STRATEGY"))
    a = written(tmp_path / "a.sqlite", decided(but={(2, "K1"): refused(cost, tier, noise="1", legs=2)}))
    b = written(tmp_path / "b.sqlite", decided(but={(2, "K1"): refused(replace(cost, observed=0.5), noise="2")}))
    said = part(compare(a, b), "decisions").said[1]
    same = "the same words, " * 12
    assert said == (
        "the first that differs, K1 at 2025-10-01 09:32: others.FRICTION_SHARE.observed 0.41 against 0.5; others.TIER_STRATEGY only in A; "
        f'smallest_change "{same}to fall by 1" against "{same}to fall by 2"; plan.legs.2 only in A'
    )
    assert max(map(len, within(f"{'':<14}{said}", 80).split("\n"))) <= 80


def test_decisions_that_one_run_did_not_make_are_counted_for_it(one, tmp_path):
    found = compare(one, written(tmp_path / "other.sqlite", decided(but={(2, "K2"): None}, bars=6)))
    said = part(found, "decisions").said
    assert said[0] == "0 of the 9 that both made differ, 1 only in A, 2 only in B"
    assert said[1] == "the first that differs, K2 at 2025-10-01 09:32: only A has it (K2 skipped)"


def test_a_run_that_decided_nothing_leaves_all_to_the_other(one, tmp_path):
    found = compare(written(tmp_path / "none.sqlite", []), one)
    assert part(found, "decisions").said[0] == "0 of the 0 that both made differ, 10 only in B"


def test_other_contracts_are_told_key_by_key(one, tmp_path):
    tighter = changed(("constitution.frequency.max_trades_per_day", 1))
    found = compare(one, written(tmp_path / "other.sqlite", decided(), contracts=tighter))
    said = part(found, "contracts").said
    assert not found.same and len(said) == 2
    assert said[1].startswith("constitution.yaml: frequency.max_trades_per_day: ") and said[1].endswith("against 1")


def test_other_bars_are_told(one, tmp_path):
    found = compare(one, written(tmp_path / "other.sqlite", decided(), passport="ab" * 32, bars="others.csv"))
    assert part(found, "data").said == ["bars: bars.csv against others.csv", f"passport: nothing against {'ab' * 32}"]


def test_trades_of_one_run_alone_and_trades_that_came_out_otherwise_are_told(tmp_path):
    won, lost = (small_journal.outcome("K1", "2025-10-01", 6700.0, won=each) for each in (True, False))
    other = small_journal.other(won, "K2")
    found = compare(written(tmp_path / "a.sqlite", [], outcomes=(won, other)), written(tmp_path / "b.sqlite", [], outcomes=(lost,)))
    total, differs, alone = part(found, "trades").said
    assert total == "2 with net +$27.52 against 1 with net −$12.49"
    assert differs.startswith("K1 at 2025-10-01 10:30: exit_price 6703.0 against 6697.75") and "net_cents 1376 against -1249" in differs
    assert alone == "K2 at 2025-10-01 10:30: only in A (TARGET, net +$13.76)"


def test_shadow_trades_are_no_trades(tmp_path):
    shadow = small_journal.outcome("K1", "2025-10-01", 6700.0, won=True, shadow=True)
    found = compare(written(tmp_path / "a.sqlite", [], outcomes=(shadow,)), written(tmp_path / "b.sqlite", []))
    assert part(found, "trades").same


def test_many_differences_are_told_to_a_number_and_the_rest_is_counted(tmp_path):
    won = small_journal.outcome("K1", "2025-10-01", 6700.0, won=True)
    many = tuple(replace(won, decided_ns=won.decided_ns + minute * MINUTE_NS) for minute in range(SHOWN + 3))
    said = part(compare(written(tmp_path / "a.sqlite", [], outcomes=many), written(tmp_path / "b.sqlite", [])), "trades").said
    assert len(said) == 1 + SHOWN + 1 and said[-1] == "and 3 more"


def test_another_history_of_states_is_told_from_its_first_change(tmp_path):
    found = compare(written(tmp_path / "a.sqlite", [], states=(STATE,)), written(tmp_path / "b.sqlite", []))
    assert part(found, "states").said == [
        "1 change of state against 0 changes of state",
        "the first that differs: in A K1 ACTIVE → THROTTLED at 2025-10-01 11:01: win rate 33 %",
    ]


def test_a_journal_that_is_none_is_one_sentence(one, tmp_path):
    with pytest.raises(JournalError, match="no such journal"):
        compare(one, tmp_path / "nothing.sqlite")


@pytest.mark.parametrize("text", ["word " * 40, "x" * 200, "bars.csv, zone UTC, " * 9])
def test_a_value_that_is_too_long_is_cut_between_words(text: str) -> None:
    shown = _shown(text)
    assert len(shown) <= 120 and shown.endswith(" …")
    assert shown.removesuffix(" …") in (text[:118], *(text[:end] for end in range(120) if text[end] == " "))
