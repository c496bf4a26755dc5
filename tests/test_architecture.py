"""The house rules that no linter knows: who may reach the engines, what is never set, how long things may be."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("bot", "strategies", "actors")
LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
CORE = next(each["source_modules"] for each in LINTER if each["type"] == "forbidden")
FLOORS = next(each["layers"] for each in LINTER if each["type"] == "layers")
FRAMEWORKS = {"nautilus_trader", "ib_insync"}
CONVERTERS = {"bot/units.py", "bot/gateway/notation.py"}  # the gateway reads exact decimals and refuses them by IB's message
ENDPOINTS = {"RiskEngine.execute", "ExecEngine.execute", "ExecEngine.process", "_risk_engine", "_exec_engine"}
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 60
EXCUSE = "# long because:"

Function = ast.FunctionDef | ast.AsyncFunctionDef
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def dotted(path: Path) -> str:
    """The module's name; a package's own for its `__init__`."""
    return named(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def every(*kinds: type[ast.AST], sources: list[Path] = SOURCES) -> Iterator[tuple[str, ast.AST]]:
    """Each node of these kinds with its place `file:line`."""
    for path in sources:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, kinds):
                yield f"{named(path)}:{getattr(node, 'lineno', 0)}", node


def endpoint_uses(source: str) -> list[str]:
    """Endpoint names in code (attributes and strings that are nothing else), not in prose."""
    used = []
    for node in ast.walk(ast.parse(source)):
        name = node.attr if isinstance(node, ast.Attribute) else node.value if isinstance(node, ast.Constant) else None
        if isinstance(name, str) and name in ENDPOINTS:
            used.append(name)
    return used


def sets_reduce_only(node: ast.AST) -> bool:
    """`reduce_only=` with anything but a literal False, as an argument or an attribute."""
    if isinstance(node, ast.keyword):
        return node.arg == "reduce_only" and not (isinstance(node.value, ast.Constant) and node.value.value is False)
    if isinstance(node, ast.Assign):
        return any(isinstance(target, ast.Attribute) and target.attr.endswith("reduce_only") for target in node.targets)
    return False


def imported(node: ast.AST) -> set[str]:
    """Top-level packages that an import statement names."""
    if isinstance(node, ast.Import):
        return {alias.name.split(".")[0] for alias in node.names}
    return {node.module.split(".")[0]} if isinstance(node, ast.ImportFrom) and node.module else set()


def names_the_tick(source: str) -> list[int]:
    """Lines of code that name the size of a tick in points: imports, arithmetic, anything."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if "TICK_POINTS" in (getattr(node, "id", None), getattr(node, "attr", None), getattr(node, "name", None))
    ]


def lines_of(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_the_packages_have_sources():
    assert {named(path).split("/")[0] for path in SOURCES} >= {"bot"}


def test_only_the_risk_engine_reaches_the_engines_endpoints():
    others = [path for path in SOURCES if not named(path).startswith("bot/risk_engine/")]
    assert {named(path): used for path in others if (used := endpoint_uses(path.read_text(encoding="utf-8")))} == {}


def test_reduce_only_is_set_nowhere():
    assert [place for place, node in every(ast.keyword, ast.Assign) if sets_reduce_only(node)] == []


def test_ticks_become_points_and_points_ticks_by_the_functions_of_units_alone():
    by_hand = {named(path): len(lines) for path in SOURCES if (lines := names_the_tick(path.read_text(encoding="utf-8")))}
    assert set(by_hand) <= CONVERTERS
    assert by_hand["bot/units.py"] == 3  # its definition, and one line each way


def test_the_core_imports_no_trading_framework():
    core = [path for path in SOURCES if any(dotted(path) == room or dotted(path).startswith(f"{room}.") for room in CORE)]
    found = [place for place, node in every(ast.Import, ast.ImportFrom, sources=core) if imported(node) & FRAMEWORKS]
    assert core
    assert found == []


def test_every_room_stands_on_a_floor():
    rooms = {".".join(dotted(path).split(".")[:2]) if dotted(path).startswith("bot.") else dotted(path).split(".")[0] for path in SOURCES}
    assert {room.strip() for floor in FLOORS for room in floor.split("|")} == rooms - {"bot"}


def test_the_linter_sees_type_checking_imports():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    assert settings.get("exclude_type_checking_imports", False) is False


def test_no_file_is_longer_than_a_mind_holds():
    long = {}
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        lines = text.count("\n")
        if lines > MAX_FILE_LINES and EXCUSE not in text:
            long[named(path)] = lines
    assert long == {}


def test_no_function_is_longer_than_a_page():
    long = {}
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, Function) and lines_of(node) > MAX_FUNCTION_LINES and EXCUSE not in ast.get_source_segment(text, node):
                long[f"{named(path)}:{node.name}"] = lines_of(node)
    assert long == {}


def test_every_public_function_and_class_says_what_it_is():
    # sections of the contracts are explained where a person reads them, in the YAML
    explained_elsewhere = {"bot/contracts/models.py"}
    silent = [
        f"{named(path)}:{node.name}"
        for path in SOURCES
        if named(path) not in explained_elsewhere
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert silent == []


def test_every_package_says_what_lives_there():
    silent = [
        named(path) for path in SOURCES if path.name == "__init__.py" and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


@pytest.mark.parametrize(
    ("source", "caught"),
    [
        ("bus.register('RiskEngine.execute', mine)", True),
        ("trader._exec_engine.execute(command)", True),
        ("getattr(trader, '_risk_engine')", True),
        ("'''Wraps RiskEngine.execute from outside.'''", False),
        ("engine.execute(command)", False),
    ],
)
def test_the_look_for_endpoints_sees_code_and_not_prose(source, caught):
    assert bool(endpoint_uses(source)) is caught


@pytest.mark.parametrize(
    ("source", "caught"),
    [
        ("price = ticks * TICK_POINTS", True),
        ("price = ticks * units.TICK_POINTS", True),
        ("from bot.units import TICK_POINTS as STEP", True),
        ("'''A tick is TICK_POINTS points.'''", False),
        ("price = to_points(ticks)", False),
    ],
)
def test_the_look_for_conversions_by_hand_sees_code_and_not_prose(source, caught):
    assert bool(names_the_tick(source)) is caught


@pytest.mark.parametrize(
    ("source", "caught"),
    [
        ("market(reduce_only=True)", True),
        ("market(reduce_only=flag)", True),
        ("order.is_reduce_only = True", True),
        ("market(reduce_only=False)", False),
        ("market(quantity=1)", False),
    ],
)
def test_the_look_for_reduce_only_sees_every_way_to_set_it(source, caught):
    assert any(sets_reduce_only(node) for node in ast.walk(ast.parse(source))) is caught
