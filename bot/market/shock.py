"""The shock signature: what tells a move that news made from a bar that is wrong."""

from __future__ import annotations

from bot.contracts.models import ShockSignature


def usual_range(atr_30_before: float, median_range: float) -> float:
    """What a bar's true range is measured against: ATR30 of the bar before, or the median of this minute of day if that is larger.

    Both in one unit. An unknown (nan) median leaves the ATR; an unknown ATR stays unknown.
    """
    return median_range if median_range > atr_30_before else atr_30_before


def is_shock(signature: ShockSignature, true_range: float, usual: float, volume_z: float, body: float, body_stdev: float) -> bool:
    """Whether a bar carries the shock signature: wide, heavy and one-sided at once.

    TR > 4 x its usual range (`usual_range`), volume_z > 2.5 and |body| > 3 x stdev of the last 60
    bodies, with the numbers of data_contract.yaml: shock_signature. Ranges and bodies share one
    unit (ticks or points); volume_z and the stdev are those that count this bar. Any nan: False.
    """
    return (
        true_range > signature.atr_multiple * usual
        and volume_z > signature.volume_z
        and abs(body) > signature.body_stdev_multiple * body_stdev
    )
