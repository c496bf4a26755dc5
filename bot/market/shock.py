"""The shock signature: what tells a move that news made from a bar that is wrong."""

from __future__ import annotations

from bot.contracts.models import ShockSignature


def is_shock(signature: ShockSignature, true_range: float, atr_30: float, volume_z: float, body: float, body_stdev: float) -> bool:
    """Whether a bar carries the shock signature: wide, heavy and one-sided at once.

    TR > 4 x ATR30, volume_z > 2.5 and |body| > 3 x stdev of the last 60 bodies, with the
    numbers of data_contract.yaml: shock_signature. Ranges and bodies share one unit (ticks
    or points); ATR, volume_z and the stdev are those that count this bar. Any nan: False.
    """
    return (
        true_range > signature.atr_multiple * atr_30
        and volume_z > signature.volume_z
        and abs(body) > signature.body_stdev_multiple * body_stdev
    )
