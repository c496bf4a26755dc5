"""The report's tables as HTML. Every text that comes from the journal is escaped here."""

from __future__ import annotations

from collections import Counter
from html import escape

from bot.journal.records import Action
from bot.journal.sentences import LAYER_NAMES
from bot.learning.ledger import LedgerRow
from bot.learning.outcome import TradeOutcome
from bot.report import wording
from bot.report.page import coloured, table
from bot.report.run import Run
from bot.report.summary import DayRow, StrategyRow, Summary

VETOER = "K5"  # it never has a plan, so nothing refuses one


def strategies(summary: Summary) -> str:
    """Per strategy: plans, chosen, trades, win rate, net and R, each with its interval."""
    confidence = f"{100 * summary.run.contracts.learning.wilson_confidence:.0f} %"
    headings = ["", "State", "Plans", "long / short", "Chosen", "Trades", "Won", confidence, "Net", confidence, "R/trade", confidence]
    rows = [_strategy(row) for row in [*summary.strategies, summary.book]]
    return table(headings, rows, set(range(2, len(headings))), total=True)


def _strategy(row: StrategyRow) -> list[str]:
    rate, rate_interval = wording.win_rate(row)
    low, high = row.net_interval
    net = coloured(wording.dollars(row.net_cents), row.net_cents) if row.trades else wording.NONE
    return [
        f"<b>{escape(row.strategy)}</b>",
        escape(row.state.lower()),
        f"{row.plans:,}",
        f"{row.long:,} / {row.short:,}",
        f"{row.chosen:,}",
        str(row.trades),
        rate,
        rate_interval,
        net,
        f"{wording.dollars(low)} … {wording.dollars(high)}" if low == low else "",
        wording.number(row.mean_r, sign=True),
        wording.r_interval(row),
    ]


def trades(run: Run) -> str:
    """Every real trade, named by the bar that decided it."""
    headings = ["Decided", "", "Side", "Entry", "Exit", "Reason", "Net", "R", "Best", "Worst", "Held"]
    rows = [_trade(trade) for trade in run.trades]
    return table(headings, rows, {3, 4, 6, 7, 8, 9, 10})


def _trade(trade: TradeOutcome) -> list[str]:
    return [
        wording.minute(trade.decided_ns),
        f"<b>{escape(trade.strategy)}</b>",
        "long" if trade.side > 0 else "short",
        f"{trade.entry_price:,.2f}",
        f"{trade.exit_price:,.2f}",
        escape(trade.exit_reason) + (" · budget overrun" if trade.budget_overrun else ""),
        coloured(wording.dollars(trade.net_cents), trade.net_cents),
        wording.number(trade.r, sign=True),
        f"{trade.mfe_ticks} ticks",
        f"{trade.mae_ticks} ticks",
        f"{trade.duration_seconds / 60:.0f} min",
    ]


def refusals(run: Run) -> str:
    """Plans by the first gate that refused them, the most frequent first."""
    rows = [
        [f"{layer} {LAYER_NAMES[layer]}", _code(code), escape(strategy), f"{number:,}"]
        for (layer, code, strategy), number in _reasons(run, plan=True)
    ]
    return table(["Layer", "Refused by", "", "Plans"], rows, {3})


def missing_setups(run: Run) -> str:
    """Bars without a plan by the first condition of the setup, or the gate, that failed; the most frequent first."""
    rows = [[_code(code), escape(strategy), f"{number:,}"] for (_, code, strategy), number in _reasons(run, plan=False)]
    return table(["No plan for want of", "", "Bars"], rows, {2})


def _reasons(run: Run, plan: bool) -> list[tuple[tuple[int, str, str], int]]:
    found: Counter[tuple[int, str, str]] = Counter()
    for count, number in run.decisions.items():
        if count.strategy == VETOER or count.action is not Action.SKIP or count.plan is not plan:
            continue
        if count.code is not None and count.layer is not None:
            found[count.layer, count.code, count.strategy] += number
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))


def _code(code: str) -> str:
    return f'<span class="mono">{escape(code)}</span>'


def states(run: Run) -> str:
    """Every change of a strategy's state, with the evidence and what would release it."""
    headings = ["Time", "", "From", "To", "Why", "Statistic", "Sample", "Released by"]
    rows = [
        [
            wording.minute(record.ts_ns),
            f"<b>{escape(body['strategy'])}</b>",
            escape(body["before"].lower()),
            escape(body["after"].lower()) + (f" {body['throttle_level']}" if body["after"] == "THROTTLED" else ""),
            escape(body["reason"]),
            f"{escape(body['statistic'].replace('_', ' '))} {wording.NONE if body['value'] is None else f'{body["value"]:.3g}'}",
            str(body["sample_size"]),
            escape(body["release"]),
        ]
        for record in run.states
        for body in [record.body]
    ]
    return table(headings, rows, {6}, {4, 7})


def ledger(rows: list[LedgerRow], confidence: float) -> str:
    """What each gate, veto and quarantine saved or cost, by the shadow trades that it refused."""
    headings = ["Refused by", "Episodes", "Saved", "Cost", "Net", f"{100 * confidence:.0f} %", "Also refused by another"]
    cells = [
        [
            _code(row.code),
            f"{row.episodes:,}",
            wording.dollars(row.saved_cents),
            wording.dollars(-row.cost_cents),
            coloured(wording.dollars(row.net_cents), row.net_cents),
            "" if row.low_cents != row.low_cents else f"{wording.dollars(row.low_cents)} … {wording.dollars(row.high_cents)}",
            wording.percent(row.overlap),
        ]
        for row in rows
    ]
    return table(headings, cells, {1, 2, 3, 4, 5, 6})


def days(summary: Summary) -> str:
    """Per session: bars, scores, trades, net, and the least that was left of each loss limit."""
    headings = ["Session", "Bars", "Rejected", "DVS below gate", "Lowest DVS", "Lowest EQS", "Trades", "Net", "Left: day", "week", "month"]
    return table(headings, [_day(day) for day in summary.days], set(range(1, len(headings))))


def _day(day: DayRow) -> list[str]:
    return [
        day.day,
        f"{day.bars:,}",
        f"{day.rejected:,}",
        f"{day.low_dvs_bars:,}",
        wording.NONE if day.lowest_dvs is None else f"{day.lowest_dvs:.2f}",
        f"{day.lowest_eqs:.2f}",
        str(day.trades),
        coloured(wording.dollars(day.net_cents), day.net_cents) if day.trades else wording.NONE,
        *(f"${cents / 100:,.2f}" for cents in (day.left_day_cents, day.left_week_cents, day.left_month_cents)),
    ]
