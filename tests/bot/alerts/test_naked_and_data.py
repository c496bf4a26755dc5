"""Positions without a stop and bars that are not believed, as the records tell them."""

from __future__ import annotations

import pytest
from live_journal import INTENT, MOMENT, SECOND_NS, bar, fill, intent_record, order, outcome, row

from bot.alerts.alert import Event, Said
from bot.alerts.blocked import Blocked
from bot.alerts.data import Data
from bot.alerts.naked import LIMIT_NS, MOST_OPEN, Naked
from bot.journal.records import Kind
from bot.runtime.recover import Story


def taken(naked: Naked, *steps: tuple[Kind, object], wall_ns: int = MOMENT) -> list[str]:
    """What is told while these are taken."""
    return [said.text for kind, body in steps for said in naked.take(row(kind, body, wall_ns=wall_ns))]


HELD = ((Kind.INTENT, intent_record(INTENT)), (Kind.ORDER, order("OrderSubmitted", "ENTRY", "1E")), (Kind.FILL, fill()))
COVERED = (Kind.ORDER, order("OrderAccepted"))


def test_a_position_without_a_working_stop_is_told_once_while_it_lasts_and_when_it_is_over():
    naked = Naked()
    assert taken(naked, *HELD) == []
    assert list(naked.look(MOMENT + LIMIT_NS - 1)) == []
    (said,) = naked.look(MOMENT + LIMIT_NS)
    assert said.event is Event.NAKED and INTENT.intent_id in said.text
    assert list(naked.look(MOMENT + 2 * LIMIT_NS)) == []
    assert "without a working stop for 9.0 s" in taken(naked, COVERED, wall_ns=MOMENT + 9 * SECOND_NS)[0]


def test_a_stop_that_works_in_time_is_nothing_to_tell():
    naked = Naked()
    assert taken(naked, *HELD, COVERED) == [] and list(naked.look(MOMENT + 100 * LIMIT_NS)) == []


def test_a_stop_that_is_lost_later_is_found():
    naked = Naked()
    assert taken(naked, *HELD, COVERED, (Kind.ORDER, order("OrderCanceled"))) == []
    assert len(list(naked.look(MOMENT + LIMIT_NS))) == 1


def test_a_naked_time_that_nobody_saw_is_told_by_its_length():
    naked = Naked()
    taken(naked, *HELD)
    assert "for 30.0 s" in taken(naked, (Kind.OUTCOME, outcome(-1.0, trade_id=INTENT.intent_id)), wall_ns=MOMENT + 30 * SECOND_NS)[0]
    assert list(naked.look(MOMENT + 100 * LIMIT_NS)) == []


def test_a_trade_that_was_open_before_is_followed_on():
    naked = Naked([Story(INTENT, (order("OrderSubmitted", "ENTRY", "1E"), fill(), order("OrderAccepted")))])
    assert taken(naked, (Kind.ORDER, order("OrderRejected"))) == [] and len(list(naked.look(MOMENT + LIMIT_NS))) == 1


def test_trades_that_never_end_do_not_fill_the_memory():
    naked = Naked()
    for number in range(10 * MOST_OPEN):
        made = intent_record(INTENT)
        taken(naked, (Kind.INTENT, type(made)(**{f: getattr(made, f) for f in made.__struct_fields__} | {"intent_id": f"I{number}"})))
    assert len(naked._trades) == MOST_OPEN


def test_bars_that_are_not_believed_are_told_when_it_begins_and_when_it_is_over():
    data = Data()
    data.minimum = 0.8
    told = [said.text for each in (bar(), bar(0.7), bar(0.6), bar(0.9), bar()) for said in data.take(row(Kind.BAR, each))]
    assert len(told) == 2 and "DVS 0.70, below 0.80 (stale −0.30)" in told[0] and "believed again: DVS 0.90" in told[1]


def test_a_bar_that_was_refused_is_told():
    data = Data()
    data.minimum = 0.8
    (said,) = data.take(row(Kind.BAR, bar(rejected=True)))
    assert (said.event, "a bar was refused" in said.text) == (Event.DATA, True)


def test_without_a_minimum_no_bar_is_doubted():
    assert list(Data().take(row(Kind.BAR, bar(0.1)))) == []


def decision(found: str = "", *, first: bool = True) -> tuple[Kind, dict]:
    gate = {"code": "BROKER_BLOCK", "observed": found} if found else {"code": "VWAP_Z", "observed": 1.0}
    return Kind.DECISION, {"gate": gate if first else {"code": "PHASE", "observed": 2}, "others": [] if first else [gate]}


def blocked(*steps: tuple[Kind, object]) -> list[Said]:
    following = Blocked()
    return [said for kind, body in steps for said in following.take(row(kind, body))]


BAR = (Kind.BAR, bar())


def test_data_that_the_broker_refuses_are_told_once_and_when_they_come_again():
    refused = decision("DataRefused: 162 no permission", first=False)
    told = blocked(BAR, refused, refused, BAR, decision("DataRefused: 162 once more"), BAR, refused, BAR, decision(), BAR, decision(), BAR)
    assert [said.event for said in told] == [Event.DATA, Event.DATA]
    assert "no entries: DataRefused: 162 no permission" in told[0].text and "DataRefused is over" in told[1].text


@pytest.mark.parametrize(
    ("found", "event"),
    [
        ("StaleBars: none for 60 s", Event.DATA),
        ("MarketDataNotSubscribed: no live data", Event.DATA),
        ("OrderIdsNotKept: disk full", Event.LOCK),
        ("NobodyKnowsThis: at all", Event.LOCK),
        ("annotations: a name that is no error", Event.LOCK),
        ("words without a name", Event.LOCK),
    ],
)
def test_what_stands_against_entries_is_told_by_its_kind(found, event):
    assert [said.event for said in blocked(BAR, decision(found))] == [event]


@pytest.mark.parametrize("name", ["ConnectionLost", "BrokerLinkLost", "NotSynced"])
def test_the_link_is_told_by_its_own_records_and_not_again_by_every_bar(name):
    assert blocked(BAR, decision(f"{name}: gone"), BAR, BAR) == []
