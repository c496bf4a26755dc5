"""An answer without an end fills no memory and holds nobody for ever; what its first line said counts, if it is to the message."""

from __future__ import annotations

import time

import pytest
from services import CONTINUES, DRIPS, DRIPS_REFUSING, FLOODS, HANGS, TAKES, Service

from bot.alerts import bounded, run
from bot.alerts.addresses import addresses_of
from bot.alerts.alert import Level
from bot.alerts.outbox import Message


def addresses(*services: Service):
    return addresses_of({"MESBOT_ALERTS": "\n".join(service.address for service in services)}, lambda: "mesbot")


def test_of_an_answer_that_never_ends_so_much_is_read_and_the_message_counts_as_taken():
    with Service(FLOODS) as floods:
        assert addresses(floods)[0].send(Message(Level.INFO, "one"))
        floods.wait_for(lambda each: each.how == TAKES)  # the connection was closed
        assert bounded.MOST_BYTES <= floods.answered_bytes < 30 * bounded.MOST_BYTES  # buffers of the sockets between them


def test_an_answer_that_drips_for_ever_is_left(monkeypatch):
    monkeypatch.setattr(bounded, "MOST_SECONDS", 0.3)
    with Service(DRIPS) as drips:
        start = time.monotonic()
        assert addresses(drips)[0].send(Message(Level.INFO, "one"))
        assert 0.3 <= time.monotonic() - start < 30
        drips.wait_for(lambda each: each.how == TAKES)


def test_a_refusal_without_an_end_is_a_refusal(monkeypatch):
    monkeypatch.setattr(bounded, "MOST_SECONDS", 0.3)
    with Service(DRIPS_REFUSING) as service:
        assert not addresses(service)[0].send(Message(Level.INFO, "one"))


@pytest.mark.parametrize("code", ["301", "302", "303"])
def test_a_message_that_became_the_question_for_a_page_was_not_taken(code):
    with Service(code) as portal:
        assert not addresses(portal)[0].send(Message(Level.CRITICAL, "kill"))
        assert portal.tried == 1 and portal.messages == [] and portal.asked == []


@pytest.mark.parametrize("code", ["307", "308"])
def test_a_redirect_that_keeps_the_message_is_followed(code):
    with Service(code) as moved:
        assert addresses(moved)[0].send(Message(Level.CRITICAL, "kill"))
        assert moved.texts == ["kill"] and moved.asked == []


def test_an_answer_that_only_ever_begins_is_none_and_costs_no_time():
    with Service(CONTINUES) as service:
        begun = time.process_time()
        assert not addresses(service)[0].send(Message(Level.INFO, "one"))
        assert service.answered_bytes < 50 * bounded.MOST_BYTES and time.process_time() - begun < 5


@pytest.mark.parametrize("order", [1, -1])
def test_the_test_of_alerts_waits_for_no_service_for_ever_and_tells_of_the_others(monkeypatch, order):
    monkeypatch.setattr(run, "STUCK_SECONDS", 0.5)
    with Service(HANGS) as hangs, Service() as takes:
        results = dict(run.tried(addresses(*[hangs, takes][::order])))
        assert sorted(results.values()) == [False, True] and takes.told.startswith("This is a test")
