"""What can be checked on this machine alone: limits, calendar, strategies, journals."""

from __future__ import annotations

import datetime as dt
import math
import tempfile
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

from nautilus_trader.config import StrategyFactory
from nautilus_trader.model.identifiers import InstrumentId

from bot.assembly import strategies
from bot.calendar import Session, SessionCalendar, expiries_from, new_york
from bot.contracts import Contracts
from bot.decision.derived import StrategyLimits, strategy_limits
from bot.decision.limits import Limits
from bot.errors import CalendarError, JournalError, MesbotError, NotOurs
from bot.journal.verify import verify
from bot.node.check.items import CheckItem, failed, passed
from bot.node.journals import FOLDER
from bot.own_files import own_folder
from bot.runtime.runtime import RuntimeSpec

TRADING_DAYS, TRADING_DAYS_WITHIN, HALF_DAY_WITHIN = 5, 14, 400  # trading days ahead; calendar days
DAYS_AHEAD = 60  # calendar days that a person plans
BEFORE, AHEAD = dt.timedelta(days=10), dt.timedelta(days=120)  # so that the front month's roll is covered


def machine_items(contracts: Contracts, today: dt.date, folder: Path) -> tuple[CheckItem, ...]:
    """Everything that needs no broker, in order. `folder` is the state folder."""
    return limits_item(contracts), calendar_item(contracts, today), strategies_item(contracts, today), journal_item(folder)


def limits_item(contracts: Contracts) -> CheckItem:
    """Whether every strategy that a tier allows has limits to trade under."""
    limits, slippage_ticks = Limits.of(contracts), contracts.execution_contract.slippage.base_ticks
    loss, caps, endless = contracts.constitution.loss_limits, [], []
    for tier in limits.tiers:
        allowed = [each for each in strategy_limits(limits, tier, slippage_ticks) if each.allowed]
        caps.append(f"{tier.name} " + " ".join(f"{each.strategy}={each.stop_cap.ticks}" for each in allowed))
        endless += [each for each in allowed if not _usable(each)]
    if endless:
        found = "; ".join(f"{each.strategy} in tier {each.tier}: stop cap {each.stop_cap.ticks} ticks" for each in endless)
        return failed("limits", found, "Correct tiers, risk or sizes; `mesbot contracts` shows them worked out.")
    losses = f"loss ${loss.day_usd:.2f} a day, ${loss.week_usd:.2f} a week, ${loss.month_usd:.2f} a month"
    return passed("limits", f"{losses}; stop caps in ticks: {', '.join(caps)}", losses)


def _usable(limits: StrategyLimits) -> bool:
    numbers = (limits.stop_cap.ticks, limits.risk_cap_cents, limits.worst_case_cents, limits.required_funds_cents)
    return all(0 < number < math.inf for number in numbers)


def calendar_item(contracts: Contracts, today: dt.date) -> CheckItem:
    """Whether the calendars know the next trading days."""
    remedy = "Update exchange_calendars and pandas_market_calendars, or correct session.yaml: calendars."
    try:
        sessions = SessionCalendar(contracts.session, today, today + dt.timedelta(days=HALF_DAY_WITHIN)).sessions
    except CalendarError as error:
        return failed("calendar", str(error), remedy)
    ahead = [session.date for session in sessions if session.date > today.isoformat()][:TRADING_DAYS]
    if len(ahead) < TRADING_DAYS or ahead[-1] > (today + dt.timedelta(days=TRADING_DAYS_WITHIN)).isoformat():
        return failed("calendar", f"only {', '.join(ahead) or 'nothing'} is known as open after {today}", remedy)
    trades = bool(sessions) and sessions[0].date == today.isoformat()
    half = next((f"{new_york(each.close_ns):%Y-%m-%d, closing %H:%M}" for each in sessions if each.half_day), "none within a year")
    early = f", closing {new_york(sessions[0].close_ns):%H:%M}" if trades and sessions[0].half_day else ""
    now = f"{today} is {'a' if trades else 'no'} trading day{early}"
    soon = _days_ahead(contracts, sessions, today)
    return passed("calendar", f"{now}; next {', '.join(ahead)}; next half day {half}; {soon}", f"{now}; {soon}")


def _days_ahead(contracts: Contracts, sessions: Sequence[Session], today: dt.date) -> str:
    """The next 60 days as a person plans them: how many sessions, the week days without one, half days, and the last day of entries
    before a roll."""
    until = today + dt.timedelta(days=DAYS_AHEAD)
    within = {each.date: each for each in sessions if today.isoformat() < each.date <= until.isoformat()}
    days = [today + dt.timedelta(days=number) for number in range(1, DAYS_AHEAD + 1)]
    shut = [day.isoformat() for day in days if day.weekday() < 5 and day.isoformat() not in within]
    half = [day for day, each in within.items() if each.half_day]
    calendar = SessionCalendar(contracts.session, today - BEFORE, today + AHEAD)
    expiries = takewhile(lambda expiry: expiry <= until + BEFORE, expiries_from(today))
    rolls = [roll.isoformat() for expiry in expiries if today < (roll := calendar.roll_date(expiry)) <= until]
    named = (("shut", shut), ("half days", half), ("exit-only before a roll from", rolls))
    told = "".join(f"; {what} {', '.join(found)}" for what, found in named if found)
    return f"{len(within)} sessions in the next {DAYS_AHEAD} days{told}"


def strategies_item(contracts: Contracts, today: dt.date) -> CheckItem:
    """Whether every strategy can be made, and the parameters in force."""
    try:
        instrument_id = InstrumentId.from_str(contracts.constitution.instrument.id)
        made = [StrategyFactory.create(each) for each in strategies(bare_spec(contracts, today), instrument_id)]
    except MesbotError as error:
        return failed("strategies", str(error), "Correct the strategy, or take it away.")
    lines = [f"{each.name} " + " ".join(f"{key}={value}" for key, value in each.rules.model_dump(mode="json").items()) for each in made]
    return passed("strategies", "\n".join(lines), f"{', '.join(each.name for each in made)} can be made")


def journal_item(folder: Path) -> CheckItem:
    """Whether the state folder can be written, and every journal in it is whole."""
    try:
        own_folder(folder)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except NotOurs as error:
        return failed("journal", str(error), "Set MESBOT_HOME to a folder of your own.")
    except OSError as error:
        return failed("journal", f"{folder} cannot be written ({error.strerror})", "Set MESBOT_HOME to a folder that can.")
    heads, broken, told = [], [], []
    for path in sorted((folder / FOLDER).glob("*.sqlite")):
        try:
            report = verify(path)
            heads.append(f"{path.name} {report.head[:12]}")
            told += report.told
        except JournalError as error:
            broken.append(str(error))
    if broken:
        return failed("journal", "\n".join(broken), "Keep the file, move it elsewhere, and find out what touched it before you trade.")
    whole = f"{folder} can be written; {'whole: ' + ', '.join(heads) if heads else 'none yet'}"
    return passed("journal", "\n".join((whole, *told)))


def bare_spec(contracts: Contracts, today: dt.date) -> RuntimeSpec:
    """A run of which nothing is written and by which nothing is sent."""
    return RuntimeSpec(
        contracts.directory,
        contracts.sha256,
        (today - BEFORE).isoformat(),
        (today + AHEAD).isoformat(),
        "",
        observe=True,
        strategies=contracts.strategy_folders,
    )
