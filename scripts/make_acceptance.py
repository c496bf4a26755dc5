"""Writes docs/acceptance.md from tests/bot/ibkr/acceptance_cards.py. Run it after a change; a test fails while the page is stale."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "acceptance.md"
SOURCE = ROOT / "tests" / "bot" / "ibkr" / "acceptance_cards.py"
HEAD = """# Acceptance cards

The cards of NautilusTrader's developer guide (Execution Testing Spec, TC-E; Data Testing Spec, TC-D) and what
becomes of each with the IBKR adapter. This page is made from `tests/bot/ibkr/acceptance_cards.py` by
`scripts/make_acceptance.py`; do not edit it.

- **pass**: `tests/bot/ibkr/test_ibkr_acceptance.py` shows it, in a real TradingNode over a socket to the simulated gateway.
- **skip, refused**: such an order is denied by the adapter before it leaves, with the reason; shown there too.
- **skip**: does not apply.

"""


def cards() -> ModuleType:
    """The table's module."""
    if "acceptance_cards" in sys.modules:
        return sys.modules["acceptance_cards"]
    spec = importlib.util.spec_from_file_location("acceptance_cards", SOURCE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["acceptance_cards"] = module
    spec.loader.exec_module(module)
    return module


def page() -> str:
    """The whole page."""
    table = cards()
    counts = ", ".join(f"{len(table.ids(outcome))} {outcome.value.replace(',', ' and')}" for outcome in table.Outcome)
    rows = "".join(f"| {card.id} | {card.name} | {card.outcome.value} | {card.why} |\n" for card in table.CARDS)
    return f"{HEAD}{len(table.CARDS)} cards: {counts}.\n\n| card | name | outcome | why or how |\n|---|---|---|---|\n{rows}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
