"""The report's tables as HTML. Every text that comes from the journal is escaped here; every number says its name."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from bot.journal.sentences import LAYER_NAMES
from bot.report import wording
from bot.report.numbers.refusals import QUARANTINE
from bot.report.numbers.trades import FIRST_TARGET
from bot.report.page import coloured, folded, table
from bot.report.random_entries import BOOK
from bot.report.run import Closed
from bot.report.summary import Summary
from bot.words import brief


def named(summary: Summary, name: str) -> str:
    """A number as HTML that says its name when pointed at."""
    text = wording.written(summary.value(name), summary[name].unit)
    return f'<span title="mesbot why {escape(name)}">{escape(text)}</span>'


def _cells(summary: Summary, owner: str, parts: Sequence[str]) -> list[str]:
    return [named(summary, f"{owner}.{part}") for part in parts]


def _net(summary: Summary, name: str) -> str:
    return coloured(named(summary, name), summary.single(name))


def strategies(summary: Summary) -> str:
    """Per strategy: plans, chosen, trades, win rate, net and R, each with its interval, and random entries beside them."""
    confidence = f"{100 * summary.run.contracts.learning.wilson_confidence:.0f} %"
    headings = ["", "State", "Net", confidence, "Trades", "Won", confidence, "R/trade", confidence, "Random"]
    headings += ["Plans", "long / short", "Chosen"]
    rows = [_strategy(summary, name) for name in [*summary.strategies, BOOK]]
    return table(headings, rows, set(range(2, len(headings))), total=True)


def _strategy(summary: Summary, name: str) -> list[str]:
    plans, long, short, chosen, trades = _cells(summary, name, ("plans", "plans.long", "plans.short", "chosen", "trades"))
    head = [f"<b>{escape(name)}</b>", escape(summary.state(name).lower())]
    tail = [plans, f"{long} / {short}", chosen]
    if not summary.value(f"{name}.trades"):
        return [*head, wording.NONE, "", trades, wording.NONE, "", wording.NONE, "", wording.NONE, *tail]
    won, won_interval, net_interval, r, r_interval, below = _cells(
        summary, name, ("won", "won.interval", "net.interval", "r", "r.interval", "random.below")
    )
    return [*head, _net(summary, f"{name}.net"), net_interval, trades, won, won_interval, r, r_interval, below, *tail]


def random_entries(summary: Summary) -> str:
    """Per strategy and for the book: the net of its trades, and that of as many random entries."""
    headings = ["", "Trades", "Net", "Random: middle", "Random: 95 % of draws", "Draws below"]
    rows = []
    for name in [*summary.strategies, BOOK]:
        if not summary.random.missing(name):
            middle, interval, below = _cells(summary, name, ("random.median", "random.interval", "random.below"))
            trades = named(summary, f"{name}.trades")
            rows.append([f"<b>{escape(name)}</b>", trades, _net(summary, f"{name}.net"), middle, interval, below])
    return table(headings, rows, {1, 2, 3, 4, 5}, total=True)


def trades(summary: Summary) -> str:
    """Every real trade, named by the bar that decided it."""
    headings = ["Decided", "", "Side", "Net", "R", "Reason", "Contracts", "Entry", "Stop", "Target", "Exit", "Best", "Worst", "Held"]
    rows = [_trade(summary, index, trade) for index, trade in enumerate(summary.run.trades, 1)]
    return folded(f"All {len(rows)} trades", table(headings, rows, set(range(3, len(headings))) - {5}), len(rows))


def _trade(summary: Summary, index: int, trade: Closed) -> list[str]:
    owner = f"trades.{index}"
    r, quantity, entry, left, *rest = _cells(summary, owner, ("r", "quantity", "entry", "exit", "best", "worst", "held"))
    planned = _cells(summary, owner, ("stop", "target")) if summary.run.intent_of(trade) is not None else [wording.NONE, wording.NONE]
    if summary.run.legs_of(trade) > 1:
        planned[1] = f"{named(summary, f'{owner}.{FIRST_TARGET}')} / {planned[1]}"
    return [
        wording.minute(trade.decided_ns),
        f"<b>{escape(trade.strategy)}</b>",
        "long" if trade.side > 0 else "short",
        _net(summary, f"{owner}.net"),
        r,
        escape(trade.exit_reason) + (" · budget overrun" if trade.budget_overrun else "") + (f" · {trade.mark}" if trade.mark else ""),
        quantity,
        entry,
        *planned,
        left,
        *rest,
    ]


def refusals(summary: Summary) -> str:
    """Plans by the first gate that refused them, the most frequent first."""
    rows = [
        [_code(code), escape(strategy), named(summary, name), f"{layer} {LAYER_NAMES[layer]}"]
        for name, strategy, code in _by_code(summary, "refused")
        for layer in [summary.layer_of[code]]
    ]
    return folded(f"All {len(rows)} refusals, by gate and strategy", table(["Refused by", "", "Plans", "Layer"], rows, {2}), len(rows))


def missing_setups(summary: Summary) -> str:
    """Bars without a plan by the first condition of the setup, or the gate, that failed; the most frequent first."""
    rows = [[_code(code), escape(strategy), named(summary, name)] for name, strategy, code in _by_code(summary, "skips")]
    return folded(f"All {len(rows)} reasons for no plan", table(["No plan for want of", "", "Bars"], rows, {2}), len(rows))


def _by_code(summary: Summary, part: str) -> list[tuple[str, str, str]]:
    """Name, strategy and code of these counts of all strategies, the highest first."""
    found = [
        (name, strategy, name.removeprefix(prefix))
        for strategy in summary.strategies
        for prefix in [f"{strategy}.{part}."]
        for name in summary.numbers
        if name.startswith(prefix) and not name.removeprefix(prefix).isdigit()
    ]
    return sorted(found, key=lambda item: (-summary.single(item[0]), item[2], item[1]))


def _code(code: str) -> str:
    return f'<span class="mono">{escape(code)}</span>'


def states(summary: Summary) -> str:
    """Every change of a strategy's state, with the evidence and what would release it."""
    headings = ["Time", "", "From", "To", "Why", "Statistic", "Sample", "Released by"]
    rows = [
        [
            wording.minute(record.ts_ns),
            f"<b>{escape(body['strategy'])}</b>",
            escape(body["before"].lower()),
            escape(body["after"].lower()) + (f" {body['throttle_level']}" if body["after"] == "THROTTLED" else ""),
            escape(brief(body["reason"])),
            f"{escape(body['statistic'].replace('_', ' '))} {named(summary, f'states.{index}.value')}",
            named(summary, f"states.{index}.sample"),
            escape(brief(body["release"])),
        ]
        for index, record in enumerate(summary.run.states, 1)
        for body in [record.body]
    ]
    return folded(f"All {len(rows)} changes of state", table(headings, rows, {6}, {4, 7}), len(rows))


