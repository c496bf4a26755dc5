"""Layer 2: may the bars (DVS) and the fills (EQS) be believed?"""

from __future__ import annotations

import math

from bot.decision.codes import Code, Layer
from bot.decision.gates.gate import BarGate, refused
from bot.decision.limits import Limits
from bot.decision.snapshot import Snapshot
from bot.decision.verdict import Refused
from bot.units import TOLERANCE

L2 = Layer.QUALITY


def _dvs(now: Snapshot, limits: Limits) -> Refused | None:
    if math.isnan(now.dvs):
        return refused(Code.DVS_UNKNOWN, L2, "dvs", "unknown", "minimum", limits.dvs_enter)
    if now.dvs >= limits.dvs_enter - TOLERANCE:
        return None
    return refused(Code.DVS_BELOW_MINIMUM, L2, "dvs", now.dvs, "minimum", limits.dvs_enter)


def _eqs(now: Snapshot, limits: Limits) -> Refused | None:
    if now.eqs >= limits.eqs_enter - TOLERANCE:
        return None
    return refused(Code.EQS_BELOW_MINIMUM, L2, "eqs", now.eqs, "minimum", limits.eqs_enter)


BAR_GATES = (
    BarGate("data validity", L2, (Code.DVS_UNKNOWN, Code.DVS_BELOW_MINIMUM), _dvs),
    BarGate("execution quality", L2, (Code.EQS_BELOW_MINIMUM,), _eqs),
)
