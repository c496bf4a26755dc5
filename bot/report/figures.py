"""The report's figures as plotly specifications (plain dicts: plotly.js draws them in the reader's browser).

Their time axes count bars, so that nights and weekends take no room; ticks and hover texts say New York time. The account over dates
is in equity.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import cycle
from typing import Any

from bot.journal.sentences import LAYER_NAMES
from bot.journal.times import new_york
from bot.report.baseline import Baseline
from bot.report.colours import AMBER, BLUE, CANDLE, CARD, GREEN, GREY, INK, PALETTE, RED
from bot.report.plot import Figure, axis, dots, gate, holding, layout, line, titled
from bot.report.run import Bar, Closed, Run
from bot.report.summary import Summary

_BEFORE, _AFTER = 20, 12  # bars shown around a trade
_ACROSS = 4  # steps of an axis of numbers that goes across: its words have room on a phone


def refused_by_layer(summary: Summary) -> Figure:
    """Refused plans, a bar a layer in order of authority, a colour a strategy."""
    layers = summary.layers[::-1]
    names = [f"{layer} {LAYER_NAMES[layer]}" for layer in layers]
    plans = {strategy: [summary.single(f"{strategy}.refused.{layer}") for layer in layers] for strategy in summary.strategies}
    colours = dict(zip(summary.strategies, cycle(PALETTE), strict=False))
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": strategy,
            "y": names,
            "x": numbers,
            "customdata": [f"{strategy}.refused.{layer}" for layer in layers],
            "marker": {"color": colours[strategy]},
            "hovertemplate": f"%{{x}} plans of {strategy}<br>mesbot why %{{customdata}}<extra></extra>",
        }
        for strategy, numbers in plans.items()
        if any(numbers)
    ]
    made = layout(110 + 38 * len(layers))
    made |= {"barmode": "stack", "showlegend": True, "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}}
    made["yaxis"] |= {"automargin": True, "showgrid": False}
    together = [sum(numbers) for numbers in zip(*plans.values(), strict=True)]
    made["xaxis"] |= {**titled("plans refused"), **holding([0, *together], most=_ACROSS)}
    return {"data": data, "layout": made}


def scores(run: Run) -> Figure:
    """DVS above and EQS below, every bar of the run, with what lowered them; dashed: the gates for entries."""
    bars = run.bars
    steps, times = list(range(len(bars))), [new_york(bar.ts_ns) for bar in bars]
    gates = run.contracts.constitution.quality_gates
    dvs = line(steps, [bar.dvs for bar in bars], times, BLUE, shape="hv")
    eqs = {**line(steps, [round(bar.eqs, 4) for bar in bars], times, GREEN), "yaxis": "y2"}
    made = layout(380)
    made["xaxis"] |= {"anchor": "y2", **_day_ticks(bars)}
    made["yaxis"] |= {"domain": [0.55, 1.0], "range": [-0.04, 1.06], **titled("DVS")}
    made["yaxis2"] = {**axis(), "domain": [0.0, 0.45], "range": [-0.04, 1.06], **titled("EQS")}
    made["shapes"] = [gate(gates.dvs.enter, "y"), gate(gates.eqs.enter, "y2")]
    return {"data": [dvs, eqs, _dvs_events(bars, times), _eqs_events(run)], "layout": made}


def trade_chart(run: Run, trade: Closed, starts: list[int]) -> Figure:
    """The minutes around a trade as candles, with entry, stops, targets and exit. `starts` are all bars' times, ascending."""
    first = max(0, bisect_left(starts, trade.decided_ns) - _BEFORE)
    last = bisect_left(starts, trade.closed_ns) + _AFTER + 1
    bars = [bar for bar in run.bars[first:last] if bar.day == trade.trading_day]
    clock = [new_york(bar.ts_ns)[11:16] for bar in bars]
    data = [_candles(bars, clock), *_levels(run, trade, clock)]
    colour = GREEN if trade.net_cents > 0 else RED
    data.append(_marker(trade.opened_ns, trade.entry_price, "triangle-up" if trade.side > 0 else "triangle-down", INK, "entry"))
    data.append(_marker(trade.closed_ns, trade.exit_price, "x", colour, f"exit {trade.exit_reason}"))
    made = layout(300)
    made["xaxis"] |= {
        "type": "category",
        "nticks": 8,
        "rangeslider": {"visible": False},
        "categoryorder": "array",
        "categoryarray": clock,
    }
    made["yaxis"] |= {"tickformat": ",.2f", "nticks": 6}
    return {"data": data, "layout": made}


def daily_net(summary: Summary) -> Figure:
    """Net of each day with a line at the day's loss limit; dollars."""
    days = [f"days.{day.date}" for day in summary.days]
    net_cents = [summary.single(f"{day}.net") for day in days]
    limit = -float(summary.run.contracts.constitution.loss_limits.day_usd)
    bars = {
        "type": "bar",
        "x": [day.date for day in summary.days],
        "y": [cents / 100 for cents in net_cents],
        "marker": {"color": [GREEN if cents > 0 else RED for cents in net_cents]},
        "customdata": [[summary.single(f"{day}.trades"), summary.single(f"{day}.left.day") / 100, day] for day in days],
        "hovertemplate": "%{x}<br>net $%{y:.2f}, trades: %{customdata[0]}<br>least left of the day: $%{customdata[1]:.2f}"
        "<br>mesbot why %{customdata[2]}.net<extra></extra>",
    }
    made = layout(260)
    made["xaxis"] |= {"type": "category", **_ticks({place: day.date for place, day in enumerate(summary.days)})}
    made["yaxis"] |= {"tickformat": "$,.0f", **titled("net of the day"), **holding([0, limit, *bars["y"]])}
    made["shapes"] = [gate(limit, "y")]
    return {"data": [bars], "layout": made}


