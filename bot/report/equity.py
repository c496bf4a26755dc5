"""The account over dates, and the index bought and held beside it."""

from __future__ import annotations

from itertools import accumulate

from bot.journal.times import new_york
from bot.report.colours import BLUE, GREY, RED, SHADE
from bot.report.index import index_growth, start_cents
from bot.report.plot import Figure, axis, holding, layout, line, titled
from bot.report.run import Run

_EACH_BAR_UP_TO = 10  # sessions; of longer runs the index is drawn at each session's close


def equity_and_drawdown(run: Run) -> Figure:
    """Equity after each trade and the index above, distance of equity from its highest point below; dollars over time in New York."""
    start, trades = start_cents(run), sorted(run.results, key=lambda trade: trade.closed_ns)
    equity = list(accumulate((trade.net_cents for trade in trades), initial=start))
    equity.append(equity[-1])
    moments = [run.bars[0].ts_ns if run.bars else trades[0].decided_ns, *(trade.closed_ns for trade in trades)]
    moments.append(max(moments[-1], run.bars[-1].ts_ns if run.bars else 0))
    times = [new_york(ts_ns) for ts_ns in moments]
    told = [f"{trade.strategy} {trade.exit_reason} {trade.net_cents / 100:+.2f}" for trade in trades]
    labels = ["start", *(f"{new_york(trade.closed_ns)}<br>{text}" for trade, text in zip(trades, told, strict=True)), "end"]
    fall = [(cents - peak) / 100 for cents, peak in zip(equity, accumulate(equity, max), strict=True)]
    upper = {**line(times, [cents / 100 for cents in equity], labels, BLUE, shape="hv", width=2), "name": "account", "showlegend": True}
    lower = {**line(times, fall, labels, RED, shape="hv", width=1), "yaxis": "y2", "showlegend": False}
    lower |= {"fill": "tozeroy", "fillcolor": SHADE}
    index = _index(run, start)
    made = _equity_layout()
    made["yaxis"] |= holding([*upper["y"], *index["y"]])
    made["yaxis2"] |= holding(fall, most=3)
    return {"data": [upper, lower, index], "layout": made}


def _index(run: Run, start: int) -> Figure:
    points = list(index_growth(run))
    days = [bar.day for bar, _ in points]
    if len(set(days)) > _EACH_BAR_UP_TO:
        points = [point for place, point in enumerate(points) if place in (0, len(points) - 1) or days[place] != days[place + 1]]
    times = [new_york(bar.ts_ns) for bar, _ in points]
    held = line(times, [round(start * growth) / 100 for _, growth in points], times, GREY)
    return {**held, "name": "index bought and held", "showlegend": True}


def _equity_layout() -> Figure:
    made = layout(400)
    made |= {"showlegend": True, "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}}
    made["margin"] |= {"l": 76}
    made["xaxis"] |= {"type": "date", "anchor": "y2", "nticks": 8, **titled("date, New York")}
    made["yaxis"] |= {"domain": [0.38, 1.0], "tickformat": "$,.0f", **titled("account")}
    made["yaxis2"] = {**axis(), "domain": [0.0, 0.26], "tickformat": "$,.0f", **titled("below peak")}
    return made
