"""Approved or Refused: the only two answers of a gate, and the text made of a condition that was not met."""

from __future__ import annotations

import msgspec

from bot.decision.codes import Layer


class Approved(msgspec.Struct, frozen=True, gc=False):
    """Nothing stands against it."""


class Unmet(msgspec.Struct, frozen=True, gc=False):
    """A condition that was not met: what was observed, what is allowed, in which unit.

    `observed` and `limit` are numbers, or words where there is no number. The text reads
    `CODE: observed_name=observed, limit_name=limit`.
    """

    code: str
    observed_name: str
    observed: float | int | str
    limit_name: str
    limit: float | int | str
    unit: str = ""

    @property
    def text(self) -> str:
        """The one-line form, e.g. `EQS_BELOW_MINIMUM: eqs=0.71, minimum=0.75`."""
        return f"{self.code}: {self.observed_name}={shown(self.observed)}, {self.limit_name}={shown(self.limit)}"

    @property
    def distance(self) -> float | None:
        """How far the observed value is from the limit, in `unit`; None where there is no number."""
        if isinstance(self.observed, str) or isinstance(self.limit, str):
            return None
        return abs(self.observed - self.limit)

    def refused_by(self, layer: Layer) -> Refused:
        """The same, said by a layer."""
        return Refused(self.code, self.observed_name, self.observed, self.limit_name, self.limit, self.unit, layer=int(layer))


class Refused(Unmet, frozen=True, gc=False, kw_only=True):
    """A gate said no, on this layer (0..8)."""

    layer: int


Verdict = Approved | Refused
APPROVED = Approved()


def shown(value: float | int | str) -> str:
    """A value as a person reads it: words and whole numbers bare, others with two decimals (more if tiny)."""
    if isinstance(value, (str, int)):
        return str(value)
    value += 0.0  # -0.0, of a short's signal, becomes 0.0
    return f"{value:.2f}" if not 0.0 < abs(value) < 0.01 else f"{value:.2g}"
