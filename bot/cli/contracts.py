"""`mesbot contracts`: what is in force, worked out in ticks and dollars. Arithmetic: bot/contracts/derived.py."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.strategies_option import strategies_option

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from bot.contracts import Contracts
    from bot.contracts.derived import StrategyLimits
    from bot.contracts.models import Tier

NARROWEST = 120
HELP = """
Show the contracts in force: where they come from, their hash, every limit worked out in ticks and
dollars, and what changed since the last run.

\b
Examples:
  mesbot contracts
  mesbot contracts --contracts my-contracts/
"""


@click.command(help=HELP, short_help="Show every limit in force, worked out.")
@click.option("--contracts", "directory", type=click.Path(path_type=Path), help="Folder; default: ./contracts, else the packaged ones.")
@strategies_option
def contracts(directory: Path | None, strategies: tuple[Path, ...]) -> None:
    """Prints; a broken file ends with exit code 3 and every fault."""
    from rich.console import Console

    from bot.contracts import load_contracts

    law = load_contracts(directory, strategies)
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=max(console.width, NARROWEST))
    _header(law, console)
    for title, table in (_limits_table(law), _margin_table(law), _windows_table(law)):
        console.print(title, soft_wrap=True)
        console.print(table)
    console.print(_session_line(law), soft_wrap=True)
    _changes(law, console)


def _header(law: Contracts, console: Console) -> None:
    versions = ", ".join(f"{name} {said['version']}" for name, said in law.values().items())
    console.print(f"Contracts in force: {law.directory}\nHash:               {law.sha256}\nVersions:           {versions}", soft_wrap=True)
    loss, rate = law.constitution.loss_limits, law.constitution.frequency
    console.print(
        f"Loss limits:        ${loss.day_usd:.2f} a day, ${loss.week_usd:.2f} a week, ${loss.month_usd:.2f} a month; "
        f"locked after {law.constitution.losing_streak.max_losses} losses in a row\n"
        f"Frequency:          {rate.max_trades_per_day} trades a day, {rate.max_entries_per_hour} entry an hour, "
        f"{rate.min_spacing_minutes} min apart, {rate.max_submissions_per_day} submissions a day\n"
    )


def _limits_table(law: Contracts) -> tuple[str, Table]:
    from bot.contracts.derived import largest_stop_ticks, min_target_ticks, strategy_limits
    from bot.units import to_cents

    slippage_ticks = law.execution_contract.slippage.base_ticks
    table = _table("tier", "strategy", "contracts", "risk cap", "stop cap", "set by", "worst case", "day left", "then stop")
    day_cents, fee_cents = to_cents(law.constitution.loss_limits.day_usd), to_cents(law.risk_model.fee_per_side_usd)
    for tier in law.constitution.tiers:
        for limits in strategy_limits(law, tier):
            left_cents = day_cents - limits.worst_case_cents
            next_ticks = largest_stop_ticks(left_cents, limits.quantity, slippage_ticks, fee_cents)
            table.add_row(*_limits_row(law, limits, min(next_ticks, limits.stop_cap_ticks), left_cents))
        table.add_section()
    title = (
        f"Limits of a plan: worst case with {slippage_ticks} tick of slippage and fees, then what the day's budget leaves; "
        f"targets from {min_target_ticks(law, slippage_ticks)} ticks (friction)"
    )
    return title, table


def _limits_row(law: Contracts, limits: StrategyLimits, next_ticks: int, left_cents: int) -> tuple[str, ...]:
    names = (limits.tier, limits.strategy, str(limits.quantity))
    min_ticks = law.constitution.risk_per_trade.min_stop_ticks
    if not limits.allowed:
        return (*names, "not in tier", "", "", "", "", "")
    if limits.stop_cap_ticks < min_ticks:
        return (*names, _usd(limits.risk_cap_cents), f"none >= {min_ticks}", ", ".join(limits.binding), "", "", "")
    then = f"<= {next_ticks} ticks" if next_ticks >= min_ticks else "none fits"
    return (
        *names,
        _usd(limits.risk_cap_cents),
        f"{limits.stop_cap_ticks} ticks",
        ", ".join(limits.binding),
        _usd(limits.worst_case_cents),
        _usd(left_cents),
        then,
    )


def _margin_table(law: Contracts) -> tuple[str, Table]:
    from bot.contracts.derived import strategy_limits

    tiers = law.constitution.tiers
    table = _table("strategy", "needs", *(f"{tier.name} from ${tier.min_equity_usd:,.0f}" for tier in tiers))
    rows = [strategy_limits(law, tier) for tier in tiers]
    for same in zip(*rows, strict=True):
        cells = [_margin_cell(law, tier, limits) for tier, limits in zip(tiers, same, strict=True)]
        table.add_row(same[0].strategy, _usd(same[0].required_funds_cents), *cells)
    margin_usd = law.constitution.instrument.backtest_initial_margin_usd
    return f"What margin forbids, by equity: {law.risk_model.margin_buffer:g} x ${margin_usd:,.2f} a contract must be free", table


def _margin_cell(law: Contracts, tier: Tier, limits: StrategyLimits) -> str:
    from bot.contracts.derived import margin_opens_at_cents
    from bot.units import to_cents

    if not limits.allowed:
        return "-"
    opens_at = margin_opens_at_cents(law.constitution, tier, limits.required_funds_cents)
    if opens_at is None:
        return "forbidden"
    return "free" if opens_at == to_cents(tier.min_equity_usd) else f"from {_usd(opens_at)}"


def _session_line(law: Contracts) -> str:
    from bot.contracts.derived import minutes_before

    session, close = law.session, law.session.rth.close
    holes = ", ".join(f"[{each.start:%H:%M}, {each.end:%H:%M}) {each.reason}" for each in session.no_entry)
    return (
        f"Session (New York): {session.rth.open:%H:%M} to {close:%H:%M}; no entries in {holes}, "
        f"nor from {minutes_before(close, session.last_entry_minutes_before_close):%H:%M}; "
        f"flatten on the bar stamped {minutes_before(close, session.flatten_minutes_before_close):%H:%M}, "
        f"flat by {minutes_before(close, session.flat_minutes_before_close):%H:%M}"
    )


def _windows_table(law: Contracts) -> tuple[str, Table]:
    from bot.contracts.derived import entry_windows

    table = _table("strategy", "windows")
    for name in law.traders:
        windows = entry_windows(law, name)
        table.add_row(name, "  ".join(f"{start:%H:%M}-{end:%H:%M}" for start, end in windows) or "never")
    return "When entries may be decided (New York, full day)", table


def _changes(law: Contracts, console: Console) -> None:
    from bot.state_folder import last_contracts, values_of

    before, now = last_contracts(), values_of(law)
    if before is None:
        console.print("\nChanges: no earlier run to compare with.")
        return
    changed = [key for key in sorted(before.keys() | now.keys()) if before.get(key) != now.get(key)]
    console.print("\nChanges since the last run:" if changed else "\nChanges since the last run: none.")
    for key in changed:
        console.print(f"  {key} = {now.get(key, 'gone')} (was {before.get(key, 'not there')})", markup=False)


def _table(*columns: str) -> Table:
    from rich import box
    from rich.table import Table

    return Table(*columns, box=box.SIMPLE_HEAD)


def _usd(cents: int) -> str:
    return f"-${-cents / 100:,.2f}" if cents < 0 else f"${cents / 100:,.2f}"
