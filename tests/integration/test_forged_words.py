"""What a strategy may publish, and nobody believes: each forges the message that would open what is shut, or undo what was written."""

from __future__ import annotations

import msgspec
import pytest
from builders import TrustStub
from nautilus_trader.model.identifiers import InstrumentId
from outcome_makers import outcome
from rogue import Rogue

from bot.decision.plan import ExitReason
from bot.decision.snapshot import KillState
from bot.journal.build import intent_record
from bot.journal.records import DayRecord, KillRecord, Kind, OperatorRecord, OrderRecord
from bot.market.update import MarketUpdate, QualityUpdate
from bot.messages import (
    ENDPOINT_HOLDINGS,
    ENDPOINT_JOURNAL,
    ENDPOINT_JOURNAL_AHEAD,
    ENDPOINT_RISK_ALARM,
    ENDPOINT_RISK_CLOSE,
    ENDPOINT_RISK_KILL,
    TOPIC_BOOK,
    TOPIC_BROKER,
    TOPIC_FEED,
    TOPIC_KILL_TRIGGER,
    TOPIC_MARKET,
    TOPIC_QUALITY,
    TOPIC_TRUST,
    TOPIC_VETO,
    CloseTrade,
    JournalEntry,
    KillTrigger,
    TradeClosed,
)
from bot.quality.feed import QualityEvent, QualityKind
from bot.runtime.past import past_of
from bot.words import kind_of

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


# ------------------------------------------------------------------ words that would open what is shut


class Yes:
    """No refusal, made so that it would come before every refusal."""

    layer, code, text = -1, "", ""


def _believed_by_nobody(result, topic: str) -> bool:
    return any(body["found"] == "NotBelieved" and body["text"].startswith(topic) for body in result.played.of("reconcile"))


def test_a_veto_that_is_no_refusal_does_not_open_a_book_that_a_person_has_halted(day):
    def enter(rogue: Rogue) -> None:
        rogue.msgbus.publish(TOPIC_VETO, Yes())
        rogue.enter(stop=60, target=100)

    result = day({"10:30": lambda rogue: rogue.msgbus.send(ENDPOINT_RISK_KILL, "a person says stop"), "10:41": enter})
    assert (result.played.denials, set(result.rogue.nets)) == (["KILL_SWITCH"], {0})
    assert _believed_by_nobody(result, TOPIC_VETO)


def test_a_veto_of_the_filters_own_that_is_no_refusal_opens_nothing_either(day):
    def enter(rogue: Rogue) -> None:
        rogue.said.publish(rogue.msgbus, TOPIC_VETO, Yes())
        rogue.enter(quantity=2)

    result = day({"10:41": enter})
    assert (result.played.denials, set(result.rogue.nets)) == (["MAX_CONTRACTS"], {0})


def test_nobody_can_write_into_what_was_published(day):
    heard = []

    def change(rogue: Rogue) -> None:
        update = rogue.heard[-1]
        shared = (update.state.beliefs, update.state.levels, update.faults, heard[-1])
        refused = []
        for each in shared:
            with pytest.raises(TypeError):
                each["F1"] = None
            refused.append(each)
        assert len(refused) == len(shared)
        done.append(True)

    def listen(rogue: Rogue) -> None:
        _listen(rogue)
        rogue.msgbus.subscribe(TOPIC_TRUST, heard.append)

    done: list[bool] = []
    loss = {"10:37": (0, 1, -30, -2)}
    day({"10:30": listen, "10:36": Rogue.enter, "10:41": change}, loss)
    assert done == [True]


def _feed(kind: QualityKind, by_a_part: bool = False):
    def say(rogue: Rogue) -> None:
        event = QualityEvent(kind.value, rogue.time_ns, "says the rogue")
        if by_a_part:
            rogue.said.publish(rogue.msgbus, TOPIC_FEED, event)
        else:
            rogue.msgbus.publish(TOPIC_FEED, event)

    return say


@pytest.mark.parametrize(("again", "denials"), [(False, ["DVS_BELOW_MINIMUM"]), (True, [])])
def test_a_feed_is_good_again_when_its_adapter_says_so_and_bad_when_anybody_does(day, again, denials):
    acts = {"10:31": _feed(QualityKind.UNTRUSTED_FEED), "10:33": _feed(QualityKind.TRUSTED_FEED, again), "11:12": Rogue.enter}
    assert day(acts).played.denials == denials


