"""The deployment checklist: everything that must be right before the bot may trade, looked at without sending an order.

A report is kept in the state folder for each mode and account; LIVE asks for one that passed, is younger than a
day and was made under the same contracts. It does not promise that what was right then is right now.
"""
# long because: it is one checklist, read from top to bottom

from __future__ import annotations

import asyncio
import datetime as dt
import math
import os
import tempfile
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Literal

import msgspec
from nautilus_trader.model.identifiers import InstrumentId

from bot.assembly import STRATEGIES
from bot.calendar import SessionCalendar, new_york
from bot.contracts import Contracts, load_contracts
from bot.contracts.derived import required_funds_cents, strategy_limits, tier_of
from bot.errors import CalendarError, ContractError, JournalError, MesbotError, UsageError
from bot.ibkr import errors as e
from bot.ibkr.config import BrokerConfig
from bot.ibkr.front_month import exit_only_from
from bot.ibkr.link import MAX_SKEW_SECONDS
from bot.ibkr.session import BrokerSession
from bot.journal.verify import verify
from bot.node.endpoint import Endpoint, endpoint_of
from bot.node.probe import Probe, link_settings, probe
from bot.runtime import RuntimeSpec, runtime_of
from bot.units import HOUR_NS, to_cents, to_usd

Mode = Literal["PAPER", "LIVE"]
JOURNALS = "journals"  # beside the reports, in the state folder
VALID_NS = 24 * HOUR_NS
SIMULATED_SECONDS = 3600.0  # no clock that somebody keeps is wrong by more
START_SECONDS = 45.0
BAR_SECONDS, REFUSAL_SECONDS = 20.0, 2.0  # how long a first bar is waited for, and a refusal while the market is shut
TRADING_DAYS, TRADING_DAYS_WITHIN, HALF_DAY_WITHIN = 5, 14, 400  # trading days ahead; calendar days
BEFORE, AHEAD = dt.timedelta(days=10), dt.timedelta(days=120)  # so that the front month's roll is covered
BROKER_ITEMS = ("connection", "account", "instrument", "data permissions", "bars", "orders", "clock skew")
REQUIRED = ("connection", "account")
NO_BROKER = "no broker configured (TWS_HOST, TWS_PORT)"
CONTRACT_TROUBLE = (e.ContractNotFound, e.ContractExpired, e.AmbiguousContract)


class Status(StrEnum):
    """How an item ended. SKIP: it could not be looked at, and `found` says why."""

    PASS = "PASS"
    FAIL = "FAIL"
    SKIP = "SKIP"


class CheckItem(msgspec.Struct, frozen=True):
    """One line of the checklist: what was found, and what a person does about it ("" if nothing)."""

    name: str
    status: Status
    found: str
    remedy: str = ""


class CheckReport(msgspec.Struct, frozen=True):
    """A whole checklist. `made_at_ns` is of the wall, UTC ns; `account` and `contracts_sha256` are "" if they are not known."""

    made_at_ns: int
    mode: Mode
    account: str
    contracts_sha256: str
    items: tuple[CheckItem, ...]

    @property
    def passed(self) -> bool:
        """Whether no item failed."""
        return not self.failed

    @property
    def failed(self) -> list[str]:
        """The names of the items that failed."""
        return [item.name for item in self.items if item.status is Status.FAIL]


async def run_checks(mode: Mode, directory: Path | None, environ: Mapping[str, str], folder: Path, now_ns: int) -> CheckReport:
    """Look at everything, in order. `directory` holds the contracts (None: those in force), `folder` is the state folder.

    `now_ns` is of the wall, UTC ns. What is wrong is in the report; nothing about the machine or the broker is raised.
    """
    try:
        law = load_contracts(directory)
    except ContractError as error:
        items = [
            _failed("contracts", str(error), "Correct the values named."),
            *_skips(("limits", "calendar", "strategies"), "no contracts"),
        ]
        return CheckReport(now_ns, mode, "", "", (*items, _journal(folder), *_skips(BROKER_ITEMS, "no contracts")))
    today = new_york(now_ns).date()
    contracts = _passed("contracts", f"{law.directory}, all cross-checks hold; hash {law.sha256}")
    local = (contracts, _limits(law), _calendar(law, today), _strategies(law, today), _journal(folder))
    account, remote = await _broker(law, mode == "PAPER", environ)
    return CheckReport(now_ns, mode, account, law.sha256, (*local, *remote))


# --------------------------------------------------------------------- the report


