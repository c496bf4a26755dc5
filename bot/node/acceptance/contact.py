"""What must be true before an acceptance sends anything, and the first looks at the gateway: connection, account, contract, data."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any

import msgspec

from bot.calendar import SessionCalendar, new_york
from bot.contracts import Contracts
from bot.errors import MesbotError
from bot.ibkr.config import BrokerConfig
from bot.ibkr.data.front_month import exit_only_from
from bot.ibkr.errors import NotSynced
from bot.ibkr.session import BrokerSession
from bot.journal.run_lock import held_by
from bot.masking import masked
from bot.node.acceptance.hand import until
from bot.node.acceptance.recorder import Recorder
from bot.node.acceptance.steps import Steps
from bot.node.broker_run import Meeting
from bot.node.check.machine import bare_spec
from bot.node.journals import FOLDER
from bot.node.probe import link_settings
from bot.node.request import BrokerRequest
from bot.plural import counted
from bot.runtime.past import past_of
from bot.runtime.runtime import runtime_of
from bot.units import MINUTE_NS, to_ticks, to_usd

START_SECONDS, DATA_SECONDS = 60.0, 20.0
NEEDED_MINUTES = 6  # until the next entry window or the session's end
A_WEEK = dt.timedelta(days=7)


class AcceptanceRefused(MesbotError):
    """No acceptance was begun and nothing was sent; the text says why."""

    exit_code = 2


def refuse_beside_a_bot(state: Path) -> None:
    """Raises AcceptanceRefused if a bot writes a journal of this state folder."""
    for journal in sorted((state / FOLDER).glob("*.sqlite")):
        if (process := held_by(journal)) is not None:
            raise AcceptanceRefused(
                f"A bot runs on this state folder ({journal.name}, process {process}); stop it first, then begin again."
            )


def refuse_unfinished(met: Meeting) -> None:
    """Raises AcceptanceRefused if the journal of this account has a trade open."""
    if stories := past_of(met.journals.earlier).unfinished:
        names = ", ".join(story.intent.intent_id for story in stories)
        raise AcceptanceRefused(f"The journal has {names} unfinished; start `mesbot paper` to have it closed, then begin again.")


def refuse_hour(contracts: Contracts, market_ns: int) -> None:
    """Raises AcceptanceRefused unless the session is open, no strategy may enter now, and it stays so for some minutes."""
    today = new_york(market_ns).date()
    calendar = SessionCalendar(contracts.session, today - A_WEEK, today + A_WEEK)
    moments = [market_ns + minute * MINUTE_NS for minute in range(NEEDED_MINUTES + 1)]
    now = f"It is {new_york(market_ns):%H:%M} New York"
    breaks = " or ".join(f"from {span.start:%H:%M} to {span.end:%H:%M}" for span in contracts.session.no_entry)
    when = f"an acceptance needs {NEEDED_MINUTES} minutes of the session in which none may enter; begin it {breaks}, if that is as long."
    if any(calendar.session_at(moment) is None for moment in moments):
        raise AcceptanceRefused(f"{now}, and the session is not open or ends too soon: {when}")
    if any(calendar.entry_refusal(calendar.session_at(moment), moment) is None for moment in moments):
        raise AcceptanceRefused(f"{now}, and strategies may enter or may soon: {when}")


def session_for(request: BrokerRequest, met: Meeting, ids_path: str, pace: float) -> BrokerSession:
    """A session as the bot's, under its client id and its mark of order ids, without journal, strategies or engines."""
    contracts = met.contracts
    where = dataclasses.replace(request.endpoint, account=met.probe.account)
    link = link_settings(where, contracts.execution_contract, paper=True, replay=met.replay, zone=request.zone)
    spec = msgspec.structs.replace(bare_spec(contracts, new_york(met.probe.broker_ns).date()), observe=False)
    return BrokerSession(
        BrokerConfig(runtime=spec, link=link, ids_path=ids_path, start_timeout_seconds=START_SECONDS), pace=pace,
    )  # fmt: skip


def refuse_what_is_there(session: BrokerSession) -> None:
    """Raises AcceptanceRefused unless the account is flat and nothing works in it, whoever sent it."""
    if held := [f"{each.contracts:+d} {each.local_symbol}" for each in session.account.holdings.values() if each.contracts]:
        raise AcceptanceRefused(f"The account is not flat: it holds {', '.join(held)}; close that in TWS, then begin again.")
    others = [
        *session.orders.foreign.values(),
        *(f"{order.ref} of this client id" for order in session.orders.orders.values() if order.live),
    ]
    if others:
        raise AcceptanceRefused(
            f"Orders work in the account that are not of this acceptance: {'; '.join(others)}; cancel them, then begin again."
        )


