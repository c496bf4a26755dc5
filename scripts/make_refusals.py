"""Writes docs/refusals.md: every refusal code with its layer, who speaks it and what it means.

Run it after a code, a meaning or a gate has changed: .venv/bin/python scripts/make_refusals.py
"""

from __future__ import annotations

from pathlib import Path

from bot.decision.codes import MEANING, Code, Layer
from bot.decision.gates import BAR_GATES, PLAN_GATES

PAGE = Path(__file__).resolve().parents[1] / "docs" / "refusals.md"

# What no gate speaks: the layer it is said on (None: that of whoever failed) and who says it.
BESIDE_THE_GATES: dict[Code, tuple[Layer | None, str]] = {
    Code.BAR_REJECTED: (Layer.QUALITY, "the library"),
    Code.NO_ANSWER: (Layer.BELIEF, "the library"),
    Code.EUC_BELOW_MINIMUM: (Layer.EUC, "EUC"),
    Code.OUTRANKED: (Layer.EUC, "the choice among plans"),
    Code.NOT_REDUCING: (Layer.CONSTITUTION, "the risk engine"),
    Code.STOP_WIDENS: (Layer.CONSTITUTION, "the risk engine"),
    Code.ONLY_STOP: (Layer.CONSTITUTION, "the risk engine"),
    Code.PLAN_MISMATCH: (Layer.TEMPLATE, "the risk engine"),
    Code.UNKNOWN_INTENT: (Layer.TEMPLATE, "the risk engine"),
    Code.DUPLICATE_INTENT: (Layer.TEMPLATE, "the risk engine"),
    Code.MODIFY_FORBIDDEN: (Layer.TEMPLATE, "the risk engine"),
    Code.EMULATION: (Layer.TEMPLATE, "the risk engine"),
    Code.GUARD_ERROR: (None, "any guard that fails"),
}

HEAD = """\
# Every refusal

<!-- Made by scripts/make_refusals.py from bot/decision/codes.py and bot/decision/gates; do not edit. -->

A refusal reads `CODE: observed, limit`, for example `EQS_BELOW_MINIMUM: eqs=0.71, minimum=0.75`. All layers are
asked; the lowest number that says no names the refusal, the others are listed with it. A strategy without a setup
answers with the first of its own conditions that failed, for example `VWAP_Z: abs_z=0.83, minimum=1.50`; that is
recorded on layer 8 and is not in this table.

| layer | code | meaning | said by |
|---|---|---|---|
"""


def page() -> str:
    """The whole page. Raises KeyError for a code that no gate and no line of BESIDE_THE_GATES knows."""
    rows = [(code, *_spoken(code)) for code in Code]
    rows.sort(key=lambda row: len(Layer) if row[1] is None else row[1])
    return HEAD + "".join(f"| {_layer(layer)} | `{code}` | {MEANING[code]} | {speaker} |\n" for code, layer, speaker in rows)


def _spoken(code: Code) -> tuple[Layer | None, str]:
    gate = next((gate for gate in (*BAR_GATES, *PLAN_GATES) if code in gate.codes), None)
    return BESIDE_THE_GATES[code] if gate is None else (gate.layer, f"gate: {gate.name}")


def _layer(layer: Layer | None) -> str:
    return "any" if layer is None else f"{layer.value} {layer.name.lower().replace('_', ' ')}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE}: {len(Code)} codes")