def released_by(summary: Summary) -> str:
    """What releases each strategy that is not ACTIVE at the end, a line each; "" if all are."""
    last = {record.body["strategy"]: record for record in summary.run.states}
    lines = [
        f"<li><b>{escape(name)}</b> {escape(record.body['after'].lower())} since {wording.minute(record.ts_ns)}, released by: "
        f"{escape(brief(record.body['release']))}</li>"
        for name, record in sorted(last.items())
        if record.body["after"] != "ACTIVE"
    ]
    return f"<p>At the end, counted from the time of each:</p><ul>{''.join(lines)}</ul>" if lines else ""


def ledger(summary: Summary) -> str:
    """What each gate, each veto of K5 and each quarantine saved or cost, by the shadow trades that it refused."""
    confidence = summary.run.contracts.learning.wilson_confidence
    headings = ["", "Refused by", "Net", f"{100 * confidence:.0f} %", "Episodes", "Saved", "Cost", "Also refused by another"]
    rows = []
    for entry in summary.ledger:
        owner = f"ledger.{entry.name}"
        episodes, saved, cost, interval, overlap = _cells(summary, owner, ("episodes", "saved", "cost", "net.interval", "overlap"))
        label = escape(entry.label) if entry.kind == QUARANTINE else _code(entry.label)
        rows.append([entry.kind, label, _net(summary, f"{owner}.net"), interval, episodes, saved, cost, overlap])
    return folded(f"All {len(rows)} refusers", table(headings, rows, {2, 3, 4, 5, 6, 7}), len(rows))


def days(summary: Summary) -> str:
    """Per session: bars, scores, trades, net, and the least that was left of each loss limit."""
    headings = ["Session", "Net", "Trades", "Left: day", "week", "month", "Bars", "Rejected", "DVS below gate", "Lowest DVS", "Lowest EQS"]
    rows = []
    for day in summary.days:
        owner = f"days.{day.date}"
        net = _net(summary, f"{owner}.net") if day.trades else wording.NONE
        parts = ("trades", "left.day", "left.week", "left.month", "bars", "rejected", "low_dvs", "lowest_dvs", "lowest_eqs")
        rows.append([day.date, net, *_cells(summary, owner, parts)])
    return folded(f"All {len(rows)} sessions", table(headings, rows, set(range(1, len(headings)))), len(rows))
