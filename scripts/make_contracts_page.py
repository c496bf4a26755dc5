"""Writes docs/contracts.md from contracts/*.yaml and their models. Run it after a key has changed; a test fails while the page is stale."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bot.contracts.bounds import BOUNDS
from bot.contracts.load import load_contracts
from bot.contracts.models import FILES
from bot.contracts.strictness import Stricter, declared_in

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "contracts.md"
LABELS = {"version", "changelog"}
HEAD = """# Contracts

Every key of the law, with the value that ships. This page is made from `contracts/*.yaml` and `bot/contracts/models.py` by
`scripts/make_contracts_page.py`; do not edit it. What the limits come to in ticks and dollars: `mesbot contracts`.

To change one, edit a copy of `contracts/` and pass `--contracts DIR`, or put it where you start as `./contracts`. A broken or unknown
key is refused before anything starts, with every fault listed at once. *Stricter* says which of two values counts for the rest of a
trading day in which a key changes (18:00 to 18:00 New York); where neither is stricter, the change waits until 18:00.
The last word of a key is its unit.

A start within the day takes
of each key the stricter value, journals that as a set of its own and says in one sentence what counts now and what waits;
a node that runs takes up what waits at 18:00, as soon as nothing is open, if the files are still those it has read. A
strategy that is new waits too, one that is gone orders nothing. An open trade keeps the contracts it was opened under, the
next day too; only its flatten time is the sooner of both. Contracts of the day that cannot be read, or kept by the
strategies at hand, refuse the start, never `mesbot kill`. `mesbot contracts` says the sentence beforehand. Backtests and
replays begin a journal of their own, so nothing waits in them.

`bounds`, beside the numbers of a strategy, say which others [research](research.md) may try. They are no law and in no hash.
"""
SIGNS = {"gt": "above", "ge": "from", "lt": "below", "le": "to"}
STRICTER = {
    Stricter.DOWN: "smaller",
    Stricter.UP: "larger",
    Stricter.MORE: "rows of both",
    Stricter.FEWER: "what stands in both",
    Stricter.NEITHER: "neither",
    None: "neither",
}


class Key(NamedTuple):
    """A key as it is written: path below the file, value, what may stand there, which value is stricter, the remark beside it."""

    path: str
    value: str
    allowed: str
    stricter: str
    remark: str

    @property
    def row(self) -> str:
        return f"| `{self.path}` | {self.value} | {self.allowed} | {self.stricter} | {self.remark} |\n"


def page() -> str:
    """The whole page."""
    contracts = load_contracts(ROOT / "contracts")
    models: dict[str, dict[str, type[BaseModel]]] = {name: {"": model} for name, model in FILES.items()}
    models["strategies"] |= {name: declared.rules_model for name, declared in sorted(contracts.declared.items())}
    return HEAD + "".join(_file(name, models[name]) for name in FILES)


def _file(name: str, models: dict[str, type[BaseModel]]) -> str:
    text = (ROOT / "contracts" / f"{name}.yaml").read_text(encoding="utf-8")
    lines = text.splitlines()
    root = yaml.compose(text)
    rows = [key.row for key in _keys(root, models, lines)]
    what = lines[0].removeprefix("# ")
    return f"\n## {name}.yaml\n\n{what}\n\n| key | ships as | allowed | stricter | |\n|---|---|---|---|---|\n{''.join(rows)}"


def _keys(root: yaml.MappingNode, models: dict[str, type[BaseModel]], lines: list[str]) -> Iterator[Key]:
    """The keys of a file; a strategy's block is looked up in its own model."""
    for key, node in root.value:
        if key.value in models:
            yield from _below(key.value, node, models[key.value], lines)
        elif key.value not in LABELS:
            yield from _one(key.value, key, node, models[""], lines)


def _below(path: str, node: yaml.MappingNode, model: type[BaseModel], lines: list[str]) -> Iterator[Key]:
    bounds = {number.value: said for key, value in node.value if key.value == BOUNDS for number, said in value.value}
    for key, value in node.value:
        if key.value != BOUNDS:
            tried = _tried(bounds[key.value]) if key.value in bounds else ""
            for found in _one(f"{path}.{key.value}", key, value, model, lines):
                yield found._replace(remark="; ".join(part for part in (found.remark, tried) if part))


def _tried(said: yaml.MappingNode) -> str:
    """Bounds as a remark of the number that they are for."""
    low, high, step = (value.value for _, value in said.value)
    return f"research may try {low} to {high} by {step}"


def _one(path: str, key: yaml.ScalarNode, node: yaml.Node, model: type[BaseModel], lines: list[str]) -> Iterator[Key]:
    field = model.model_fields[key.value]
    section = _section(field.annotation)
    if isinstance(node, yaml.MappingNode) and section is not None and declared_in(field) is None:
        yield from _below(path, node, section, lines)
        return
    row, column = key.start_mark.line, key.start_mark.column
    first = not any(mark in lines[row][:column] for mark in "{,")
    yield Key(path, _written(node), _allowed(field), STRICTER[declared_in(field)], _remark(lines[row]) if first else "")


def _allowed(field: FieldInfo) -> str:
    """The bounds of a number, or the words that may stand there."""
    if get_origin(field.annotation) is Literal:
        return "only this" if len(get_args(field.annotation)) == 1 else " or ".join(f"`{each}`" for each in get_args(field.annotation))
    bounds = {name: getattr(each, name) for each in field.metadata for name in SIGNS if getattr(each, name, None) is not None}
    return ", ".join(f"{SIGNS[name]} {bound:,}" for name, bound in bounds.items())


def _section(annotation: Any) -> type[BaseModel] | None:
    """The model of a section, also where it may be left out."""
    kinds = (annotation, *get_args(annotation))
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _remark(line: str) -> str:
    return line.partition("  #")[2].strip().replace("|", "\\|")


def _written(node: yaml.Node) -> str:
    """A value on one line; of a list of rows how many there are."""
    if isinstance(node, yaml.ScalarNode):
        return f"`{node.value}`" if node.value else ""
    if isinstance(node, yaml.SequenceNode):
        if any(isinstance(each, yaml.MappingNode) for each in node.value):
            return "<br>".join(_written(each) for each in node.value)
        return f"`[{', '.join(each.value for each in node.value)}]`"
    return ", ".join(f"{key.value} `{value.value}`" for key, value in node.value)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