def report_path(folder: Path, mode: str, account: str) -> Path:
    """Where the newest report of a mode and account is kept."""
    return folder / f"check-{mode.lower()}-{account or 'none'}.json"


def write_report(report: CheckReport, path: Path) -> None:
    """Write it whole or not at all. Raises MesbotError if the place cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1))
        draft.replace(path)
    except OSError as error:
        raise MesbotError(f"{path} cannot be written ({error.strerror}); name another place, or set MESBOT_HOME to one.") from None


def latest_check(folder: Path, mode: str, account: str) -> CheckReport | None:
    """The newest report of a mode and account; None if there is none that can be read."""
    try:
        report = msgspec.json.decode(report_path(folder, mode, account).read_bytes(), type=CheckReport)
    except (OSError, msgspec.MsgspecError):
        return None
    return report if (report.mode, report.account) == (mode, account) else None


def check_refusal(report: CheckReport | None, now_ns: int, contracts_sha256: str) -> str:
    """Why a report does not allow LIVE at a moment of the wall (UTC ns) under these contracts; "" if it does."""
    if report is None:
        return _must("no check of this account was found")
    when = f"{new_york(report.made_at_ns):%Y-%m-%d %H:%M} New York"
    if report.made_at_ns > now_ns:
        return _must(f"the last check carries a time that has not come, {when}")
    if now_ns - report.made_at_ns >= VALID_NS:
        return _must(f"the last check is of {when}, {(now_ns - report.made_at_ns) / HOUR_NS:.1f} h ago")
    if report.contracts_sha256 != contracts_sha256:
        return _must(
            f"the check of {when} was made under contracts {report.contracts_sha256[:12] or 'unknown'}, not {contracts_sha256[:12]}"
        )
    if not report.passed:
        return _must(f"the check of {when} failed at {', '.join(report.failed)}")
    passed = {item.name for item in report.items if item.status is Status.PASS}
    missing = [name for name in REQUIRED if name not in passed]
    return _must(f"the check of {when} did not look at {' and '.join(missing)}") if missing else ""


def _must(found: str) -> str:
    return (
        f"LIVE is refused: {found}; required is a check less than 24 h old that passed with the broker connected, "
        "under the contracts in force; run `mesbot check --live`."
    )


# ---------------------------------------------------------------- on this machine


def _limits(law: Contracts) -> CheckItem:
    loss, caps, endless = law.constitution.loss_limits, [], []
    for tier in law.constitution.tiers:
        allowed = [limits for limits in strategy_limits(law, tier) if limits.allowed]
        caps.append(f"{tier.name} " + " ".join(f"{limits.strategy}={limits.stop_cap_ticks}" for limits in allowed))
        for limits in allowed:
            numbers = (limits.stop_cap_ticks, limits.risk_cap_cents, limits.worst_case_cents, limits.required_funds_cents)
            if not all(0 < number < math.inf for number in numbers):
                endless.append(f"{limits.strategy} in tier {limits.tier}: stop cap {limits.stop_cap_ticks} ticks")
    if endless:
        return _failed("limits", "; ".join(endless), "Correct tiers, risk or sizes; `mesbot contracts` shows them worked out.")
    losses = f"loss ${loss.day_usd:.2f} a day, ${loss.week_usd:.2f} a week, ${loss.month_usd:.2f} a month"
    return _passed("limits", f"{losses}; stop caps in ticks: {', '.join(caps)}")


def _calendar(law: Contracts, today: dt.date) -> CheckItem:
    remedy = "Update exchange_calendars and pandas_market_calendars, or correct session.yaml: calendars."
    try:
        sessions = SessionCalendar(law.session, today, today + dt.timedelta(days=HALF_DAY_WITHIN)).sessions
    except CalendarError as error:
        return _failed("calendar", str(error), remedy)
    ahead = [session.date for session in sessions if session.date > today.isoformat()][:TRADING_DAYS]
    if len(ahead) < TRADING_DAYS or ahead[-1] > (today + dt.timedelta(days=TRADING_DAYS_WITHIN)).isoformat():
        return _failed("calendar", f"only {', '.join(ahead) or 'nothing'} is known as open after {today}", remedy)
    trades = bool(sessions) and sessions[0].date == today.isoformat()
    half = next((f"{new_york(each.close_ns):%Y-%m-%d, closing %H:%M}" for each in sessions if each.half_day), "none within a year")
    return _passed("calendar", f"{today} is {'a' if trades else 'no'} trading day; next {', '.join(ahead)}; next half day {half}")


def _strategies(law: Contracts, today: dt.date) -> CheckItem:
    try:
        made = [kind(config(runtime=_spec(law, today), instrument_id=InstrumentId.from_str("MES.CME"))) for kind, config in STRATEGIES]
    except Exception as error:  # whatever stops one from being made is what is looked for
        return _failed("strategies", f"{type(error).__name__}: {error}", "Correct strategies.yaml, or the strategy that was changed last.")
    lines = [f"{each.name} " + " ".join(f"{key}={value}" for key, value in each.rules.model_dump(mode="json").items()) for each in made]
    return _passed("strategies", "\n".join(lines))


def _journal(folder: Path) -> CheckItem:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return _failed("journal", f"{folder} cannot be written ({error.strerror})", "Set MESBOT_HOME to a folder that can.")
    paths = sorted((folder / JOURNALS).glob("*.sqlite"))
    heads, broken = [], []
    for path in paths:
        try:
            heads.append(f"{path.name} {verify(path).head[:12]}")
        except JournalError as error:
            broken.append(str(error))
    if broken:
        return _failed("journal", "\n".join(broken), "Keep the file, move it elsewhere, and find out what touched it before you trade.")
    return _passed("journal", f"{folder} can be written; {'whole: ' + ', '.join(heads) if heads else 'none yet'}")


# ------------------------------------------------------------------- at the broker


async def _broker(law: Contracts, paper: bool, environ: Mapping[str, str]) -> tuple[str, list[CheckItem]]:
    """The account, as far as it is known, and the broker's items."""
    try:
        endpoint = endpoint_of(environ)
    except UsageError as error:
        return "", [_failed("connection", str(error), "Correct the environment."), *_skips(BROKER_ITEMS[1:], "no connection")]
    if endpoint is None:
        return "", _skips(BROKER_ITEMS, NO_BROKER)
    try:
        found = await probe(endpoint, law.execution_contract, paper=paper)
    except e.AccountNotFound as error:
        connected = _passed("connection", f"{endpoint} answers")
        return endpoint.account, [connected, _trouble("account", error), *_skips(BROKER_ITEMS[2:], "no account")]
    except e.BrokerError as error:
        return endpoint.account, [_trouble("connection", error), *_skips(BROKER_ITEMS[1:], "no connection")]
    return found.account, await _session(law, paper, endpoint, found)


