"""docs/refusals.md is what its script makes, and the script says of each code what the code base says."""

from __future__ import annotations

import ast
import runpy
from collections.abc import Iterator

import pytest
from builders import ROOT

from bot.decision.codes import MEANING, Code, Layer
from bot.decision.gates import BAR_GATES, PLAN_GATES

SCRIPT = runpy.run_path(str(ROOT / "scripts" / "make_refusals.py"), run_name="make_refusals")
GATES = (*BAR_GATES, *PLAN_GATES)
BESIDE: dict[Code, tuple[Layer | None, str]] = SCRIPT["BESIDE_THE_GATES"]


def test_the_page_is_up_to_date():
    assert SCRIPT["PAGE"].read_text(encoding="utf-8") == SCRIPT["page"](), "stale: run .venv/bin/python scripts/make_refusals.py"


@pytest.mark.parametrize("code", Code)
def test_each_code_stands_once_in_the_table_with_its_meaning(code):
    rows = [line for line in SCRIPT["page"]().splitlines() if f"| `{code}` |" in line]
    assert len(rows) == 1
    assert f"| {MEANING[code]} |" in rows[0]


def test_the_rows_are_in_order_of_authority():
    layers = [line.split("|")[1].strip()[0] for line in SCRIPT["page"]().splitlines() if "| `" in line]
    assert layers == sorted(layers)
    assert set(layers) == {*(str(layer.value) for layer in Layer), "a"}


def test_a_code_is_spoken_by_one_gate_or_stands_beside_them():
    by_gate = [code for gate in GATES for code in gate.codes]
    assert len(by_gate) == len(set(by_gate))
    assert set(by_gate) | set(BESIDE) == set(Code)
    assert not set(by_gate) & set(BESIDE)


def test_a_code_that_nothing_speaks_stops_the_script(monkeypatch):
    monkeypatch.delitem(BESIDE, Code.OUTRANKED)
    with pytest.raises(KeyError, match="OUTRANKED"):
        SCRIPT["page"]()


# ---------------------------------------------------------------- what the source says


def spoken_in(path) -> Iterator[tuple[Code, Layer]]:
    """(code, layer) of each refusal that a module makes with both written out, L1 and the like resolved."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {alias: layer for node in tree.body if isinstance(node, ast.Assign) for alias, layer in aliases(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("refused", "Refused") and len(node.args) > 1:
            code, layer = code_of(node.args[0]), layer_of(node.args[1], names)
            if code is not None and layer is not None:
                yield code, layer


def aliases(node: ast.Assign) -> Iterator[tuple[str, Layer]]:
    """`L1 = Layer.CONSTITUTION` or `L1, L8 = Layer.CONSTITUTION, Layer.TEMPLATE`."""
    target, value = node.targets[0], node.value
    tuples = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
    for name, found in zip(target.elts, value.elts, strict=True) if tuples else [(target, value)]:
        layer = layer_of(found, {})
        if isinstance(name, ast.Name) and layer is not None:
            yield name.id, layer


def code_of(node: ast.expr) -> Code | None:
    """`Code.X` or `Code.X.value`."""
    if isinstance(node, ast.Attribute) and node.attr == "value":
        node = node.value
    return Code[node.attr] if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "Code" else None


def layer_of(node: ast.expr, names: dict[str, Layer]) -> Layer | None:
    """`Layer.X`, `int(Layer.X)` or a name for it."""
    if isinstance(node, ast.Call) and node.args:
        node = node.args[0]
    if isinstance(node, ast.Name):
        return names.get(node.id)
    return Layer[node.attr] if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "Layer" else None


def test_the_source_speaks_each_code_on_the_layer_that_the_table_says():
    sources = [path for folder in ("bot", "actors", "strategies") for path in (ROOT / folder).rglob("*.py")]
    spoken = {pair for path in sources for pair in spoken_in(path)}
    layer_of_code = {code: gate.layer for gate in GATES for code in gate.codes} | {code: layer for code, (layer, _) in BESIDE.items()}
    assert {(code, layer) for code, layer in spoken if layer is not layer_of_code[code]} == set()
    unseen = set(BESIDE) - {code for code, _ in spoken}
    assert unseen <= {Code.GUARD_ERROR}, "in the table but nowhere in the source"
