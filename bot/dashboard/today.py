"""What the page Today says: the decisions of the newest session in the journal, filtered and in pages, and its minutes as a chart."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from bot.journal.explain import to_pass
from bot.journal.packs import WHOLE
from bot.journal.read import opened
from bot.journal.records import Action, Kind
from bot.journal.times import new_york, parse_time
from bot.report.colours import AMBER, BLUE, CANDLE, CARD, GREEN, INK, RED
from bot.report.plot import Figure, layout

PAGE_ROWS = 50
ALL = "all"  # the choice of a filter that leaves everything
_LAST_BAR = "SELECT ts_ns FROM records WHERE kind = 'bar' ORDER BY seq DESC LIMIT 1"
_BEFORE = "SELECT last_seq FROM links WHERE ts_ns <= ? ORDER BY ts_ns DESC LIMIT 1"
_ROWS = (
    f"SELECT seq, ts_ns, kind, body FROM {WHOLE} WHERE seq > ? AND kind IN ('{Kind.BAR}', '{Kind.DECISION}', '{Kind.FILL}') ORDER BY seq"
)


_NOTHING = {
    Action.ENTER: "nothing: it entered",
    Action.MANAGE: "nothing: it has a trade open",
    Action.EXIT: "nothing: it left its trade",
}


class Row(NamedTuple):
    """A decision as it is listed; `gate` is the code of the first failing gate, "" without one."""

    seq: int
    time: str
    strategy: str
    action: str
    gate: str
    said: str
    to_enter: str


class Mark(NamedTuple):
    """Something on the chart: what it is, at which minute (New York, HH:MM) and price (points), in words, and whether it is of a sale."""

    what: str
    time: str
    price: float
    words: str
    sold: bool = False


class Minute(NamedTuple):
    """A bar: time (New York, HH:MM) and open, high, low, close in points, None where a rejected bar had none."""

    time: str
    prices: tuple[float | None, ...]


class Today:
    """Follows a journal: `read` takes what is new since the last time, and begins anew with a new date. `vetoer` names the filter."""

    def __init__(self, path: Path, vetoer: str) -> None:
        self._path, self._vetoer = path, vetoer
        self.date = ""
        self.rows: list[Row] = []
        self.minutes: list[Minute] = []
        self.marks: list[Mark] = []
        self._seq = 0

    def read(self) -> bool:
        """Whether there was anything. Raises JournalError if the journal cannot be read."""
        with opened(self._path) as db:
            last = db.execute(_LAST_BAR).fetchone()
            date = "" if last is None else new_york(last[0])[:10]
            if date != self.date:
                self._begin(db, date)
            before = self._seq
            for seq, ts_ns, kind, body in db.execute(_ROWS, (self._seq,)):
                if new_york(ts_ns)[:10] == date:
                    self._take(seq, new_york(ts_ns)[11:16], kind, msgspec.json.decode(body))
                self._seq = seq  # not before: one that cannot be read is told at every look, and never passed over
        return self._seq != before

    def _begin(self, db: sqlite3.Connection, date: str) -> None:
        self.date, self.rows, self.minutes, self.marks = date, [], [], []
        found = db.execute(_BEFORE, (parse_time(f"{date} 00:00"),)).fetchone() if date else None
        self._seq = found[0] if found else 0

    def _take(self, seq: int, time: str, kind: str, body: dict[str, Any]) -> None:
        if kind == Kind.BAR:
            self.minutes.append(Minute(time, tuple(body[name] for name in ("open", "high", "low", "close"))))
        elif kind == Kind.FILL:
            what = "entry" if body["role"] == "ENTRY" else "exit"
            sold = body["side"] < 0
            words = f"{body['strategy']} {body['role']}: {'sold' if sold else 'bought'} {body['quantity']}"
            self.marks.append(Mark(what, time, body["price"], words, sold))
        else:
            gate = (body.get("gate") or {}).get("code", "")
            change = to_enter(body, self._vetoer)
            row, marks = Row(seq, time, body["strategy"], body["action"], gate, body["sentence"], change), list(_planned(time, body))
            self.rows.append(row)
            self.marks += marks

    def choices(self, field: str) -> list[str]:
        """What a column holds, for a filter; ALL first."""
        return [ALL, *sorted({value for row in self.rows if (value := getattr(row, field))})]

    def chosen(self, strategy: str = ALL, action: str = ALL, gate: str = ALL, words: str = "") -> list[Row]:
        """The decisions that the filters leave, the newest first. A choice that no decision has leaves none."""
        wanted = words.strip().casefold()
        return [
            row
            for row in reversed(self.rows)
            if strategy in (ALL, row.strategy)
            and action in (ALL, row.action)
            and gate in (ALL, row.gate)
            and wanted in f"{row.time} {row.said} {row.to_enter}".casefold()
        ]


def to_enter(decision: dict[str, Any], vetoer: str) -> str:
    """What would have had to be otherwise for an entry, or why nothing would: never empty, for a gap would be taken for an oversight."""
    if decision["strategy"] == vetoer and decision["action"] == Action.SKIP:
        return "nothing: it never enters, it only vetoes, and it let this bar pass"
    return to_pass(decision, vetoer) or _NOTHING.get(decision["action"], "no gate refused it")


def page_of(rows: list[Row], number: int) -> tuple[list[Row], int, int]:
    """The rows of a page (1, 2, …), its number, which is the nearest there is, and how many pages there are, at least 1."""
    pages = max(1, -(-len(rows) // PAGE_ROWS))
    number = min(max(1, number), pages)
    return rows[(number - 1) * PAGE_ROWS : number * PAGE_ROWS], number, pages


def _planned(time: str, body: dict[str, Any]) -> Iterable[Mark]:
    plan = body.get("plan")
    if plan is None:
        return
    name = body["strategy"]
    yield Mark("plan", time, plan["limit"], f"{name} planned: {body['sentence']}"[:120])
    if plan["level"] is not None:
        yield Mark("level", time, plan["level"], f"{name}'s level")
    if body["action"] == Action.ENTER:
        for _, stop, target in plan["legs"]:
            yield Mark("stop", time, stop, f"{name} stop")
            yield Mark("target", time, target, f"{name} target")


# By colour and by form: who sees no colours, or a page that is grey, tells a stop from a target too.
STYLES = {
    "plan": (BLUE, "circle-open", 7),
    "level": (AMBER, "line-ew-open", 12),
    "stop": (RED, "square-open", 9),
    "target": (GREEN, "diamond-open", 10),
    "entry": (INK, "triangle-up", 12),
    "exit": (INK, "x", 10),
}


_SOLD = {"triangle-up": "triangle-down"}  # an entry points where its trade is to go
WIDE = 1_000  # pixels of a window in which every label has room
LABEL = 84  # of a label of the time axis with the space beside it
BESIDE = 120  # of the window, that the axis does not have


def chart(today: Today, width: int = WIDE) -> Figure:
    """The session's minutes as candles with plans, their levels, stops and targets of entries, and fills. A mark's words are plain text.

    `width` of the window, in pixels: a narrow one gets fewer times below the minutes.
    """
    clock = [minute.time for minute in today.minutes]
    prices = {name: [minute.prices[place] for minute in today.minutes] for place, name in enumerate(("open", "high", "low", "close"))}
    style = {"increasing": {"line": {"color": CANDLE, "width": 1}, "fillcolor": CARD}}
    style["decreasing"] = {"line": {"color": CANDLE, "width": 1}, "fillcolor": CANDLE}
    data: list[Figure] = [{"type": "candlestick", "x": clock, **prices, **style, "name": "minute", "showlegend": False}]
    data += [_marks(what, [mark for mark in today.marks if mark.what == what]) for what in STYLES]
    made = layout(380)
    made |= {
        "showlegend": True,
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "margin": {"l": 56, "r": 8, "t": 8, "b": 32},
    }
    made["xaxis"] |= {
        "type": "category",
        "nticks": labels(width),
        "categoryorder": "array",
        "categoryarray": clock,
        "rangeslider": {"visible": False},
    }
    made["yaxis"] |= {"tickformat": ",.2f", "nticks": 8}
    return {"data": [each for each in data if each["x"]], "layout": made, "config": {"displayModeBar": False, "responsive": True}}


def labels(width: int) -> int:
    """How many times stand below the chart in a window of `width` pixels."""
    return min(8, max(2, (width - BESIDE) // LABEL))


def _marks(what: str, marks: list[Mark]) -> Figure:
    colour, symbol, size = STYLES[what]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": what,
        "x": [mark.time for mark in marks],
        "y": [mark.price for mark in marks],
        "text": [_plain(mark.words) for mark in marks],
        "marker": {
            "color": colour,
            "symbol": [_SOLD.get(symbol, symbol) if mark.sold else symbol for mark in marks],
            "size": size,
            "line": {"color": colour, "width": 2},
        },
        "hovertemplate": "%{x} %{text} %{y:,.2f}<extra></extra>",
    }


def _plain(words: str) -> str:
    """plotly reads a little HTML in texts; words of a journal are none."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
