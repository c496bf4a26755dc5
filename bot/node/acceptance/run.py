"""An acceptance from its refusals to its report.

Whatever happens in the middle (a refusal, an error, a lost link, Ctrl-C), what it sent is cancelled and what it holds is closed, and
what is left all the same is told. It does not promise to reach a gateway that is gone: then the names of what is left are told.
"""

# long because: what is begun here must be ended here, in one place
from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from bot.calendar import new_york
from bot.contracts import load_contracts
from bot.decision.limits import Limits
from bot.errors import Interrupted, MesbotError
from bot.ibkr.errors import BrokerError
from bot.ibkr.link.endpoint import Endpoint
from bot.ibkr.session import BrokerSession
from bot.journal.run_lock import JournalInUse
from bot.node.acceptance.again import asked_again
from bot.node.acceptance.compare import Difference, differences
from bot.node.acceptance.contact import (
    AcceptanceRefused,
    FirstLook,
    refuse_beside_a_bot,
    refuse_hour,
    refuse_unfinished,
    refuse_what_is_there,
    server_version,
    session_for,
)
from bot.node.acceptance.drill_step import NAME as FILLED
from bot.node.acceptance.drill_step import close_left, drill_step
from bot.node.acceptance.forms import Forms
from bot.node.acceptance.frames import Frame, read_frames, write_frames
from bot.node.acceptance.hand import Hand
from bot.node.acceptance.hidden import hidden
from bot.node.acceptance.order_steps import OrderSteps
from bot.node.acceptance.place import Place, own_gateway
from bot.node.acceptance.recorder import Recorder
from bot.node.acceptance.report import COMPARISON, Report, keep_earlier, write_report
from bot.node.acceptance.steps import Say, Steps
from bot.node.broker_run import Meeting, meet
from bot.node.request import BrokerRequest, Mode
from bot.own_files import run_folder, write_own
from bot.plural import counted
from bot.runtime.law import trading_day_at

FRAMES, BEGUN = "frames.jsonl", "begun"
IDS_FILE = "order-ids.json"


@dataclass(frozen=True)
class AcceptanceRequest:
    """What is asked for: `endpoint` None means a simulated gateway of its own; `state` is the user's folder of journals, for a broker's."""

    out: Path
    state: Path
    endpoint: Endpoint | None = None
    contracts: Path | None = None
    zone: str = "UTC"


async def accept(request: AcceptanceRequest, say: Say) -> Report:
    """Hold it; the report, which is kept in `out`. Raises AcceptanceRefused if it was not begun, Interrupted once it is cleaned up."""
    async with _place(request) as place:
        return await Acceptance(request, place, say).held()


@contextlib.asynccontextmanager
async def _place(request: AcceptanceRequest) -> AsyncIterator[Place]:
    if request.endpoint is not None:
        yield Place(request.endpoint, request.state)
        return
    async with own_gateway(request.contracts) as place:
        yield place


async def compared_again(recording: Path, contracts: Path | None) -> list[Difference]:
    """The differences of a recording that was kept, as the simulated gateway of today makes them. Raises UsageError, ContractError."""
    frames = read_frames(recording)
    return differences(frames, await asked_again(frames, load_contracts(contracts)))