@pytest.mark.parametrize("event", ["late", QualityEvent("dance", 1), QualityEvent(7, 1)], ids=repr)
def test_a_word_of_the_feed_that_is_none_changes_nothing(day, event):
    result = day({"10:31": lambda rogue: rogue.msgbus.publish(TOPIC_FEED, event), "10:41": Rogue.enter})
    assert (result.played.denials, result.played.kills, len(result.played.of("fill"))) == ([], [], 1)


# ------------------------------------------------------------------ words that anybody may say, of any form


@pytest.mark.parametrize("reason", ["THESIS", 7], ids=ascii)
def test_a_trade_is_left_for_whatever_reason_and_a_restart_can_read_it(day, tmp_path, reason):
    leave = lambda rogue: rogue.msgbus.send(ENDPOINT_RISK_CLOSE, CloseTrade("20250916-K1-1041", reason, "enough"))  # noqa: E731
    result = day({"10:41": Rogue.enter, "10:50": leave})
    assert ([each["exit_reason"] for each in result.played.outcomes], result.played.kills) == ([ExitReason.THESIS], [])
    assert result.rogue.nets[-1] == 0
    assert past_of((str(tmp_path / "out" / "journal.sqlite"),)).unfinished == ()


WORDS = ("\ud800", object())  # every form there is: tests/bot/risk_engine/test_hearing.py


@pytest.mark.parametrize("word", WORDS, ids=kind_of)
@pytest.mark.parametrize("endpoint", [ENDPOINT_RISK_KILL, ENDPOINT_RISK_ALARM])
def test_a_kill_in_words_of_any_kind_is_obeyed_written_and_read_again(day, tmp_path, endpoint, word):
    result = day({"10:41": Rogue.enter, "10:50": lambda rogue: rogue.msgbus.send(endpoint, word)})
    assert [state for state, _ in result.played.kills] == ["TRIPPED", "FLAT", "HALTED"]
    assert all(isinstance(text, str) for body in result.played.of("kill") for text in body.values())
    past = past_of((str(tmp_path / "out" / "journal.sqlite"),))
    assert (past.kill_state, past.unfinished) == (KillState.HALTED, ())


@pytest.mark.parametrize("word", [KillTrigger(["x"], 5), KillTrigger("\ud800", None), "lost"], ids=["types", "surrogate", "no trigger"])
def test_a_trigger_in_words_of_any_kind_kills_while_something_is_held(day, word):
    result = day({"10:30": _publish(word), "10:41": Rogue.enter, "10:50": _publish(word)})
    assert [state for state, _ in result.played.kills] == ["TRIPPED", "FLAT", "HALTED"]
    assert len(result.played.of("fill")) == 2


def _publish(word: object):
    return lambda rogue: rogue.msgbus.publish(TOPIC_KILL_TRIGGER, word)


# ------------------------------------------------------------------ who answers for the account


def _put_in_place(rogue: Rogue) -> None:
    """Somebody who says nothing stands where the account's adapter names itself, whoever stood there."""
    rogue.msgbus.deregister(ENDPOINT_HOLDINGS, Anybody())
    rogue.msgbus.register(ENDPOINT_HOLDINGS, lambda question: None)


class Anybody:
    __hash__ = None

    def __eq__(self, other: object) -> bool:
        return True

    def __call__(self, message: object) -> None: ...


def test_whoever_takes_the_place_of_the_accounts_adapter_is_found_and_keeps_nothing_from_being_left(day):
    result = day({"10:41": Rogue.enter, "10:50": _put_in_place})
    assert result.played.kills[0] == ("TRIPPED", "the risk engine was not on the path")
    assert (result.controller._supervisor.kill_state, result.rogue.nets[-1]) == (KillState.HALTED, 0)


def test_nobody_but_the_adapter_says_who_answers_for_the_account(day):
    def answer(rogue: Rogue) -> None:
        rogue.msgbus.send(ENDPOINT_HOLDINGS, lambda question: None)

    kill = lambda rogue: rogue.msgbus.send(ENDPOINT_RISK_KILL, "a person")  # noqa: E731
    result = day({"10:41": Rogue.enter, "10:45": answer, "10:50": kill})
    assert (result.controller._supervisor.kill_state, result.rogue.nets[-1]) == (KillState.HALTED, 0)
    assert _believed_by_nobody(result, ENDPOINT_HOLDINGS)