async def _session(law: Contracts, paper: bool, endpoint: Endpoint, found: Probe) -> list[CheckItem]:
    """Start a session as the bot would, look at it, stop it."""
    replay = abs(found.skew_seconds) > SIMULATED_SECONDS
    link = link_settings(endpoint, law.execution_contract, paper=paper, replay=replay)
    spec = _spec(law, new_york(found.broker_ns).date())
    session = BrokerSession(BrokerConfig(runtime=spec, link=link, ids_path=None, start_timeout_seconds=START_SECONDS))
    trouble: e.BrokerError | None = None
    try:
        await session.start()
        await _first_bar(session, BAR_SECONDS if _market_open(session) else REFUSAL_SECONDS)
        trouble = session.entry_block()
    except e.BrokerError as error:
        trouble = error
    finally:
        await session.stop()
    return _judged(session, law, endpoint, found, trouble)


async def _first_bar(session: BrokerSession, seconds: float) -> None:
    """Wait for the first five-second bar, for trouble, for the end of the link, or for so many seconds of the wall."""
    try:
        async with asyncio.timeout(seconds):
            while session.link.ready and not session.feed.pieces and session.feed.trouble is None:
                await asyncio.sleep(0.02)
    except TimeoutError:
        pass  # what did not come is judged afterwards


def _judged(session: BrokerSession, law: Contracts, endpoint: Endpoint, found: Probe, trouble: e.BrokerError | None) -> list[CheckItem]:
    """Every item as far as the session came, in the order in which it came; the trouble, if any, belongs to one of them."""
    looks: dict[str, Callable[[], CheckItem]] = {
        "connection": lambda: _passed("connection", f"{endpoint}, client id {endpoint.client_id}"),
        "clock skew": lambda: clock_item(found.skew_seconds),
        "account": lambda: _account(session, law),
        "instrument": lambda: _instrument(session),
        "orders": lambda: _passed("orders", "the API takes orders (it is not read-only); none was sent"),
        "data permissions": lambda: _passed("data permissions", "live data, subscribed for this login"),
        "bars": lambda: _bars(session),
    }
    place = "" if trouble is None else _place(trouble)
    rest_unknown = not session.link.was_ready or place in ("connection", "data permissions")
    judged: dict[str, CheckItem] = {}
    for name, look in looks.items():
        if place in judged and rest_unknown:
            judged[name] = _skip(name, "no connection" if place == "connection" else f"not looked at: {place}")
        else:
            judged[name] = look() if trouble is None or name != place else _trouble(name, trouble)
    return [judged[name] for name in BROKER_ITEMS]


