"""Mutants of a module: each is the module with one thing in it changed. docs/mutants.md lists the operators.

Left alone is what nothing is decided by: annotations, docstrings, imports, class headers, decorators,
`__all__`, names of callables' types, and assertions (one that holds cannot be missed).
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

Others = Iterator[ast.AST | None]  # what may stand in a node's place; None: nothing

BESIDE: dict[type[ast.cmpop], type[ast.cmpop]] = {  # at the boundary; where there is none, the opposite
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
OTHER_SIGN: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
OTHER_CALL = {"min": "max", "max": "min", "any": "all", "all": "any"}
BARE = ("abs", "int", "round", "sorted")


class Mutant(NamedTuple):
    """One mutant: where it is (function or class, line), what was there and what is there now, and the whole tree."""

    place: str
    line: int
    was: str
    now: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """What tells it from the other mutants of its module, whatever line it stands on."""
        return f"{self.place}: {self.was} -> {self.now}"


class Slot(NamedTuple):
    """Where a node hangs in the tree; `index` is None where there is one node and no list of them."""

    parent: ast.AST
    field: str
    index: int | None
    place: str

    @property
    def node(self) -> ast.AST:
        value = getattr(self.parent, self.field)
        return value if self.index is None else value[self.index]

    def put(self, node: ast.AST | None) -> None:
        """Hang another node here; None takes a statement's effect, or an element out of its list."""
        if self.index is None:
            setattr(self.parent, self.field, node)
            return
        nodes = list(getattr(self.parent, self.field))
        nodes[self.index : self.index + 1] = [ast.Pass()] if node is None and isinstance(self.node, ast.stmt) else [node] if node else []
        setattr(self.parent, self.field, nodes)


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of this source, in the order of the text; equal names are numbered."""
    for each in _changes(ast.parse(source)):
        yield each._replace(tree=ast.fix_missing_locations(copy.deepcopy(each.tree)))


def names(source: str) -> set[str]:
    """The names of all mutants of this source."""
    return {each.name for each in _changes(ast.parse(source))}


def _changes(tree: ast.Module) -> Iterator[Mutant]:
    """Each mutant with the very tree, which is as it was again when the next one is asked for."""
    seen: Counter[str] = Counter()
    for slot in list(_slots(tree, "module")):
        node, whole = slot.node, getattr(slot.parent, slot.field)
        for other in _others(node, slot):
            was, now = _text(node), _text(other)
            if was == now:
                continue
            seen[f"{slot.place}{was}{now}"] += 1
            number = seen[f"{slot.place}{was}{now}"]
            slot.put(other)
            yield Mutant(slot.place, node.lineno, was, now if number == 1 else f"{now} ({number})", tree)
            setattr(slot.parent, slot.field, whole)


def _slots(node: ast.AST, place: str) -> Iterator[Slot]:
    """Where the nodes of this tree hang, in the order of the text, but for declarations."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        place = node.name if place == "module" else f"{place}.{node.name}"
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "bases") or (isinstance(node, ast.ClassDef) and field == "keywords"):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or _declaration(child):
                continue
            if hasattr(child, "lineno"):
                yield Slot(node, field, index, place)
            yield from _slots(child, place)


def _declaration(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign):
        alias = isinstance(node.value, ast.Subscript) and ast.unparse(node.value).startswith("Callable[")
        return alias or ast.unparse(node.targets[0]) == "__all__"
    docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return (
        docstring or isinstance(node, (ast.Import, ast.ImportFrom, ast.Assert)) or (isinstance(node, ast.AnnAssign) and node.value is None)
    )


def _others(node: ast.AST, slot: Slot) -> Others:
    for kind, others in OPERATORS.items():
        if isinstance(node, kind):
            yield from others(node)
    if _decides(node, slot.parent):
        yield ast.Constant(True)
        yield ast.Constant(False)
    if slot.field == "elts" and isinstance(getattr(slot.parent, "ctx", None), ast.Load):
        yield None
    if isinstance(node, ast.keyword) and isinstance(slot.parent, ast.Call):
        yield from _keyword(node, slot.parent, slot.index or 0)


