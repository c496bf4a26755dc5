"""Where prices lie and where they jump: beside where the S&P 500 future traded, and beside the row before."""

from __future__ import annotations

import numpy as np

from bot.bars.passport import Finding, Severity
from bot.bars.table import Table
from bot.bars.zone import Ints, new_york_wall
from bot.calendar import expiries_from
from bot.contracts.models import PriceLevelLaw
from bot.units import MINUTE_NS, to_points

# Lowest and highest S&P 500 of each year. From 2004 to 2024 the daily closes at macrotrends.net/2324/sp-500-historical-chart-data,
# rounded outwards by one to four per cent, since the future also trades at night and at a premium. Before 2004 only as far as
# is certain, and 2025 as far as the bars and closes that we have seen.
TRADED = {
    **dict.fromkeys(range(1997, 2004), (650, 1650)), 2004: (1050, 1230), 2005: (1130, 1290), 2006: (1210, 1440),
    2007: (1360, 1590), 2008: (730, 1490), 2009: (660, 1140), 2010: (1000, 1270), 2011: (1060, 1380), 2012: (1250, 1480),
    2013: (1420, 1860), 2014: (1720, 2100), 2015: (1820, 2140), 2016: (1790, 2290), 2017: (2230, 2710), 2018: (2310, 2960),
    2019: (2430, 3270), 2020: (2170, 3770), 2021: (3640, 4820), 2022: (3490, 4820), 2023: (3780, 4850), 2024: (4660, 6180),
    2025: (4800, 7100),
}  # fmt: skip
LAST_YEAR = max(TRADED)
A_YEAR_LATER = (0.7, 1.4)  # how far it may have gone in each year since
ROOM = 1.25  # a continuous file may be adjusted a little
ABSURD = 8.0  # times away from it: no index, another unit
AFTER_BREAK_JUMP = 0.02
SPIKE_ROWS = 3
FEW = 0.001  # share of rows
BREAK = 45 * MINUTE_NS
TURN = 0.001  # of the price, from one minute's close to the next one's open: two contracts lie further apart
SAME = 0.25  # share by which the way back may differ
MANY_TURNS = 0.01  # share of rows
SESSION_TURN = 0.004  # of the price, over a break: the month and the next one lie further apart
MOST_TURNS, LEAST_TURNS = 0.5, 4  # share of such steps, and how many: a market's own steps are seldom undone by the next


def traded(year: int) -> tuple[float, float]:
    """The least and the most that the S&P 500 is taken for in a year, points. Wide, and wider with each year that the table lacks."""
    if year <= LAST_YEAR:
        return TRADED[max(year, min(TRADED))]
    (low, high), later = TRADED[LAST_YEAR], year - LAST_YEAR
    return low * A_YEAR_LATER[0] ** later, high * A_YEAR_LATER[1] ** later


def judge_level(ts_ns: Ints, close: Ints) -> list[Finding]:
    """Whether the price lies where MES trades, year by year."""
    years = ts_ns.astype("datetime64[ns]").astype("datetime64[Y]").astype(int) + 1970
    for year in np.unique(years).tolist():
        price = float(to_points(np.median(close[years == year])))
        low, high = traded(year)
        if low / ROOM <= price <= high * ROOM:
            continue
        times = price / ((low + high) / 2)
        sentence = f"the price level of {year}, {price:,.2f}, is {times:.3g} times where the S&P 500 traded ({low:,.0f} to {high:,.0f})"
        if 1 / ABSURD <= times <= ABSURD:
            return [Finding("LEVEL", Severity.WARN, f"{sentence}: this is not MES, and limits in dollars do not fit it")]
        unit = "these look like cents, a hundred times the points" if 50 <= times <= 200 else "prices are in another unit"
        return [Finding("SCALE", Severity.REFUSE, f"{sentence}; {unit}", "write prices in points, as 6700.25")]
    return []


def judge_jumps(table: Table, ts_ns: Ints, columns: dict[str, Ints], law: PriceLevelLaw) -> list[Finding]:
    """Rows off the rest, and steps of the level, with their times; `ts_ns` are the moments as the file names them.

    A step is as large as the law's roll from one row to the next, more after a break of the feed unless contracts roll then.
    """
    open_, close = np.maximum(columns["open"], 1), np.maximum(columns["close"], 1)
    gap = np.log(open_[1:] / close[:-1])
    broken = np.diff(ts_ns) >= BREAK
    at = np.flatnonzero(np.abs(gap) >= min(AFTER_BREAK_JUMP, law.roll_jump))
    quiet_break = broken[at] & ~_rolling(ts_ns[1:][at], law.roll_window_days)
    at = at[np.abs(gap[at]) >= np.where(quiet_break, AFTER_BREAK_JUMP, law.roll_jump)]
    spikes, steps = _parted(at, gap, len(close))
    found = []
    if spikes:
        row = spikes[0]
        which = "the first row" if row == 0 else table.place(row)
        sentence = f"{which}, {_when(ts_ns[row])}, is far off the rows around it ({to_points(int(close[row])):,.2f})"
        more = f", and {len(spikes) - 1} rows more" if len(spikes) > 1 else ""
        many = len(spikes) > max(3, FEW * len(close))
        remedy = "repair or remove them" if many else ""
        found.append(
            Finding(
                "OFF_ROWS", Severity.REFUSE if many else Severity.WARN, sentence + more + ("" if many else "; it will be rejected"), remedy
            )
        )
    if steps:
        found.append(_told(ts_ns, gap, broken, steps, len(close), law.roll_window_days))
    mixed = any(each.code == "MIXED_PRICES" for each in found)
    found = found if mixed else [*found, *_turns(table, np.where(np.diff(ts_ns) == MINUTE_NS, gap, 0.0))]
    return [*found, *_turns_by_session(ts_ns, np.where(broken, gap, 0.0))]


