"""What is read of a YAML text, and that it is the reader's own."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import yaml

from bot.contracts.yaml_reader import DuplicateKey, read_yaml

TEXT = "limits: {day: 100}\nrows: [1, 2]\n"


def test_what_somebody_writes_into_it_the_next_reader_does_not_see() -> None:
    mine = read_yaml(TEXT)
    mine["limits"]["day"] = 200
    mine["rows"].append(3)
    assert read_yaml(TEXT) == {"limits": {"day": 100}, "rows": [1, 2]}


def test_a_fault_is_told_to_everyone_who_reads() -> None:
    for _ in range(2):
        with pytest.raises(DuplicateKey, match="limits stands twice"):
            read_yaml("limits: 1\nlimits: 1\n")


@pytest.mark.parametrize("text", ["1:10", "010", "1_000", "0x1f", "0b11", "0o17", "+_1", "1:30.5", "1_0.5", "9" * 30, "9" * 5000, "١٢"])
def test_what_does_not_look_like_a_number_is_none(text: str) -> None:
    assert read_yaml(f"a: {text}") == {"a": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("-3", -3), ("+70", 70), ("0.75", 0.75), (".5", 0.5), ("1.", 1.0), ("1.5e3", 1500.0), ("-.inf", -math.inf)],
)
def test_a_number_in_figures_is_one(text: str, value: float) -> None:
    assert read_yaml(f"a: {text}") == {"a": value} and type(read_yaml(f"a: {text}")["a"]) is type(value)


@pytest.mark.parametrize("text", ['!!int "010"', '!!int "1:10"', '!!float "1:30.5"', '!!int "x"'])
def test_no_tag_makes_a_number_of_what_is_none(text: str) -> None:
    with pytest.raises(yaml.MarkedYAMLError, match="no number in figures"):
        read_yaml(f"a: {text}")


def test_an_alias_is_refused_before_it_grows() -> None:
    bomb = "a: &a [x, x]\n" + "\n".join(f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]" for before, name in pairwise("abcdefghij"))
    with pytest.raises(yaml.MarkedYAMLError, match=r"\*a stands for what is written elsewhere"):
        read_yaml(bomb)


@pytest.mark.parametrize("text", ["x: " + "[" * 3000, "{a: " * 900 + "1" + "}" * 900])
def test_what_stands_too_deep_is_a_fault_of_the_text(text: str) -> None:
    with pytest.raises(yaml.YAMLError):
        read_yaml(text)
