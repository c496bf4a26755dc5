"""What a strategy may publish, and nobody believes: each forges the message that would open what is shut, or undo what was written."""

from __future__ import annotations

import msgspec
import pytest
from builders import TrustStub
from nautilus_trader.model.identifiers import InstrumentId
from outcome_makers import outcome
from rogue import Rogue

from bot.journal.build import intent_record
from bot.journal.records import DayRecord, KillRecord, Kind, OperatorRecord, OrderRecord
from bot.market.update import MarketUpdate, QualityUpdate
from bot.messages import (
    ENDPOINT_JOURNAL,
    ENDPOINT_JOURNAL_AHEAD,
    TOPIC_BOOK,
    TOPIC_BROKER,
    TOPIC_MARKET,
    TOPIC_QUALITY,
    TOPIC_TRUST,
    JournalEntry,
    TradeClosed,
)

MES = InstrumentId.from_str("MES.CME")
SUSPENDED = {name: TrustStub("SUSPENDED") for name in ("K1", "K2", "K3", "K4")}
ACTIVE = {name: TrustStub() for name in ("K1", "K2", "K3", "K4")}


def _listen(rogue: Rogue) -> None:
    rogue.heard = []
    rogue.msgbus.subscribe(TOPIC_MARKET, rogue.heard.append, priority=99)


def _better(rogue: Rogue) -> QualityUpdate:
    update: MarketUpdate = rogue.heard[-1]
    return msgspec.structs.replace(update.quality, dvs=1.0, eqs=1.0, own_dvs=1.0)


def _scores(rogue: Rogue) -> None:
    """The scores of this bar, better than they are; and those of a bar before it."""
    update: MarketUpdate = rogue.heard[-1]
    rogue.msgbus.publish(TOPIC_MARKET, msgspec.structs.replace(update, quality=_better(rogue)))
    rogue.msgbus.publish(TOPIC_MARKET, rogue.heard[0])
    rogue.enter()


def _quality(rogue: Rogue) -> None:
    """The same one room earlier: the market would say it as its own word."""
    rogue.msgbus.publish(TOPIC_QUALITY, _better(rogue))
    rogue.enter()


@pytest.mark.parametrize("forge", [_scores, _quality])
def test_scores_that_are_not_the_markets_own_open_nothing(day, forge):
    result = day({"10:35": _listen, "10:41": forge}, {"10:40": None})
    assert result.played.denials[:1] == ["DVS_BELOW_MINIMUM"] and not result.played.of("fill")


def test_a_trust_that_is_not_learnings_own_opens_nothing(day):
    def forge(rogue: Rogue) -> None:
        rogue.said.publish(rogue.msgbus, TOPIC_TRUST, SUSPENDED)  # learning's word
        rogue.msgbus.publish(TOPIC_TRUST, ACTIVE)
        rogue.enter()

    result = day({"10:41": forge})
    assert len(result.played.denials) == 1 and not result.played.of("fill")


def test_a_broker_that_nobody_asked_opens_nothing(day):
    def forge(rogue: Rogue) -> None:
        rogue.said.publish(rogue.msgbus, TOPIC_BROKER, "BrokerLinkLost: the gateway lost IBKR")  # the adapter's word
        rogue.msgbus.publish(TOPIC_BROKER, "".join(("", "")))
        rogue.enter()

    result = day({"10:41": forge})
    assert result.played.denials == ["BROKER_BLOCK"]


def test_a_word_that_is_said_is_nobodys_afterwards(day):
    def forge(rogue: Rogue) -> None:
        rogue.said.publish(rogue.msgbus, TOPIC_TRUST, ACTIVE)
        rogue.said.publish(rogue.msgbus, TOPIC_TRUST, SUSPENDED)
        rogue.msgbus.publish(TOPIC_TRUST, ACTIVE)
        rogue.enter()

    assert len(day({"10:41": forge}).played.denials) == 1


def test_outcomes_that_are_none_teach_nothing(day):
    learned = []

    def forge(rogue: Rogue) -> None:
        learning = next(actor for actor in rogue.controller._trader.actors() if getattr(actor, "part", "") == "LEARNING")
        before = learning.trust()
        for _ in range(30):
            rogue.msgbus.publish(TOPIC_BOOK, TradeClosed(outcome(-1.0)))
        learned.append((before, learning.trust()))

    day({"10:41": forge})
    ((before, after),) = learned
    assert before == after


FORGED = (
    (Kind.KILL, KillRecord("ARMED", "says the rogue", "")),
    (Kind.OPERATOR, OperatorRecord("resume", "says the rogue")),
    (Kind.ORDER, OrderRecord("20250916-K1-1041-1S", "20250916-K1-1041", "K1", "STOP", "OrderCanceled", 1)),
    (Kind.DAY, DayRecord("2025-09-16", 100_000_000)),
)


@pytest.mark.parametrize("endpoint", [ENDPOINT_JOURNAL, ENDPOINT_JOURNAL_AHEAD])
@pytest.mark.parametrize(("kind", "body"), FORGED)
def test_a_record_that_no_part_sent_is_not_written(day, endpoint, kind, body):
    def forge(rogue: Rogue) -> None:
        rogue.msgbus.send(endpoint, JournalEntry(kind, rogue.time_ns, body))

    result = day({"10:41": Rogue.enter, "10:50": forge})
    assert msgspec.to_builtins(body) not in result.played.of(kind.value)


def test_a_record_that_was_written_is_not_written_again(day):
    def again(rogue: Rogue) -> None:
        for entry in written:
            rogue.msgbus.send(ENDPOINT_JOURNAL, entry)

    def keep(rogue: Rogue) -> None:
        send = rogue.said.send
        rogue.said.send = lambda bus, where, entry: (written.append(entry), send(bus, where, entry))

    written: list[JournalEntry] = []
    result = day({"10:40": keep, "10:41": Rogue.enter, "10:50": again})
    assert written and len(result.played.of("fill")) == 1


def test_an_intent_that_the_library_did_not_write_is_none(day):
    def forge(rogue: Rogue) -> None:
        intent = rogue.intent()
        rogue.msgbus.send(ENDPOINT_JOURNAL_AHEAD, JournalEntry(Kind.INTENT, rogue.time_ns, intent_record(intent), "K1"))
        rogue.submit_order_list(rogue.bracket(intent))

    assert day({"10:41": forge}).played.denials == ["UNKNOWN_INTENT"]
