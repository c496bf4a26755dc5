"""Writes the table of verbs in docs/gateway.md from bot/gateway/verbs. Run it after a verb was added; a test fails while it is stale."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from bot.gateway.verbs.form import KINDS
from bot.gateway.verbs.verb import Verb
from bot.gateway.words import VERBS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "gateway.md"
BEGIN = "<!-- made by scripts/make_gateway_verbs.py from bot/gateway/verbs; do not edit up to its end -->\n"
END = "<!-- end of what scripts/make_gateway_verbs.py makes -->\n"


def page() -> str:
    """The whole page as it is, with its table of verbs made anew."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return f"{before}{BEGIN}{_words()}{''.join(_sections())}\n{END}{rest.partition(END)[2]}"


def _words() -> str:
    rows = ((", ".join(f"`{name}`" for name in kind.names.split()), kind.meaning) for kind in KINDS)
    return f"\n### What capitals stand for\n\n{_table(('capitals', 'stand for'), rows)}"


def _sections() -> Iterable[str]:
    for module, verbs in groupby(VERBS.values(), lambda verb: verb.action.__module__):
        about = (sys.modules[module].__doc__ or "").splitlines()[0].removeprefix("Verbs about ").rstrip(".")
        yield f"\n### {about[:1].upper()}{about[1:]}\n\n{_table(('say', 'and', 'for example'), map(_row, verbs))}"


def _row(verb: Verb) -> tuple[str, str, str]:
    return f"`{verb.form}`", verb.help, f"`{verb.example}`"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
