"""Strategies of a folder of one's own, as `mesbot strategies new Z6 --from K2` writes them, and as a test spoils them."""

from __future__ import annotations

from pathlib import Path

from builders import CONTRACTS, ROOT

from bot.cli.new_strategy import files_of

DETECT = "        rules, failed = self.rules, state.failed_break\n"  # the first line of K2's `detect`
NUMBERS = "  belief:\n    weights: {failed_break: 0.6, wick: 0.4}\n    a: 5.0\n    b: -1.0\n    half_life_bars: 1.0\n"
EVIDENCE = """

def evidence(state, side, weights):
    failed = 0.0 if state.failed_break is None else state.failed_break.side * state.failed_break.strength
    return side * (weights["failed_break"] * failed + weights["wick"] * state.rejection_wick)
"""


def write(folder: Path, name: str = "Z6", *, detect: str = "", source: str = "K2") -> Path:
    """A copy of a shipped strategy in `folder`, which is returned; `detect` are lines put first into its method."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in files_of(name, CONTRACTS.declared[source], ROOT / "contracts", []).items():
        (folder / file).write_text(text, encoding="utf-8")
    if detect:
        spoil(folder, DETECT, "".join(f"        {line}\n" for line in detect.split("\n")) + DETECT, name)
    return folder


def spoil(folder: Path, old: str, new: str, name: str = "Z6", kind: str = "py") -> Path:
    """Put `new` for `old`, which stands once in a strategy's file (`kind` "yaml": in its block's); returns the folder."""
    path = folder / f"{name.lower()}.{kind}"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{path.name} holds {old!r} {text.count(old)} times"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return folder


def with_own_belief(folder: Path, body: str = EVIDENCE, name: str = "Z6") -> Path:
    """A strategy that stands on F6, which its own file weighs."""
    write(folder, name)
    spoil(folder, 'belief = "F2"', 'belief = "F6"', name)
    path = folder / f"{name.lower()}.py"
    path.write_text(path.read_text(encoding="utf-8") + body, encoding="utf-8")
    return spoil(folder, "  min_belief: 0.65\n", f"  min_belief: 0.65\n{NUMBERS}", name, "yaml")
