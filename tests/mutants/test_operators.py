"""What each operator changes, and what is left alone."""

from __future__ import annotations

import ast

import pytest
from operators import mutants


def changes(source: str) -> list[str]:
    return [f"{mutant.was} -> {mutant.now}" for mutant in mutants(source)]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("a = x < y", ["x < y -> x <= y", "x < y -> True", "x < y -> False"]),
        ("a = x in y", ["x in y -> x not in y", "x in y -> True", "x in y -> False"]),
        ("a = p and q", ["p and q -> p or q", "p and q -> q", "p and q -> p"]),
        ("a = not p", ["not p -> p"]),
        ("a = -x", ["-x -> x"]),
        ("a = x + y", ["x + y -> x - y"]),
        ("a = x // y", ["x // y -> x * y"]),
        ("a = 3", ["3 -> 4", "3 -> 2"]),
        ("a = 0", ["0 -> 1", "0 -> -1"]),
        ("a = 0.5", ["0.5 -> 1.5", "0.5 -> -0.5"]),
        ("a = True", ["True -> False"]),
        ("a = 'word'", ["'word' -> ''"]),
        ("a = ''", ["'' -> '?'"]),
        ("a = min(x)", ["min(x) -> max(x)"]),
        ("a = abs(x)", ["abs(x) -> x"]),
        ("a = f(x, y, z)", ["f(x, y, z) -> f(y, x, z)"]),
        ("a = f(x, k=y)", ["k=y -> nothing"]),
        ("a = f(k=x, m=y)", ["k=x -> k=y", "m=y -> m=x"]),
        ("a = (x, y)", ["x -> nothing", "y -> nothing"]),
        ("a += x", ["a += x -> a -= x", "a += x -> a = x", "a += x -> nothing"]),
        ("a.b = x", ["a.b = x -> nothing"]),
        ("a = f(a)", ["a = f(a) -> nothing"]),
        ("a.b, a.c = x", ["a.b, a.c = x -> nothing"]),
        ("f()", ["f() -> nothing"]),
        ("if p:\n    f()", ["p -> True", "p -> False", "f() -> nothing"]),
        ("a = [x for x in y if p]", ["p -> True", "p -> False"]),
        ("def f():\n    return x", ["return x -> return None"]),
        ("raise x", ["raise x -> nothing"]),
    ],
)
def test_an_operator_changes_one_thing(source, found):
    assert changes(source) == found


@pytest.mark.parametrize(
    "source",
    [
        "from a import b",
        "__all__ = ['a', 'b']",
        '"""Words."""',
        "def f(a: int | None, b: 'x') -> int | None:\n    pass",
        "class A(B, frozen=True):\n    a: int",
        "@decorated(1)\ndef f():\n    pass",
        "assert p is not None, 'words'",
        "def f():\n    return None",
        "Check = Callable[[A, B], C | None]",
        "a = b",
        "a, b = c",
    ],
)
def test_declarations_are_left_alone(source):
    assert changes(source) == []


def test_equal_changes_of_one_function_are_numbered_and_the_tree_holds_the_change():
    first, second = (mutant for mutant in mutants("def f():\n    a = p + q\n    b = p + q") if mutant.was == "p + q")
    assert (first.name, second.name) == ("f: p + q -> p - q", "f: p + q -> p - q (2)")
    assert ast.unparse(second.tree) == "def f():\n    a = p + q\n    b = p - q"


def test_what_is_left_out_is_gone_from_its_list():
    assert [ast.unparse(mutant.tree) for mutant in mutants("a = [x, y]")] == ["a = [y]", "a = [x]"]
    assert [ast.unparse(mutant.tree) for mutant in mutants("f(x, k=y)")] == ["pass", "f(x)"]


def test_a_place_is_the_function_with_its_class():
    assert [mutant.place for mutant in mutants("class A:\n    def f(self):\n        return 1\nb = 1")] == ["A.f"] * 3 + ["module"] * 2
