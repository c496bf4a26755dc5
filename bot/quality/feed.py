"""What only a live feed can tell DVS: quality events, and the pure rules that recognise them."""

from __future__ import annotations

import math
from enum import StrEnum

import msgspec

from bot.contracts.models import DvsLaw


class QualityKind(StrEnum):
    """What happened to the feed. TRUSTED_FEED ends UNTRUSTED_FEED; the others are moments."""

    LATE = "late"
    BAD_QUOTE = "bad_quote"
    STALE = "stale"
    UNTRUSTED_FEED = "untrusted_feed"
    TRUSTED_FEED = "trusted_feed"


class QualityEvent(msgspec.Struct, frozen=True, gc=False):
    """One observation that costs a score. `ts_ns` is market time (UTC), `detail` is for people.

    `kind` is a QualityKind of a feed for DVS, or a name of execution_contract.yaml: eqs.events of an order for EQS.
    Send STALE once when the feed has been silent too long and once more each further
    period (`stale_periods`); UNTRUSTED_FEED when the data become delayed, frozen or
    contested, TRUSTED_FEED when they are live again.
    """

    kind: str
    ts_ns: int
    detail: str = ""


def quote_fault(limits: DvsLaw, bid_ticks: float, ask_ticks: float) -> str | None:
    """Why a quote is bad ("empty", "crossed" or "wide"), or None (data_contract.yaml: dvs.max_spread_ticks).

    Prices are ticks; nan or <= 0 means that the side is empty. A locked quote is not bad.
    """
    if not (bid_ticks > 0 and ask_ticks > 0 and math.isfinite(bid_ticks) and math.isfinite(ask_ticks)):
        return "empty"
    if bid_ticks > ask_ticks:
        return "crossed"
    return "wide" if ask_ticks - bid_ticks > limits.max_spread_ticks else None


def stale_periods(limits: DvsLaw, silent_seconds: float) -> int:
    """How many STALE events a silence in RTH is worth by now: 0 up to dvs.stale_seconds, then 1, and one more past each multiple."""
    return max(0, math.ceil(silent_seconds / limits.stale_seconds) - 1)
