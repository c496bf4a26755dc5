"""The report's figures as plotly specifications (plain dicts: plotly.js draws them in the reader's browser).

Time axes count bars, so that nights and weekends take no room; ticks and hover texts say New York time.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate, cycle
from typing import Any

from bot.journal.sentences import LAYER_NAMES
from bot.journal.times import new_york
from bot.report.baseline import Baseline
from bot.report.run import Bar, Closed, Run
from bot.report.summary import Summary

Figure = dict[str, Any]

INK, MUTED, GRID = "#1d2733", "#667385", "#e7eaee"
BLUE, GREEN, RED, AMBER, GREY = "#2f5f8f", "#2e7d5b", "#b5483a", "#b9812c", "#a9b2bd"
PALETTE = ("#2f5f8f", "#5b8f8a", "#b9812c", "#7d5a94", "#8a94a0", "#a3596b", "#6b7d3a", "#3f6f9f", "#94705a")  # by place, then anew
_BEFORE, _AFTER = 20, 12  # bars shown around a trade


def equity_and_drawdown(summary: Summary, start_cents: int) -> Figure:
    """Equity after each trade above, distance from its highest point below; dollars, a step at each close."""
    trades = sorted(summary.run.results, key=lambda trade: trade.closed_ns)
    equity = list(accumulate((trade.net_cents for trade in trades), initial=start_cents))
    equity.append(equity[-1])  # so that the last step has a width
    peaks = accumulate(equity, max)
    closes = [f"{new_york(trade.closed_ns)}<br>{trade.strategy} {trade.exit_reason} {trade.net_cents / 100:+.2f}" for trade in trades]
    labels = ["start", *closes, "end"]
    steps = list(range(len(equity)))
    upper = _line(steps, [cents / 100 for cents in equity], labels, BLUE, shape="hv", width=2)
    fall = [(cents - peak) / 100 for cents, peak in zip(equity, peaks, strict=True)]
    lower = {**_line(steps, fall, labels, RED, shape="hv", width=1), "yaxis": "y2", "fill": "tozeroy", "fillcolor": "rgba(181,72,58,.12)"}
    layout = _layout(360)
    layout["xaxis"] |= {"title": {"text": "trades"}, "anchor": "y2", "dtick": max(1, len(steps) // 12), "tick0": 0}
    layout["yaxis"] |= {"domain": [0.36, 1.0], "tickformat": "$,.0f"}
    layout["yaxis2"] = {**_axis(), "domain": [0.0, 0.26], "tickformat": "$,.0f"}
    return {"data": [upper, lower], "layout": layout}


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
    layout = _layout(90 + 38 * len(layers))
    layout |= {"barmode": "stack", "showlegend": True, "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}}
    layout["yaxis"] |= {"automargin": True, "showgrid": False}
    layout["xaxis"]["title"] = {"text": "plans refused"}
    return {"data": data, "layout": layout}


def scores(run: Run) -> Figure:
    """DVS above and EQS below, every bar of the run, with what lowered them; dashed: the gates for entries."""
    bars = run.bars
    steps, times = list(range(len(bars))), [new_york(bar.ts_ns) for bar in bars]
    gates = run.contracts.constitution.quality_gates
    dvs = _line(steps, [bar.dvs for bar in bars], times, BLUE, shape="hv")
    eqs = {**_line(steps, [round(bar.eqs, 4) for bar in bars], times, GREEN), "yaxis": "y2"}
    layout = _layout(380)
    layout["xaxis"] |= {"anchor": "y2", **_day_ticks(bars)}
    layout["yaxis"] |= {"domain": [0.55, 1.0], "range": [-0.04, 1.06], "title": {"text": "DVS"}}
    layout["yaxis2"] = {**_axis(), "domain": [0.0, 0.45], "range": [-0.04, 1.06], "title": {"text": "EQS"}}
    layout["shapes"] = [_gate(gates.dvs.enter, "y"), _gate(gates.eqs.enter, "y2")]
    return {"data": [dvs, eqs, _dvs_events(bars, times), _eqs_events(run)], "layout": layout}


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
    layout = _layout(300)
    layout["xaxis"] |= {
        "type": "category",
        "nticks": 8,
        "rangeslider": {"visible": False},
        "categoryorder": "array",
        "categoryarray": clock,
    }
    layout["yaxis"] |= {"tickformat": ",.2f", "nticks": 6}
    return {"data": data, "layout": layout}


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
    layout = _layout(260)
    layout["xaxis"] |= {"type": "category", "nticks": 14, "tickangle": 0}
    layout["yaxis"] |= {"tickformat": "$,.0f"}
    layout["shapes"] = [_gate(limit, "y")]
    return {"data": [bars], "layout": layout}


def random_results(baseline: Baseline) -> Figure:
    """How often random entries came to which net result; the line is the run's own."""
    histogram = {
        "type": "histogram",
        "x": [cents / 100 for cents in baseline.net_cents],
        "nbinsx": 50,
        "marker": {"color": GREY},
        "hovertemplate": "%{y} draws at $%{x}<extra></extra>",
    }
    layout = _layout(260)
    layout["bargap"] = 0.04
    layout["xaxis"] |= {"tickformat": "$,.0f", "title": {"text": "net of a draw"}}
    real = baseline.real_net_cents / 100
    layout["shapes"] = [{"type": "line", "x0": real, "x1": real, "yref": "paper", "y0": 0, "y1": 1, "line": {"color": BLUE, "width": 2}}]
    layout["annotations"] = [
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
    return {"data": [histogram], "layout": layout}


def _candles(bars: list[Bar], clock: list[str]) -> Figure:
    style = {"increasing": {"line": {"color": "#7f8b98", "width": 1}, "fillcolor": "#ffffff"}}
    style["decreasing"] = {"line": {"color": "#7f8b98", "width": 1}, "fillcolor": "#7f8b98"}
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
    levels += [("target", GREEN, price) for price in sorted({leg[2] for leg in legs})]
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
        "marker": {"symbol": symbol, "size": 11, "color": colour, "line": {"color": "#ffffff", "width": 1}},
        "hovertemplate": f"{text} {price:,.2f}<extra></extra>",
    }


