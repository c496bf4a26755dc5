"""Writes docs/refusals.md from bot.decision.codes and the gates. Run it after a code was added; a test fails while the page is stale."""

from __future__ import annotations

from pathlib import Path

from bot.decision.codes import MEANING, Code, Layer
from bot.decision.gates import BAR_GATES, PLAN_GATES

PAGE = Path(__file__).resolve().parents[1] / "docs" / "refusals.md"
HEAD = """# Refusals

Every code with which an entry, a change or an order can be refused. This page is made from
`bot/decision/codes.py` by `scripts/make_refusals.py`; do not edit it.

Layers are asked in their order of authority: the first one that says no names the refusal, the
others are listed with it. Codes without a layer are spoken outside the nine layers, by the
library or by the risk engine.

| code | layer | meaning |
|---|---|---|
"""


def page() -> str:
    """The whole page."""
    layers = {code: gate.layer for gate in (*BAR_GATES, *PLAN_GATES) for code in gate.codes}
    layers |= dict.fromkeys((Code.EUC_BELOW_MINIMUM, Code.OUTRANKED), Layer.EUC)
    return HEAD + "".join(f"| `{code.value}` | {_layer(layers.get(code))} | {MEANING[code]} |\n" for code in Code)


def _layer(layer: Layer | None) -> str:
    return "" if layer is None else f"{layer.value} {layer.name.lower().replace('_', ' ')}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
