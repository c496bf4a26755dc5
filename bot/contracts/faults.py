"""What is wrong with a contract file, in sentences: file, key, value, what is allowed, and the nearest known key."""

from __future__ import annotations

import difflib
import math
import types
from collections.abc import Iterator
from datetime import date as Date
from datetime import datetime as DateTime
from datetime import time as Time
from decimal import Decimal
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

Place = tuple[int | str, ...]
WORDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    Decimal: "dollars",
    str: "text",
    Time: 'a time of day in quotes like "09:30"',
    Date: "a date like 2025-11-01",
    DateTime: "a time with its offset like 2025-12-10T13:55-05:00",
}


def validation_faults(file: str, model: type[BaseModel], error: ValidationError) -> list[str]:
    """One sentence for each fault that a model found in the values of a file."""
    return [_sentence(file, model, fault) for fault in error.errors(include_url=False)]


def not_finite_faults(file: str, model: type[BaseModel], values: Any, place: Place = ()) -> Iterator[str]:
    """One sentence for each nan or infinity: no limit may be one, and comparisons would let everything pass."""
    if isinstance(values, float) and not math.isfinite(values):
        yield f"{file}: {_key(place)} = {values} must be {allowed_at(model, place) or 'a number'}, and finite"
    items = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    for name, value in items:
        yield from not_finite_faults(file, model, value, (*place, name))


def allowed_at(model: type[BaseModel], place: Place) -> str:
    """What may stand at a place, in words: `a whole number from 1 to 2`; empty if the place is not known."""
    annotation, rules = _find(model, place)
    return "" if annotation is None else _words(annotation, rules)


def _sentence(file: str, model: type[BaseModel], fault: Any) -> str:
    place = fault["loc"]
    key = _key(place)
    if fault["type"] == "extra_forbidden":
        known = _keys_at(model, place[:-1])
        near = difflib.get_close_matches(str(place[-1]), known, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"
        return f"{file}: {key} = {_shown(fault['input'])} is not a known key ({hint})"
    allowed = allowed_at(model, place)
    if fault["type"] == "value_error" and (own := str(fault["ctx"]["error"])):  # a rule that a model states itself
        if own.startswith("must "):
            return f"{file}: {key} = {_shown(fault['input'])} {own}"
        if allowed.startswith("a section"):
            return f"{file}: {key}: {own}"
    if fault["type"] == "missing":
        return f"{file}: {key} is missing; it must be {allowed}"
    return f"{file}: {key} = {_shown(fault['input'])} must be {allowed or fault['msg']}"


def _key(place: Place) -> str:
    return ".".join(map(str, place)) or "the whole file"


def _shown(value: Any) -> str:
    """A value as it reads in YAML, cut where it is long."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value) if isinstance(value, (str, list, dict)) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _keys_at(model: type[BaseModel], place: Place) -> list[str]:
    annotation, _ = _find(model, place)
    return list(annotation.model_fields) if _is_model(annotation) else []


def _find(model: type[BaseModel], place: Place) -> tuple[Any, list[Any]]:
    """The type at a place and its rules; (None, []) if the place is not known."""
    annotation: Any = model
    rules: list[Any] = []
    for part in place:
        if _is_model(annotation) and part in annotation.model_fields:
            field = annotation.model_fields[part]
            annotation, rules = _split(field.annotation, field.metadata)
        elif get_origin(annotation) in (list, dict):
            annotation, rules = _split(get_args(annotation)[-1], [])
        else:
            return None, []
    return annotation, rules


def _split(annotation: Any, rules: list[Any]) -> tuple[Any, list[Any]]:
    """A type without Annotated and Optional, and all rules that hung on it."""
    if get_origin(annotation) is Annotated:
        bare, *more = get_args(annotation)
        return _split(bare, rules + more)
    if get_origin(annotation) in (Union, types.UnionType):
        return _split(next(each for each in get_args(annotation) if each is not type(None)), rules)
    flat = [inner for rule in rules for inner in (rule.metadata if isinstance(rule, FieldInfo) else [rule])]
    return annotation, flat


def _words(annotation: Any, rules: list[Any]) -> str:
    origin = get_origin(annotation)
    if origin is Literal:
        options = [_shown(option) if isinstance(option, bool) else str(option) for option in get_args(annotation)]
        return options[0] if len(options) == 1 else f"one of {', '.join(options)}"
    if _is_model(annotation):
        return f"a section with {', '.join(name for name, field in annotation.model_fields.items() if field.is_required())}"
    if origin in (list, dict):
        item, item_rules = _split(get_args(annotation)[-1], [])
        return f"a {'list' if origin is list else 'section'}{_length(rules)}, each item {_words(item, item_rules)}"
    return f"{WORDS.get(annotation, 'another value')}{_range(rules)}"


def _length(rules: list[Any]) -> str:
    least, most = _rule(rules, "min_length"), _rule(rules, "max_length")
    if least is None and most is None:
        return ""
    if least is not None and least == most:
        return f" of {least}"
    return f" of at least {least or 0}" if most is None else f" of {least or 0} to {most}"


def _range(rules: list[Any]) -> str:
    """` from 0 to 1`, ` above 0`, ` above 0.5 and below 1`; with the decimals of money."""
    low, above = _rule(rules, "ge"), _rule(rules, "gt")
    high, below = _rule(rules, "le"), _rule(rules, "lt")
    start = f" from {low:,}" if low is not None else f" above {above:,}" if above is not None else ""
    end = f" to {high:,}" if high is not None else f" and below {below:,}" if below is not None else ""
    if above is not None and high is not None:
        end = f" up to {high:,}"
    decimals = _rule(rules, "decimal_places")
    return f"{start}{end}" + (f", with at most {decimals} decimals" if decimals is not None else "")


def _rule(rules: list[Any], name: str) -> Any:
    return next((value for rule in rules if (value := getattr(rule, name, None)) is not None), None)


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