class Acceptance:
    """One acceptance at one place."""

    def __init__(self, request: AcceptanceRequest, place: Place, say: Say) -> None:
        self._request, self._place = request, place
        self._steps = Steps(say)
        self._left: list[str] = []
        self._open_drill = False
        self._session: BrokerSession | None = None
        self._orders: OrderSteps | None = None
        self._interrupted = False

    async def held(self) -> Report:
        """Everything, in order."""
        request = BrokerRequest(
            self._place.endpoint, Mode.PAPER, False, self._place.state, self._request.contracts, zone=self._request.zone,
            warm_up_days=self._place.warm_up_days, lockstep_port=self._place.side_port,
        )  # fmt: skip
        met = await self._met(request)
        self._require_folder()
        async with Recorder(request.endpoint.host, request.endpoint.port) as recorder:
            relayed = replace(request, endpoint=replace(request.endpoint, host="127.0.0.1", port=recorder.port))
            with _stoppable():
                await self._steps_of(relayed, met, recorder)
            return await self._reported(met, recorder)

    async def _met(self, request: BrokerRequest) -> Meeting:
        refuse_beside_a_bot(request.state)
        try:
            met = await meet(request, self._steps.say)
            refuse_unfinished(met)
            refuse_hour(met.contracts, met.market_ns if met.replay else time.time_ns())
        except AcceptanceRefused:
            raise
        except MesbotError as error:
            raise AcceptanceRefused(f"No acceptance: {error.told}") from None
        return met

    def _require_folder(self) -> None:
        """What cannot be kept is found out before anything is sent. Raises AcceptanceRefused."""
        out = self._request.out
        try:
            run_folder(out)
            write_own(out / BEGUN, b"")
            (out / BEGUN).unlink()
        except OSError as error:
            raise AcceptanceRefused(f"{out} cannot be written ({error.strerror}); name another folder with --out.") from None

    # --------------------------------------------------------------------- the steps

    async def _steps_of(self, request: BrokerRequest, met: Meeting, recorder: Recorder) -> None:
        """All of them, and whatever happens the end: what is left of them is taken back and told."""
        try:
            with met.journals.locked():
                try:
                    going_on = await self._without_a_node(request, met, recorder)
                finally:
                    await _whole(self._tidied())
            if self._left:
                self._steps.failed(FILLED, "not begun, for orders of before are left", "Cancel them in TWS.")
            elif going_on:
                self._place.hurry()
                self._open_drill = True
                self._open_drill = not await drill_step(request, recorder, self._steps)
        except AcceptanceRefused:
            raise
        except JournalInUse as error:  # the drill's own is a refusal of the drill
            raise AcceptanceRefused(f"No acceptance: {error.told}") from None
        except (asyncio.CancelledError, Interrupted):
            self._interrupted = True
            self._steps.say("        Interrupted: what was sent is being taken back.")
        except Exception as error:  # whatever it is: what was sent must be taken back
            self._steps.failed("the acceptance", f"{type(error).__name__}: {error}", "What it sent is being taken back.")
        await _whole(self._ending(request, met))

    async def _ending(self, request: BrokerRequest, met: Meeting) -> None:
        if self._open_drill:
            try:
                await close_left(request, self._steps.say)
            except (MesbotError, TimeoutError) as error:
                self._steps.say(f"        What the drill opened was not closed by a node: {error or 'not in time'}")
        try:
            with met.journals.locked():
                await self._end(request, met)
        except Exception as error:  # whatever it is: what may be left must be told
            self._unknown(f"{type(error).__name__}: {error}")

    async def _without_a_node(self, request: BrokerRequest, met: Meeting, recorder: Recorder) -> bool:
        """The looks and the orders far from the market; whether a drill makes sense after them."""
        session = self._made(request, met)
        look = FirstLook(session, met, self._steps)
        try:
            await self._started(session)
        except BrokerError as error:
            raise AcceptanceRefused(f"No acceptance: {error.told}") from None
        refuse_what_is_there(session)
        look.connection(recorder)
        look.account()
        look.contract()
        if not await look.data():
            return False
        day = trading_day_at(met.contracts, session.clock.now_ns()).date
        stamp = f"{new_york(session.clock.now_ns()):%H%M}"
        forms = Forms(session.provider.front_id, Limits.of(met.contracts), look.price, session.clock.now_ns, day, stamp)

        async def again() -> BrokerSession:
            if await _whole(self._ended()):  # half hung up it would hold our client id
                raise asyncio.CancelledError
            return await self._started(self._made(request, met))

        self._orders = OrderSteps(Hand(session), forms, recorder, again, self._steps)
        await self._orders.all()
        return not self._orders.hand.live

    def _made(self, request: BrokerRequest, met: Meeting) -> BrokerSession:
        return session_for(request, met, str(request.state / IDS_FILE), self._place.pace)

    async def _started(self, session: BrokerSession) -> BrokerSession:
        self._session = session
        await session.start()
        return session

    async def _ended(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.stop()

    # --------------------------------------------------------------------- its end

    async def _tidied(self) -> None:
        """Take back what the session has sent, and hang up."""
        try:
            if self._orders is not None and self._session is not None:
                self._left = await self._orders.hand.tidy(self._orders.forms)
        finally:
            await self._ended()

    async def _end(self, request: BrokerRequest, met: Meeting) -> None:
        """Flat, and nothing works: asked of the broker by a new session, which also takes back what an earlier one could not."""
        session = self._made(request, met)
        try:
            await self._started(session)
            done = await session.link.connection.ask_named("reqCompletedOrders", "completedOrdersEnd", False, anew=True)
            self._left = await Hand(session).tidy(self._orders.forms if self._orders is not None else None)
            refuse_what_is_there(session)
            self._steps.ok("the end", f"flat, and nothing works; {counted(len(done), 'completed order')} told")
        except AcceptanceRefused as error:
            self._left = self._left or [str(error)]
            self._steps.failed("the end", "something is left", str(error))
        except BrokerError as error:
            self._unknown(error.text)
        finally:
            await self._ended()

    def _unknown(self, why: str) -> None:
        unknown = "It could not be asked whether anything is left; look in TWS that the account is flat and nothing works."
        self._left.append(unknown)
        self._steps.failed("the end", why, unknown)

    # --------------------------------------------------------------------- what is kept

    async def _reported(self, met: Meeting, recorder: Recorder) -> Report:
        frames = hidden(recorder.frames)
        found = [] if self._interrupted else await self._compared(frames, met)
        report = Report.of(self._steps.all, found, self._left, met, server_version(recorder), interrupted=self._interrupted)
        try:
            keep_earlier(self._request.out, FRAMES)
            write_frames(self._request.out / FRAMES, frames)
            write_report(report, self._request.out)
        except OSError as error:  # what is left must be told all the same
            report = msgspec.structs.replace(report, accepted=False)
            self._steps.say(f"{self._request.out} cannot be written ({error.strerror}): nothing of this acceptance is kept.")
        if self._interrupted:
            raise Interrupted(report.verdict)
        return report

    async def _compared(self, frames: list[Frame], met: Meeting) -> list[Difference]:
        """The last step. A comparison that cannot be made is a failed one, and costs nobody the report."""
        try:
            found = differences(frames, await asked_again(frames, met.contracts))
        except Exception as error:
            self._steps.failed(COMPARISON, f"it could not be made: {type(error).__name__}: {error}", "The recording is kept.")
            return []
        mattering, many = [each for each in found if each.matters], f"{counted(len(found), 'difference')} from the simulated gateway"
        if mattering:
            self._steps.failed(COMPARISON, f"{len(mattering)} of {many} matter", "They are listed below and in the report; look at each.")
        elif found:
            self._steps.differs(COMPARISON, f"{many}, none of which matters")
        else:
            self._steps.ok(COMPARISON, "the simulated gateway answers the same")
        return found


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """The first Ctrl-C or SIGTERM ends the steps, and nothing ends the cleaning up. A node takes them for itself while it runs."""
    loop, running = asyncio.get_running_loop(), asyncio.current_task()
    assert running is not None
    numbers = () if sys.platform == "win32" else (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, running.cancel)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


async def _whole(work: Awaitable[None]) -> bool:
    """Do this to its end, whoever wants to end meanwhile; whether somebody did."""
    task, interrupted = asyncio.ensure_future(work), False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            interrupted = True
    task.result()
    return interrupted