class FirstLook:
    """The looks that send no order. `price` (ticks) is the last trade once data have come, 0 before."""

    def __init__(self, session: BrokerSession, met: Meeting, steps: Steps) -> None:
        self.price = 0
        self._session, self._met, self._steps = session, met, steps
        self._quotes: list[Any] = []
        session.feed.on_quote = self._quotes.append
        session.link.taps.listen("realtimeBar", self._traded)

    def _traded(self, _request: int, _time: int, _open: float, _high: float, _low: float, close: float, *_: Any) -> None:
        self.price = round(to_ticks(close))

    def connection(self, recorder: Recorder) -> None:
        """Server version and clock."""
        version = server_version(recorder)
        skew, settings = self._met.probe.skew_seconds, self._session.link.settings
        clock = "a replayed clock" if self._met.replay else f"its clock {skew:+.1f} s from this machine's"
        found = f"server version {version}, client id {settings.client_id}, {clock}"
        if self._met.replay or abs(skew) <= 2:
            self._steps.ok("connection", found)
        else:
            self._steps.differs("connection", found, "Set this machine's clock by NTP.")

    def account(self) -> None:
        """Which account, how many there are, and whether it is flat."""
        name, accounts = self._session.link.account, self._met.probe.accounts
        found = f"{masked(name)}, a paper account in USD, flat, nothing works in it"
        if len(accounts) == 1:
            self._steps.ok("account", f"{found}, the only one")
        else:
            self._steps.differs("account", f"{found}, one of {len(accounts)}")
        self._margin()

    def _margin(self) -> None:
        """The question that looks like an order."""
        cents = self._session.margin.cents
        assumed = self._met.contracts.constitution.instrument.backtest_initial_margin_usd
        if cents:
            self._steps.ok("initial margin (what-if)", f"${to_usd(cents):,.2f} a contract; the contracts assume ${float(assumed):,.2f}")
        else:
            why = self._session.link.why_no_entries()
            self._steps.failed(
                "initial margin (what-if)", f"not told: {why}", "Entries wait for it; look in TWS whether orders are allowed."
            )

    def contract(self) -> None:
        """Months, front month, tick, multiplier, hours."""
        session, law = self._session, self._met.contracts.constitution.instrument
        front = session.provider.front
        assert front is not None, "a session that has synchronised knows its front month"
        try:
            span = session.provider.liquid_span(session.clock.now_ns())
            hours = "shut by the broker's hours" if span is None else f"liquid until {new_york(span.close_ns):%H:%M} New York"
        except NotSynced as error:
            self._steps.failed("contract", error.text, "Entries would wait for hours that can be read; keep the recording.")
            return
        roll = exit_only_from(front, runtime_of(session.config.runtime).calendar) or front.last_trade_date
        found = (
            f"{front.local_symbol} of {counted(len(session.provider.months), 'month')}, tick {front.min_tick:g}, multiplier "
            f"{front.multiplier:g}, last trade {front.last_trade_date}, exit-only from {roll}, {hours}"
        )
        if front.min_tick == float(law.tick_size) and front.multiplier == float(law.multiplier):
            self._steps.ok("contract", found)
        else:
            self._steps.failed("contract", found, f"The contracts say tick {law.tick_size} and multiplier {law.multiplier}: trade nothing.")

    async def data(self) -> bool:
        """Whether live quotes and five-second bars come."""
        feed = self._session.feed
        await until(lambda: (bool(self.price and self._quotes)) or feed.denied is not None, DATA_SECONDS)
        if feed.denied is not None:
            self._steps.failed("data", f"refused: {feed.denied.text}", feed.denied.hint)
            return False
        if not self.price or not self._quotes or feed.untrusted is not None:
            missing = (
                feed.untrusted.text if feed.untrusted else f"{'no quote' if self.price else 'no five-second bar'} in {DATA_SECONDS:g} s"
            )
            self._steps.failed("data", missing, "Look in TWS at the data farms and at the subscription of this login.")
            return False
        quote = self._quotes[-1]
        self._steps.ok("data", f"live: {quote.bid:,.2f} bid, {quote.ask:,.2f} asked, five-second bars")
        return True


def server_version(recorder: Recorder) -> str:
    """What the gateway said first; "unknown" if nothing."""
    told = [frame for frame in recorder.frames if frame.kind == "version"]
    return told[0].fields[0] if told else "unknown"