def _place(trouble: e.BrokerError) -> str:
    """The item to which trouble of a session belongs."""
    places = (
        ("account", e.AccountNotFound),
        ("instrument", CONTRACT_TROUBLE),
        ("orders", (e.ReadOnlyApi, e.OrderTrouble, e.PositionMismatch)),
        ("data permissions", (e.MarketDataNotSubscribed, e.FeedTrouble)),
    )
    return next((name for name, kinds in places if isinstance(trouble, kinds)), "connection")


def _account(session: BrokerSession, law: Contracts) -> CheckItem:
    account, values = session.link.account, session.account.values
    equity, funds = (to_cents(values[tag]) for tag in ("NetLiquidation", "AvailableFunds"))
    needed = required_funds_cents(law.risk_model, to_cents(law.constitution.instrument.backtest_initial_margin_usd), 1)
    tier = tier_of(law.constitution, equity)
    found = (
        f"{account}, a {'paper' if session.config.link.paper else 'live'} account; "
        f"NetLiquidation ${to_usd(equity):,.2f}, AvailableFunds ${to_usd(funds):,.2f}; tier {tier.name if tier else 'none'}; "
        f"{law.risk_model.margin_buffer:g} x the backtest's initial margin is ${to_usd(needed):,.2f} a contract and "
        f"{'fits' if funds >= needed else 'does not fit'}"
    )
    return _passed("account", found) if tier else _failed("account", found, "Fund the account: no tier allows a trade.")


def _instrument(session: BrokerSession) -> CheckItem:
    front, today = session.provider.front, new_york(session.clock.now_ns()).date()
    assert front is not None, "a session that has synchronised knows its front month"
    roll = exit_only_from(front, runtime_of(session.config.runtime).calendar) or front.last_trade_date
    days = (roll - today).days
    return _passed("instrument", f"{front.local_symbol} at {front.exchange}, exit-only from {roll}, which is {days} days after {today}")


def _bars(session: BrokerSession) -> CheckItem:
    if session.feed.pieces:
        return _passed("bars", "five-second bars arrive")
    if not _market_open(session):
        return _skip("bars", f"Globex is shut ({new_york(session.clock.now_ns()):%Y-%m-%d %H:%M} New York)")
    found = f"no five-second bar within {BAR_SECONDS:g} s of an open market"
    return _failed("bars", found, "Look in the gateway whether its data farms are connected, then check again.")


def clock_item(skew_seconds: float) -> CheckItem:
    """Whether the clocks agree. `skew_seconds` is the gateway's clock less this machine's."""
    if abs(skew_seconds) > SIMULATED_SECONDS:
        hours = skew_seconds / 3600
        return _skip(
            "clock skew", f"the gateway's clock is {hours:+,.1f} h from this machine's: a simulated gateway that replays recorded time"
        )
    found = f"the gateway's clock is {skew_seconds:+.1f} s from this machine's; {MAX_SKEW_SECONDS:g} s are allowed"
    return _failed("clock skew", found, e.ClockSkew.hint) if abs(skew_seconds) > MAX_SKEW_SECONDS else _passed("clock skew", found)


# --------------------------------------------------------------------------- words


def _market_open(session: BrokerSession) -> bool:
    return runtime_of(session.config.runtime).calendar.globex_open(session.clock.now_ns())


def _spec(law: Contracts, today: dt.date) -> RuntimeSpec:
    """A run that nothing is written of."""
    return RuntimeSpec(law.directory, law.sha256, (today - BEFORE).isoformat(), (today + AHEAD).isoformat(), "")


def _passed(name: str, found: str) -> CheckItem:
    return CheckItem(name, Status.PASS, found)


def _failed(name: str, found: str, remedy: str) -> CheckItem:
    return CheckItem(name, Status.FAIL, found, remedy)


def _skip(name: str, why: str) -> CheckItem:
    return CheckItem(name, Status.SKIP, why)


def _skips(names: tuple[str, ...], why: str) -> list[CheckItem]:
    return [_skip(name, why) for name in names]


def _trouble(name: str, error: e.BrokerError) -> CheckItem:
    number = f" ({error.code})" if error.code else ""
    return _failed(name, f"{type(error).__name__}{number}: {error.text}", error.hint)