def _dvs_events(bars: list[Bar], times: list[str]) -> Figure:
    hit = [index for index, bar in enumerate(bars) if bar.dvs_events]
    texts = [f"{times[i]}<br>" + "<br>".join(f"{name} −{penalty:.2f}" for name, penalty in bars[i].dvs_events) for i in hit]
    return _dots(hit, [bars[index].own_dvs for index in hit], texts, "y")


def _eqs_events(run: Run) -> Figure:
    events = [record for record in run.quality if record.body["score"] == "EQS"]
    starts = [bar.ts_ns for bar in run.bars]
    places = [min(bisect_left(starts, record.ts_ns), max(len(starts) - 1, 0)) for record in events]
    texts = [f"{new_york(record.ts_ns)}<br>{record.body['event']} −{record.body['penalty']:.2f}" for record in events]
    return _dots(places, [run.bars[place].eqs for place in places] if run.bars else [], texts, "y2")


def _dots(x: list[int], y: list[float], texts: list[str], axis: str) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": x,
        "y": y,
        "text": texts,
        "yaxis": axis,
        "marker": {"color": AMBER, "size": 5},
        "hovertemplate": "%{text}<extra></extra>",
    }


def _line(x: list[int], y: list[Any], texts: list[str], colour: str, shape: str = "linear", width: float = 1.4) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "text": texts,
        "line": {"color": colour, "width": width, "shape": shape},
        "hovertemplate": "%{text}<br>%{y:,.2f}<extra></extra>",
    }


def _day_ticks(bars: list[Bar]) -> dict[str, Any]:
    """Ticks at the first bar of sessions, at most a dozen of them."""
    firsts = [index for index, bar in enumerate(bars) if index == 0 or bar.day != bars[index - 1].day]
    shown = firsts[:: max(1, len(firsts) // 12)]
    return {"tickvals": shown, "ticktext": [bars[index].day for index in shown]}


def _gate(value: float, axis: str) -> Figure:
    line = {"color": MUTED, "width": 1, "dash": "dash"}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": axis, "y0": value, "y1": value, "line": line}


def _axis() -> dict[str, Any]:
    return {"gridcolor": GRID, "zeroline": False, "linecolor": GRID, "tickfont": {"color": MUTED}}


def _layout(height: int) -> dict[str, Any]:
    return {
        "height": height,
        "margin": {"l": 64, "r": 16, "t": 16, "b": 44},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "system-ui, -apple-system, Segoe UI, Roboto, sans-serif", "size": 12, "color": INK},
        "showlegend": False,
        "hoverlabel": {"bgcolor": "#ffffff", "bordercolor": GRID, "font": {"color": INK}},
        "xaxis": _axis(),
        "yaxis": _axis(),
    }
