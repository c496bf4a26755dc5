"""What a record says to a person who is away."""

from __future__ import annotations

import pytest
from live_journal import ACCOUNT, KillRecord, OperatorRecord, QualityRecord, ReconcileRecord, StateRecord, fill, order, outcome, row

from bot.alerts.alert import LEVELS, MEANING, MOST_CHARACTERS, Alert, Event, Level, Said
from bot.alerts.says import SILENT, said_of
from bot.decision.snapshot import KillState
from bot.glossary import EVENTS
from bot.journal.records import LINK_FOUND, NOT_BELIEVED, Kind

TOLD = [
    (Kind.FILL, fill(), Event.ENTRY, "K1 is in: bought 1 at 250.00."),
    (Kind.OUTCOME, outcome(-1.1), Event.EXIT, "−$11.00 net, −1.10 R"),
    (Kind.STATE, StateRecord("K2", "ACTIVE", "QUARANTINED", 0, "two losses", "streak", 2.0, 2, "a win"), Event.STATE, "K2 is QUARANTINED"),
    (Kind.KILL, KillRecord("TRIPPED", "feed", "no bars for 60 s"), Event.KILL, "kill switch TRIPPED (feed, no bars for 60 s)"),
    (Kind.KILL, KillRecord("FLAT", "no position"), Event.KILL, "kill switch FLAT"),
    (Kind.OPERATOR, OperatorRecord("resume", "looked at"), Event.OPERATOR, "a person did: resume (looked at)."),
    (Kind.OPERATOR, OperatorRecord("lock", "on the road"), Event.LOCK, "lock (on the road)"),
    (Kind.OPERATOR, OperatorRecord("levitate", "why not"), Event.OPERATOR, "levitate (why not)"),
    (Kind.RECONCILE, ReconcileRecord(LINK_FOUND, "the link is CUT"), Event.LINK, "the link is CUT"),
    (Kind.RECONCILE, ReconcileRecord("PositionMismatch", "book 0, broker 1"), Event.BROKER, "PositionMismatch: book 0, broker 1"),
    (Kind.RECONCILE, ReconcileRecord(NOT_BELIEVED, "a forged word"), Event.UNKNOWN, "a forged word"),
    (Kind.RECONCILE, ReconcileRecord("NeverHeardOf", "what"), Event.BROKER, "NeverHeardOf"),
    (Kind.ORDER, order("OrderRejected", "ENTRY", reason="no margin"), Event.ORDER, "no margin"),
    (Kind.ORDER, order("Denied", "SubmitOrderList", reason="GUARD_ERROR: x"), Event.ORDER, "GUARD_ERROR: x"),
    (Kind.QUALITY, QualityRecord("EQS", "naked_time", 0.2, "3 s"), Event.NAKED, "without its stop"),
    (Kind.QUALITY, QualityRecord("DVS", "new_level", 0.0, "prices are believed at 0.5"), Event.DATA, "prices are believed"),
    (Kind.QUALITY, QualityRecord("EQS", "never_heard_of", 0.2), Event.UNKNOWN, "does not know"),
    (Kind.ORDER, order("OrderTeleported"), Event.UNKNOWN, "does not know: OrderTeleported"),
    (Kind.KILL, KillRecord("MELTED", "?"), Event.KILL, "a state that this version does not know"),
    ("alarm", {"text": "fire"}, Event.UNKNOWN, "fire"),
    ("", {}, Event.UNKNOWN, "unknown kind"),
]


@pytest.mark.parametrize(("kind", "body", "event", "text"), TOLD)
def test_a_record_that_matters_is_told_by_its_event_with_its_time(kind, body, event, text):
    (said,) = said_of(row(kind, body))
    assert (said.event, text in said.text) == (event, True), said
    assert said.text.startswith("09-16 10:41 ")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (Kind.FILL, fill("STOP", -1, "1S")),
        (Kind.OUTCOME, outcome(1.0, shadow=True)),
        (Kind.ORDER, order("OrderAccepted")),
        (Kind.QUALITY, QualityRecord("EQS", "late_fill", 0.08)),
        *((kind, {}) for kind in sorted(SILENT)),
    ],
)
def test_what_is_ordinary_is_not_told(kind, body):
    assert list(said_of(row(kind, body))) == []


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in SILENT])
@pytest.mark.parametrize("body", [{}, {"unreadable": True}, {"state": None, "event": [], "score": {}, "body": 1}])
def test_a_record_that_cannot_be_read_is_told_as_critical(kind, body):
    (alert,) = [Alert.of(said) for said in said_of(row(kind, body))]
    assert (alert.event, alert.level) == (Event.UNKNOWN, Level.CRITICAL)
    assert "cannot be read" in alert.text or "does not know" in alert.text


def test_what_nobody_gave_a_level_is_critical():
    assert set(LEVELS) == set(Event) - {Event.UNKNOWN}
    assert Alert.of(Said(Event.UNKNOWN, "?"), dict.fromkeys(Event, Level.INFO) | {}).level is Level.INFO
    assert Alert.of(Said(Event.ENTRY, "?"), {}).level is Level.CRITICAL


def test_every_event_and_every_charge_and_every_state_has_its_words():
    from bot.alerts.says import CHARGES, NOTES

    assert set(MEANING) == set(Event)
    assert {*CHARGES, *NOTES} <= set(EVENTS)
    for state in KillState:
        (said,) = said_of(row(Kind.KILL, KillRecord(state.value, "why")))
        assert "does not know" not in said.text


def test_every_charge_of_execution_quality_is_known_here():
    from builders import CONTRACTS

    from bot.alerts.says import CHARGES

    assert set(CHARGES) == set(CONTRACTS.execution_contract.eqs.events.model_fields_set)


def test_an_alert_is_one_line_without_an_account_and_bounded():
    alert = Alert.of(Said(Event.BROKER, f"{ACCOUNT} holds\n\n more " + "x" * 2000))
    assert ACCOUNT not in alert.text and "DU***567 holds more" in alert.text
    assert len(alert.text) == MOST_CHARACTERS and "\n" not in alert.text