def random_results(baseline: Baseline) -> Figure:
    """How often random entries came to which net result; the line is the run's own."""
    histogram = {
        "type": "histogram",
        "x": [cents / 100 for cents in baseline.net_cents],
        "nbinsx": 50,
        "marker": {"color": GREY},
        "hovertemplate": "%{y} draws at $%{x}<extra></extra>",
    }
    made = layout(260)
    made["bargap"] = 0.04
    made["yaxis"] |= titled("draws")
    real = baseline.real_net_cents / 100
    made["xaxis"] |= {"tickformat": "$,.0f", **titled("net of a draw"), **holding([real, *histogram["x"]], most=_ACROSS)}
    made["shapes"] = [{"type": "line", "x0": real, "x1": real, "yref": "paper", "y0": 0, "y1": 1, "line": {"color": BLUE, "width": 2}}]
    made["annotations"] = [
        {
            "x": real,
            "yref": "paper",
            "y": 1,
            "yanchor": "bottom",
            "text": "this run",
            "showarrow": False,
            "font": {"color": BLUE, "size": 12},
        }
    ]
    return {"data": [histogram], "layout": made}


def _candles(bars: list[Bar], clock: list[str]) -> Figure:
    style = {"increasing": {"line": {"color": CANDLE, "width": 1}, "fillcolor": CARD}}
    style["decreasing"] = {"line": {"color": CANDLE, "width": 1}, "fillcolor": CANDLE}
    prices = {name: [getattr(bar, name) for bar in bars] for name in ("open", "high", "low", "close")}
    return {"type": "candlestick", "x": clock, **prices, **style, "showlegend": False, "name": ""}


def _levels(run: Run, trade: Closed, clock: list[str]) -> list[Figure]:
    """Planned stop, target and entry of each leg from the decision to the bar after the exit, and the stops that were moved."""
    intent = run.intent_of(trade)
    if intent is None:
        return []
    span = [new_york(trade.decided_ns)[11:16], next((time for time in clock if time > new_york(trade.closed_ns)[11:16]), clock[-1])]
    legs = intent["plan"]["legs"]
    levels = [("stop", RED, price) for price in sorted({leg[1] for leg in legs})]
    targets = list(dict.fromkeys(leg[2] for leg in legs))
    names = [f"target {count} of {len(targets)}" for count in range(1, len(targets) + 1)] if len(targets) > 1 else ["target"]
    levels += [(name, GREEN, price) for name, price in zip(names, targets, strict=True)]
    levels += [("entry", INK, intent["plan"]["limit"])]
    planned = {leg[1] for leg in legs}
    for record in run.stops:
        if record.body["intent_id"] == intent["intent_id"] and record.body["trigger"] not in planned:
            planned.add(record.body["trigger"])
            levels.append(("stop moved", AMBER, record.body["trigger"]))
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "x": span,
            "y": [price, price],
            "line": {"color": colour, "width": 1.5, "dash": "dot" if name == "entry" else "solid"},
            "hovertemplate": f"{name} {price:,.2f}<extra></extra>",
        }
        for name, colour, price in levels
    ]


def _marker(ts_ns: int, price: float, symbol: str, colour: str, text: str) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [new_york(ts_ns)[11:16]],
        "y": [price],
        "marker": {"symbol": symbol, "size": 11, "color": colour, "line": {"color": CARD, "width": 1}},
        "hovertemplate": f"{text} {price:,.2f}<extra></extra>",
    }


def _dvs_events(bars: list[Bar], times: list[str]) -> Figure:
    hit = [index for index, bar in enumerate(bars) if bar.dvs_events]
    texts = [f"{times[i]}<br>" + "<br>".join(f"{name} −{penalty:.2f}" for name, penalty in bars[i].dvs_events) for i in hit]
    return dots(hit, [bars[index].own_dvs for index in hit], texts, "y")


def _eqs_events(run: Run) -> Figure:
    events = [record for record in run.quality if record.body["score"] == "EQS"]
    starts = [bar.ts_ns for bar in run.bars]
    places = [min(bisect_left(starts, record.ts_ns), max(len(starts) - 1, 0)) for record in events]
    texts = [f"{new_york(record.ts_ns)}<br>{record.body['event']} −{record.body['penalty']:.2f}" for record in events]
    return dots(places, [run.bars[place].eqs for place in places] if run.bars else [], texts, "y2")


def _day_ticks(bars: list[Bar]) -> dict[str, Any]:
    """Ticks at the first bar of every session."""
    return _ticks({index: bar.day for index, bar in enumerate(bars) if index == 0 or bar.day != bars[index - 1].day})


def _ticks(texts: dict[int, str]) -> dict[str, Any]:
    """Ticks with their texts; the page leaves out as many as have no room."""
    return {"tickvals": list(texts), "ticktext": list(texts.values())}
