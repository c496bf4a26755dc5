"""Whoever sends a record goes on whatever becomes of it; an intent is the one that waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from builders import CONTRACTS, an_intent, new_york_ns
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import MessageBus, TestClock
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.portfolio.portfolio import Portfolio

from actors import journal as module
from actors.config import JournalActorConfig
from actors.journal import JournalActor
from bot.errors import JournalError
from bot.journal.build import intent_record
from bot.journal.file import JournalFile
from bot.journal.latch import read_latch
from bot.journal.read import Record, opened, read
from bot.journal.records import BarRecord, KillRecord, Kind, OrderRecord
from bot.journal.run_lock import held_by
from bot.journal.store import Journal
from bot.journal.verify import verify
from bot.messages import ENDPOINT_JOURNAL, ENDPOINT_JOURNAL_AHEAD, ENDPOINT_JOURNAL_WRITTEN, ENDPOINT_RISK_PATH, JournalEntry, Written
from bot.runtime.past import past_of
from bot.runtime.runtime import RuntimeSpec, runtime_of
from bot.units import SECOND_NS

NOW = new_york_ns("2025-09-16 10:41")
BAR = BarRecord(250.0, 251.0, 249.0, 250.0, 500, False, "range", 1, 1.0, 1.0, [], 1.0, [], {})


class Desk:
    """A JournalActor on a bus of its own, as a live run has it (`prompt`) or a backtest."""

    def __init__(self, path: Path, *, prompt: bool = True) -> None:
        clock = TestClock()
        self.path, self.bus, cache = path, MessageBus(TraderId("MESBOT-001"), clock), Cache()
        self.bus.register(ENDPOINT_RISK_PATH, lambda answer: setattr(answer, "lost", ()))  # the risk engine stands where it must
        spec = RuntimeSpec(CONTRACTS.directory, CONTRACTS.sha256, "2025-09-01", "2025-09-30", str(path))
        self.said = runtime_of(spec).said
        how = {"mode": "live", "header": {"account": "U1"}, "begin": "append", "prompt": prompt}
        self.actor = JournalActor(JournalActorConfig(component_id=JournalActor.part, runtime=spec, **how))
        self.actor.register_base(Portfolio(self.bus, cache, clock), self.bus, cache, clock)

    def say(self, kind: Kind, body: msgspec.Struct, seconds: int = 0) -> None:
        self.said.send(self.bus, ENDPOINT_JOURNAL, JournalEntry(kind, NOW + seconds * SECOND_NS, body))

    def order(self, event: str, seconds: int = 0) -> None:
        self.say(Kind.ORDER, OrderRecord("20250916-K1-1041-1X1", "20250916-K1-1041", "K1", "EXIT", event, 1), seconds)

    def kill(self, state: str = "TRIPPED") -> None:
        self.say(Kind.KILL, KillRecord(state, "manual"))

    def intend(self) -> None:
        self.said.send(self.bus, ENDPOINT_JOURNAL_AHEAD, JournalEntry(Kind.INTENT, NOW, intent_record(an_intent(ts_ns=NOW)), "K1"))

    def count(self) -> tuple[int, int]:
        question = Written()
        self.bus.send(ENDPOINT_JOURNAL_WRITTEN, question)
        return question.told, question.durable

    def written(self) -> list[Record]:
        with opened(self.path) as db:
            return list(read(db))[1:]  # the first is the contracts'

    def told(self) -> list[str]:
        return [str(record.body.get("event") or record.body.get("found") or record.body.get("state")) for record in self.written()]


def on_loop(test: Callable[[Path, pytest.MonkeyPatch], Awaitable[None]]) -> Callable[[Path, pytest.MonkeyPatch], None]:
    def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
        asyncio.run(test(tmp_path / "live-U1-2025.sqlite", monkeypatch))

    played.__name__, played.__doc__ = test.__name__, test.__doc__
    return played


async def until(wanted: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not wanted():
            await asyncio.sleep(0.002)


@contextmanager
def failing(monkeypatch: pytest.MonkeyPatch, home: type = JournalFile, name: str = "commit") -> Iterator[list[int]]:
    """Nothing can be written; the list grows with each attempt."""
    tried: list[int] = []

    def fails(*_: object, **__: object) -> None:
        tried.append(1)
        raise JournalError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(home, name, fails)
        yield tried


# ------------------------------------------------------------------ nobody but an intent waits


@on_loop
async def test_a_kill_is_sent_without_a_touch_of_the_disk_and_is_durable_a_moment_later(path, monkeypatch):
    desk = Desk(path)
    with failing(monkeypatch) as tried:
        desk.kill()
        desk.order("OrderSubmitted")
        assert not tried and read_latch(path).state is None
        await until(lambda: bool(tried))
        assert read_latch(path).state == "TRIPPED"
    await until(lambda: "TRIPPED" in desk.told())
    desk.actor.close()


@on_loop
async def test_a_kill_overtakes_what_may_wait_longer(path, monkeypatch):
    monkeypatch.setattr(module, "PROMPT_SECONDS", 3600.0)
    desk = Desk(path)
    desk.order("OrderSubmitted")
    desk.kill()
    await until(lambda: desk.told() == ["OrderSubmitted", "TRIPPED"])
    desk.actor.close()


@on_loop
async def test_an_intent_is_on_the_disk_when_its_endpoint_returns(path, monkeypatch):
    desk = Desk(path)
    desk.intend()
    assert [record.kind for record in desk.written()] == [Kind.INTENT]
    assert verify(path).unlinked == 0
    desk.actor.close()


@on_loop
async def test_what_an_intent_took_with_it_is_not_waited_for_once_more(path, monkeypatch):
    monkeypatch.setattr(module, "PROMPT_SECONDS", 0.01)
    desk = Desk(path)
    desk.order("OrderSubmitted")
    desk.intend()
    with failing(monkeypatch, Journal, "flush") as tried:
        await asyncio.sleep(0.05)
        assert not tried
        desk.order("OrderAccepted")
        await until(lambda: bool(tried))
    await until(lambda: "OrderAccepted" in desk.told())
    desk.actor.close()


@on_loop
async def test_it_says_how_many_records_it_was_told_and_how_many_of_them_are_on_the_disk(path, monkeypatch):
    desk = Desk(path)
    assert desk.count() == (0, 0)
    with failing(monkeypatch) as tried:
        desk.kill()
        assert desk.count() == (1, 0)
        await until(lambda: bool(tried))
        desk.order("OrderSubmitted")
        assert desk.count() == (2, 0)
    await until(lambda: desk.count() == (2, 2))
    assert desk.told() == ["TRIPPED", "JournalBehind", "OrderSubmitted"]
    desk.intend()
    assert desk.count() == (3, 3)
    desk.actor.close()


# ------------------------------------------------------------------ a disk that fails and works again


@on_loop
async def test_what_could_not_be_written_is_kept_in_its_order_told_and_written_when_it_works_again(path, monkeypatch):
    desk = Desk(path)
    with failing(monkeypatch) as tried:
        for second, event in enumerate(("OrderSubmitted", "OrderAccepted", "OrderFilled")):
            desk.order(event, second)
        desk.kill()
        await until(lambda: len(tried) > 2)
        desk.order("OrderCanceled", 3)
        assert desk.written() == []
    await until(lambda: len(desk.written()) == 6)
    assert desk.told() == ["OrderSubmitted", "OrderAccepted", "OrderFilled", "TRIPPED", "JournalBehind", "OrderCanceled"]
    behind = desk.written()[4].body["text"]
    assert behind == "records could not be written when they were made; they were kept in their order and are written with this one"
    desk.actor.close()
    assert verify(path).told == ()


@on_loop
async def test_an_intent_that_could_not_be_written_is_no_entry_and_no_restart_looks_for_its_orders(path, monkeypatch):
    desk = Desk(path)
    with failing(monkeypatch), pytest.raises(JournalError, match="the disk is full"):
        desk.intend()
    desk.order("OrderSubmitted")
    await until(lambda: len(desk.written()) == 4)
    assert desk.told()[1:] == ["JournalBehind", "Denied", "OrderSubmitted"]
    (denied,) = [record.body for record in desk.written() if record.body.get("event") == "Denied"]
    assert (denied["reason"], denied["quantity"], denied["role"]) == ("the disk is full", 3, "SubmitOrderList")
    desk.actor.close()
    past = past_of([path])
    assert past.intent_ids == {"20250916-K1-1041"}


@on_loop
async def test_the_denied_intent_leaves_nothing_unfinished(path, monkeypatch):
    desk = Desk(path)
    with failing(monkeypatch), pytest.raises(JournalError):
        desk.intend()
    desk.actor.close()
    assert past_of([path]).unfinished == ()


@on_loop
async def test_after_a_failure_that_is_over_the_next_one_is_told_again(path, monkeypatch):
    desk = Desk(path)
    for number in (1, 2):
        with failing(monkeypatch) as tried:
            desk.order("OrderSubmitted")
            await until(lambda tried=tried: bool(tried))
        await until(lambda number=number: desk.told().count("JournalBehind") == number)
    desk.actor.close()


@on_loop
async def test_a_run_that_ends_before_it_works_again_says_so(path, monkeypatch):
    desk = Desk(path)
    with failing(monkeypatch):
        desk.kill()
        desk.actor.on_stop()
        with pytest.raises(JournalError, match="the disk is full"):
            desk.actor.close()
    assert past_of([path]).kill_state == "TRIPPED"
    assert held_by(path) is None


@on_loop
async def test_a_run_that_broke_off_keeps_what_waited_and_lets_go_of_the_journal(path, monkeypatch):
    desk = Desk(path)
    with failing(monkeypatch, Journal, "add"):
        desk.order("OrderSubmitted")
    assert held_by(path) is not None
    desk.actor.on_dispose()
    assert (desk.told(), held_by(path)) == (["OrderSubmitted", "JournalBehind"], None)
    assert verify(path).unlinked == 2


# ------------------------------------------------------------------ a journal that takes nothing


@on_loop
async def test_a_journal_that_raises_stops_an_entry_and_nothing_else(path, monkeypatch):
    desk = Desk(path)
    with failing(monkeypatch, Journal, "add"):
        desk.order("OrderSubmitted")
        desk.kill()
        desk.order("OrderCanceled", 1)
        with pytest.raises(JournalError, match="does not take 4 earlier records"):
            desk.intend()
    desk.intend()
    assert desk.told()[:4] == ["OrderSubmitted", "JournalBehind", "TRIPPED", "OrderCanceled"]
    assert desk.written()[-1].kind is Kind.INTENT
    desk.actor.close()
    assert verify(path).unlinked == 0


class Odd(msgspec.Struct):
    """A record that neither can be written as it is nor can be made with other words."""

    value: object

    def __post_init__(self) -> None:
        if isinstance(self.value, str):
            raise TypeError("no words")


@on_loop
async def test_a_record_that_cannot_be_encoded_holds_up_no_other_but_every_entry(path, monkeypatch):
    desk = Desk(path)
    desk.say(Kind.ORDER, Odd(object()))
    desk.kill()
    desk.order("OrderCanceled")
    with pytest.raises(JournalError, match="no entry is possible"):
        desk.intend()
    await until(lambda: desk.told() == ["JournalBehind", "TRIPPED", "OrderCanceled"])
    with pytest.raises(JournalError, match="did not take 1 record"):
        desk.actor.close()


def test_a_backtest_whose_journal_fails_ends_with_the_bar(tmp_path, monkeypatch):
    desk = Desk(tmp_path / "journal.sqlite", prompt=False)
    with failing(monkeypatch):
        desk.kill()
        desk.order("OrderSubmitted")
        with pytest.raises(JournalError, match="the disk is full"):
            desk.say(Kind.BAR, BAR)
    desk.actor.close()
    assert [record.kind for record in desk.written()] == [Kind.KILL, Kind.RECONCILE, Kind.ORDER, Kind.BAR]


@pytest.mark.parametrize(("home", "name"), [(Journal, "append"), (Journal, "reserve")])
def test_a_journal_that_cannot_be_opened_is_let_go_of(tmp_path, monkeypatch, home, name):
    path = tmp_path / "live-U1-2025.sqlite"
    with failing(monkeypatch, home, name), pytest.raises(JournalError, match="the disk is full"):
        Desk(path)
    assert held_by(path) is None
