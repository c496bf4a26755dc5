"""Rows that no market makes: minutes filled up from longer bars, volume that was summed up, minutes without a range, wicks far off."""

from __future__ import annotations

import numpy as np

from bot.bars.judges import Held
from bot.bars.passport import Finding, Severity
from bot.bars.table import Table
from bot.bars.zone import Ints
from bot.units import MINUTE_NS, to_points

PERIODS = (2, 3, 5, 10, 15, 30)
LONGEST_PERIOD = 30  # a multiple of each
LEAST = 100  # rows of a part, minutes of a session
NEARLY_ALL, AT_MOST = 0.9, 0.5  # share of rows
NO_TOUCH, WIDER, WIDE = 0.01, 2.3, 4.0  # share of minutes; times the way from close to close: a random walk's range is twice that
WICK = 0.03  # of the price, beyond the row's own body and both neighbours
FEW = 0.001  # share of rows


def judge_rows(table: Table, closes: Ints, columns: dict[str, Ints], repeated: np.ndarray, held: Held) -> list[Finding]:
    """What the rows themselves say; `closes` are UTC ns."""
    inside = np.zeros(len(closes), dtype=bool)
    for start, end in held.ranges:
        inside[start:end] = True
    return [
        *_filled(closes, repeated, inside),
        *_summed(columns["volume"], held),
        *_flat(columns, inside),
        *_wide(closes, columns),
        *_wicks(table, columns),
    ]


def _filled(closes: Ints, repeated: np.ndarray, inside: np.ndarray) -> list[Finding]:
    """Where all rows but those of one minute in a few repeat the row before, longer bars were filled up."""
    phase = closes // MINUTE_NS % LONGEST_PERIOD
    parts = np.bincount(phase + LONGEST_PERIOD * (inside + 2 * repeated), minlength=4 * LONGEST_PERIOD).reshape(2, 2, LONGEST_PERIOD)
    for name, (others, again) in (("of the regular sessions", parts[:, 1]), ("outside the regular sessions", parts[:, 0])):
        rows = others + again
        period = _filled_period(rows, again) if rows.sum() >= LEAST else None
        if period is not None:
            sentence = f"rows {name} only repeat the row before but for one in {period}: bars of {period} minutes were filled up"
            return [Finding("FILLED", Severity.REFUSE, sentence, "export one-minute bars")]
    return []


def _filled_period(rows: Ints, repeated: Ints) -> int | None:
    """The minutes of the longer bars, from rows and repeated rows by minute of the half hour."""
    for period in PERIODS:
        of_phase, again = (each.reshape(-1, period).sum(axis=0) for each in (rows, repeated))
        if not of_phase.all():  # longer bars that nobody filled up
            continue
        shares = np.sort(again / of_phase)
        if shares[0] <= AT_MOST and shares[1] >= NEARLY_ALL:
            return period
    return None


def _summed(volume: Ints, held: Held) -> list[Finding]:
    """Volume that never falls within a session is the day's so far."""
    whole = [volume[start:end] for start, end in held.ranges if end - start >= LEAST]
    rising = [each for each in whole if (np.diff(each) >= 0).all() and each[-1] > each[0]]
    if not rising or 2 * len(rising) < len(whole):
        return []
    sentence = f"volume never falls within {len(rising)} of {len(whole)} sessions, so that it is summed up"
    return [Finding("VOLUME_SUMMED", Severity.REFUSE, sentence, "export the volume of each minute")]


def _flat(columns: dict[str, Ints], inside: np.ndarray) -> list[Finding]:
    """Minutes whose four prices are one: only closes were kept."""
    if inside.sum() < LEAST or (columns["high"] == columns["low"])[inside].mean() < NEARLY_ALL:
        return []
    sentence = "the four prices of nearly every minute are equal, so that stops and targets inside a minute are not seen"
    return [Finding("FLAT", Severity.WARN, sentence)]


def _wide(closes: Ints, columns: dict[str, Ints]) -> list[Finding]:
    """Ranges that no course of prices makes: hardly a high or low is an open or close, and they reach far beyond the way of the closes."""
    open_, high, low, close = (columns[name] for name in ("open", "high", "low", "close"))
    moving = (np.diff(closes) == MINUTE_NS) & (high > low)[1:]
    if moving.sum() < LEAST:
        return []
    touch = ((high == np.maximum(open_, close)) | (low == np.minimum(open_, close)))[1:][moving].mean()
    times = (high - low)[1:][moving].mean() / max(np.abs(np.diff(close))[moving].mean(), 1e-9)
    if times < WIDER or (touch >= NO_TOUCH and times < WIDE):
        return []
    touched = f"and {100 * touch:.2g} % of the highs or lows are an open or close"
    sentence = f"a minute reaches {times:.3g} times as far as its close lies from the one before, {touched}: highs and lows look widened"
    return [Finding("WIDE", Severity.WARN, f"{sentence}, so that stops and targets are hit that the market did not reach")]


def _wicks(table: Table, columns: dict[str, Ints]) -> list[Finding]:
    """Highs and lows far beyond the row's own body and both rows beside it."""
    if len(columns["high"]) < 3:
        return []
    high, low = columns["high"], columns["low"]
    top = np.maximum(np.maximum(columns["open"], columns["close"])[1:-1], np.maximum(high[:-2], high[2:]))
    bottom = np.minimum(np.minimum(columns["open"], columns["close"])[1:-1], np.minimum(low[:-2], low[2:]))
    far = np.flatnonzero((high[1:-1] > top * (1 + WICK)) | (low[1:-1] < bottom * (1 - WICK))) + 1
    if not len(far):
        return []
    row = far[0]
    more = f", and {len(far) - 1} rows more" if len(far) > 1 else ""
    sentence = f"{table.place(int(row))} reaches from {to_points(int(low[row])):,.2f} to {to_points(int(high[row])):,.2f}"
    many = len(far) > max(3, FEW * len(high))
    severity = Severity.REFUSE if many else Severity.WARN
    return [Finding("WICK", severity, f"{sentence}, far beyond the rows beside it{more}", "repair or remove them" if many else "")]
