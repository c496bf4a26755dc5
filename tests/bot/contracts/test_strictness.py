"""Every key of a contract says which way it is stricter, and what the stricter of two values is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args, get_origin

import pytest
from builders import CONTRACTS
from pydantic import BaseModel

from bot.contracts.models import FILES, Section
from bot.contracts.strictness import Stricter, declared_in


def silent_keys(model: type[BaseModel], where: str) -> Iterator[str]:
    """Keys that declare nothing and are no sections either."""
    for name, field in model.model_fields.items():
        said = [each for each in field.metadata if isinstance(each, Stricter)]
        section = next((each for each in (field.annotation, *get_args(field.annotation)) if is_section(each)), None)
        if section is not None and not said and get_origin(field.annotation) in (None, list):
            yield from silent_keys(section, f"{where}.{name}")
        elif len(said) != 1:
            yield f"{where}.{name} declares {len(said)}"


def is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Section)


MODELS = {**FILES, **{name: each.rules_model for name, each in CONTRACTS.declared.items()}}


@pytest.mark.parametrize("name", MODELS)
def test_every_key_declares_once_whether_down_up_or_neither_is_stricter(name: str):
    assert list(silent_keys(MODELS[name], name)) == []


def test_a_key_that_declares_nothing_is_found():
    class Loose(Section):
        limit: int
        gate: Loose | None = None

    assert list(silent_keys(Loose, "it")) == ["it.limit declares 0", "it.gate declares 0"]
    assert declared_in(Loose.model_fields["limit"]) is None


@pytest.mark.parametrize(
    ("rule", "in_force", "loaded", "stricter"),
    [
        (Stricter.DOWN, 3, 2, 2),
        (Stricter.DOWN, 2, 3, 2),
        (Stricter.DOWN, True, False, False),
        (Stricter.UP, 30, 45, 45),
        (Stricter.UP, 30, 15, 30),
        (Stricter.MORE, ["a", "b"], ["b", "c"], ["a", "b", "c"]),
        (Stricter.MORE, ["a"], [], ["a"]),
        (Stricter.FEWER, ["S", "A"], ["A", "B"], ["A"]),
        (Stricter.FEWER, ["A"], ["A", "B"], ["A"]),
        (Stricter.NEITHER, 3, 2, 3),
        (Stricter.NEITHER, 2, 3, 2),
        (Stricter.DOWN, 3, None, 3),  # what cannot be compared has no stricter value
        (Stricter.UP, None, 3, None),
        (Stricter.MORE, None, ["a"], None),
        (Stricter.FEWER, ["a"], None, ["a"]),
        (Stricter.UP, 1, "a", 1),
    ],
)
def test_the_stricter_of_two_values(rule: Stricter, in_force: Any, loaded: Any, stricter: Any):
    assert rule.of(in_force, loaded) == stricter