def _turns_by_session(ts_ns: Ints, gap: np.ndarray) -> list[Finding]:
    """Two contracts that take turns by the day or the week: opens that step up and down by the same, again and again."""
    at = np.flatnonzero(np.abs(gap) >= SESSION_TURN)
    back = np.abs(gap[at[1:]] + gap[at[:-1]]) < SAME * np.abs(gap[at[:-1]])
    if back.sum() < max(LEAST_TURNS, MOST_TURNS * len(back)):
        return []
    factor = np.exp(np.median(np.abs(gap[at])))
    sentence = f"sessions open higher and lower by a factor of {factor:.4g} in turns, first at {_when(ts_ns[at[np.argmax(back)] + 1])}"
    return [Finding("MIXED_PRICES", Severity.REFUSE, f"{sentence}: two contracts take turns", "keep the rows of one")]


def _turns(table: Table, gap: np.ndarray) -> list[Finding]:
    """Two series that take turns: gaps between minutes that follow one another, each undone by the next."""
    at = np.flatnonzero(np.abs(gap) >= TURN)
    back = np.abs(gap[at[1:]] + gap[at[:-1]]) < SAME * np.abs(gap[at[:-1]])
    count = int(back.sum())
    if count <= max(5, FEW * len(gap)):
        return []
    first = at[np.argmax(back)]
    factor = np.exp(np.median(np.abs(gap[at])))
    sentence = f"prices go to and fro by a factor of {factor:.4g} {count:,} times, first at {table.place(int(first) + 1)}"
    severity = Severity.REFUSE if count > MANY_TURNS * len(gap) else Severity.WARN
    return [Finding("MIXED_PRICES", severity, f"{sentence}: two contracts take turns", "keep the rows of one")]


def _told(ts_ns: Ints, gap: np.ndarray, broken: np.ndarray, steps: list[int], rows: int, roll_days: int) -> Finding:
    factors = np.exp(gap[steps])
    worst = int(np.argmax(np.abs(gap[steps])))
    first = steps[worst]
    roll = broken[first] and bool(_rolling(ts_ns[first + 1 : first + 2], roll_days)[0]) and abs(gap[first]) < 0.03
    name = "a jump that looks like a roll" if roll else "a jump of the price"
    others = f", and {len(steps) - 1} more" if len(steps) > 1 else ""
    sentence = f"{name} by a factor of {factors[worst]:.4g} at {_when(ts_ns[first + 1])}{others}"
    if not 1 / ABSURD < factors[worst] < ABSURD:
        return Finding("MIXED_SCALE", Severity.REFUSE, f"{sentence}: two units in one file", "write all prices in points, as 6700.25")
    if int((~broken[steps]).sum()) > max(5, FEW * rows):
        return Finding("MIXED_PRICES", Severity.REFUSE, f"{sentence}: two instruments in one file", "keep the rows of one")
    return Finding("ROLL" if roll else "JUMP", Severity.WARN, f"{sentence}; levels of before do not hold after it")


def _parted(at: np.ndarray, gap: np.ndarray, rows: int) -> tuple[list[int], list[int]]:
    """Rows that leave the level and come back within a few, and the steps that stay."""
    spikes: list[int] = []
    steps: list[int] = []
    index, places = 0, at.tolist()
    while index < len(places):
        here = places[index]
        following = places[index + 1] if index + 1 < len(places) else None
        if following is not None and following - here <= SPIKE_ROWS and abs(gap[here] + gap[following]) < 0.5 * abs(gap[here]):
            spikes += range(here + 1, following + 1)
            index += 2
            continue
        if here < SPIKE_ROWS:
            spikes += range(here + 1)
        elif here >= rows - 1 - SPIKE_ROWS and abs(gap[here]) > 0.05:
            spikes += range(here + 1, rows)
        else:
            steps.append(here)
        index += 1
    return spikes, steps


def _rolling(ts_ns: Ints, roll_days: int) -> np.ndarray:
    """Whether a moment lies in the last days before a quarterly expiry."""
    days = new_york_wall(ts_ns).astype("datetime64[ns]").astype("datetime64[D]")
    dates, place = np.unique(days, return_inverse=True)
    left = [(next(expiries_from(date)) - date).days for date in dates.tolist()]
    return (np.asarray(left, dtype=int) <= roll_days)[place]


def _when(ts_ns: int) -> str:
    return f"{new_york_wall(np.asarray([ts_ns]))[0].astype('datetime64[ns]').astype('datetime64[m]')!s}".replace("T", " ") + " New York"
