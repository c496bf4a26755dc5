"""The three files of a new strategy: an old one under another name, its block, and a test of what every strategy must do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from bot.contracts.declaration import Declared
from bot.contracts.discovery import NAME, NAME_WORDS, REPORTED
from bot.errors import UsageError

BLOCK = """\
# The numbers of {name}, at first those of {source}. The constitution caps them as every other strategy's.
version: 1
changelog:
  - {{version: 1, date: {today}, change: "{name}, a copy of {source}."}}

{block}
"""
TEST = '''\
"""{name} under contract: its block holds, and it answers every bar that it is asked about."""

from __future__ import annotations

from pathlib import Path

from bot.backtest.request import BacktestRequest
from bot.backtest.run import run_backtest
from bot.contracts import load_contracts
from bot.report.summary import Summary

HERE = Path(__file__).parent


def test_its_block_holds():
    contracts = load_contracts(strategies=[HERE])
    assert 1 <= contracts.trader("{name}").contracts <= contracts.constitution.position.max_contracts


def test_it_answers_every_bar(tmp_path):
    result = run_backtest(BacktestRequest(out=tmp_path, sessions=8, strategies=(HERE,)))
    summary = Summary.from_journal(result.journal)
    assert "{name}" in summary.strategies
    assert [name for name in summary.numbers if name.startswith("{name}.") and name.endswith(".NO_ANSWER")] == []
'''


def files_of(name: str, source: Declared, contracts: Path, taken: Iterable[str]) -> dict[str, str]:
    """File name to text. `contracts` is the folder with strategies.yaml, `taken` the names there are. Raises UsageError."""
    if not NAME.fullmatch(name) or name.casefold() in REPORTED:
        other = f"{name[:1].upper()}{name[1:]}"
        meant = f" Did you mean {other}?" if NAME.fullmatch(other) and other != name else ""
        raise UsageError(f"{name!r} cannot be a strategy's name: it must be {NAME_WORDS}, and no word of the report.{meant}")
    if other := next((each for each in taken if each.casefold() == name.casefold()), None):
        raise UsageError(f"{name}: there is a strategy {other} already; choose another name.")
    stem, words = name.lower(), {source.name: name, f"{source.name}Rules": f"{name}Rules"}
    if source.evidence is not None:
        words[source.belief] = f"F{name[1:]}" if len(name) > 1 else f"{name}F"
    block = contracts / "strategies.yaml" if source.shipped else source.file.with_suffix(".yaml")
    text = block_text(block.read_text(encoding="utf-8"), source.name)
    return {
        f"{stem}.py": _renamed(source.file.read_text(encoding="utf-8"), words),
        f"{stem}.yaml": BLOCK.format(name=name, source=source.name, today=date.today().isoformat(), block=_renamed(text, words)),
        f"test_{stem}.py": TEST.format(name=name),
    }


def _renamed(text: str, words: dict[str, str]) -> str:
    """Whole words replaced, all at once."""
    return re.sub(rf"\b({'|'.join(map(re.escape, words))})\b", lambda found: words[found[1]], text)


def block_text(text: str, name: str) -> str:
    """A strategy's block as its file writes it, comments and all."""
    _, _, rest = f"\n{text}".partition(f"\n{name}:")
    lines = rest.split("\n")
    end = next((number for number, line in enumerate(lines[1:], start=1) if line and not line[0].isspace()), len(lines))
    return f"{name}:" + "\n".join(lines[:end]).rstrip()
