"""Faults of single frames: swallow, duplicate, delay, reorder or garble the next of a kind; or at random, from a seed.

A kind is a message's or a request's name (openOrder, placeOrder). Faults of the broker, the market
and the connection are verbs (verbs/) that set switches here and elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from bot.gateway.errors import GatewayError
from bot.gateway.messages import KINDS
from bot.gateway.requests import KINDS as REQUEST_KINDS

ACTIONS = ("swallow", "duplicate", "delay", "reorder", "garble")
FOREVER = -1
Outcome = tuple[float, list[str] | None, str]  # wall seconds to wait, the fields (None: none), a note for the log


@dataclass
class Switches:
    """Faults of the connection and the API as a whole; each stays until it is switched back."""

    accept_silent: bool = False
    version_only: bool = False
    banner: str = ""
    hold_id_seconds: float = 0.0
    read_only: bool = False
    clock_skew_seconds: float = 0.0
    drop_mid_bracket: bool = False
    drop_after_place: str = ""  # kept or lost; the next placeOrder
    fill_on_cancel: bool = False
    fill_on_modify: bool = False
    swallow_orders_while_down: bool = True


@dataclass
class FrameFault:
    """One rule: what to do with the next `count` frames of a kind (FOREVER: all) that hold `text` in a field."""

    action: str
    kind: str
    count: int = 1
    seconds: float = 0.0
    text: str = ""

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise GatewayError(f"{self.action!r} is no frame fault; there are {', '.join(ACTIONS)}.")
        require_kind(self.kind)


def require_kind(kind: str) -> None:
    """Raises GatewayError with those there are for a kind that is none."""
    kinds = {*KINDS.values(), *REQUEST_KINDS}
    if kind not in kinds:
        raise GatewayError(f"{kind!r} is neither a message nor a request of this gateway; there are {', '.join(sorted(kinds))}.")


class FrameFaults:
    """The rules in force, oldest first, and seeded chaos."""

    def __init__(self) -> None:
        self.rules: list[FrameFault] = []
        self._chaos: tuple[Random, float, tuple[str, ...]] | None = None

    @property
    def active(self) -> bool:
        """Whether any frame can be affected."""
        return bool(self.rules) or self._chaos is not None

    def add(self, fault: FrameFault) -> None:
        """One more rule."""
        self.rules.append(fault)

    def clear(self) -> None:
        """No rules, no chaos."""
        self.rules.clear()
        self._chaos = None

    def unleash(self, seed: int, rate: float, kinds: tuple[str, ...]) -> None:
        """Hit each frame of these kinds with probability `rate` by an action drawn from a generator of this seed."""
        if not 0.0 <= rate <= 1.0:
            raise GatewayError(f"chaos rate {rate} must be from 0 to 1.")
        for kind in kinds:
            require_kind(kind)
        self._chaos = (Random(seed), rate, kinds)

    def apply(self, kind: str, fields: list[str]) -> list[Outcome]:
        """What becomes of one frame."""
        for rule in self.rules:
            if rule.kind == kind and (not rule.text or rule.text in fields):
                if rule.count != FOREVER:
                    rule.count -= 1
                    if rule.count <= 0:
                        self.rules.remove(rule)
                return _outcomes(rule.action, rule.seconds, fields)
        if self._chaos is not None and kind in self._chaos[2]:
            random, rate, _ = self._chaos
            if random.random() < rate:
                return _outcomes(ACTIONS[int(random.random() * len(ACTIONS))], 0.2, fields)
        return [(0.0, fields, "")]


def _outcomes(action: str, seconds: float, fields: list[str]) -> list[Outcome]:
    match action:
        case "swallow":
            return [(0.0, None, "swallowed")]
        case "duplicate":
            return [(0.0, fields, ""), (0.0, fields, "duplicated")]
        case "delay":
            return [(seconds, fields, f"delayed {seconds:g} s")]
        case "garble":
            return [(0.0, fields[: max(2, len(fields) - 3)], "garbled")]
        case _:
            return [(0.0, fields, "reordered")]