def _decides(node: ast.AST, parent: ast.AST) -> bool:
    """Whether the node is a whole condition: of an if, a comprehension, or a comparison that stands alone."""
    if isinstance(parent, (ast.If, ast.IfExp, ast.While)) and node is parent.test:
        return True
    if isinstance(parent, ast.comprehension) and node in parent.ifs:
        return True
    return isinstance(node, ast.Compare) and not isinstance(parent, ast.BoolOp)


def _compare(node: ast.Compare) -> Others:
    for index, operator in enumerate(node.ops):
        beside = BESIDE[type(operator)]()
        yield ast.Compare(node.left, [*node.ops[:index], beside, *node.ops[index + 1 :]], node.comparators)


def _arithmetic(node: ast.BinOp) -> Others:
    if type(node.op) in OTHER_SIGN:
        yield ast.BinOp(node.left, OTHER_SIGN[type(node.op)](), node.right)


def _step(node: ast.AugAssign) -> Others:
    if type(node.op) in OTHER_SIGN:
        yield ast.AugAssign(node.target, OTHER_SIGN[type(node.op)](), node.value)
    yield ast.Assign([node.target], node.value, lineno=node.lineno)
    yield None


def _logic(node: ast.BoolOp) -> Others:
    yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    for index in range(len(node.values)):
        rest = node.values[:index] + node.values[index + 1 :]
        yield rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)


def _unary(node: ast.UnaryOp) -> Others:
    yield node.operand


def _constant(node: ast.Constant) -> Others:
    match node.value:
        case bool():
            yield ast.Constant(not node.value)
        case int() | float():
            yield ast.Constant(node.value + 1)
            yield ast.Constant(node.value - 1) if node.value >= 1 else ast.UnaryOp(ast.USub(), ast.Constant(1 - node.value))
        case str():
            yield ast.Constant("" if node.value else "?")


def _call(node: ast.Call) -> Others:
    called = node.func.id if isinstance(node.func, ast.Name) else ""
    if called in OTHER_CALL:
        yield ast.Call(ast.Name(OTHER_CALL[called], ast.Load()), node.args, node.keywords)
    if called in BARE:
        yield node.args[0]
    if len(node.args) > 1 and called not in OTHER_CALL:
        yield ast.Call(node.func, [node.args[1], node.args[0], *node.args[2:]], node.keywords)


def _keyword(node: ast.keyword, call: ast.Call, index: int) -> Others:
    if call.args:  # an option
        yield None
    elif len(call.keywords) > 1:  # a field takes its neighbour's value
        neighbour = call.keywords[index + 1] if index + 1 < len(call.keywords) else call.keywords[0]
        yield ast.keyword(node.arg, neighbour.value)


def _return(node: ast.Return) -> Others:
    if node.value is not None and ast.unparse(node.value) != "None":
        yield ast.Return(ast.Constant(None))


def _gone(node: ast.stmt) -> Others:
    if isinstance(node, ast.Assign):
        set_, used = ([found for found in ast.walk(part) if isinstance(found, ast.Name)] for part in (ast.Tuple(node.targets), node.value))
        new = {name.id for name in set_ if isinstance(name.ctx, ast.Store)}
        if new and not new & {name.id for name in used}:
            return  # without its first value a name is an error, which proves nothing
    yield None


OPERATORS: dict[type[ast.AST] | tuple[type[ast.AST], ...], Callable[..., Others]] = {
    ast.Compare: _compare,
    ast.BinOp: _arithmetic,
    ast.AugAssign: _step,
    ast.BoolOp: _logic,
    ast.UnaryOp: _unary,
    ast.Constant: _constant,
    ast.Call: _call,
    ast.Return: _return,
    (ast.Assign, ast.Expr, ast.Raise, ast.Continue, ast.Break): _gone,
}


def _text(node: ast.AST | None) -> str:
    return "nothing" if node is None else " ".join(ast.unparse(node).split())
