"""What waits for a service is bounded, and nothing is left out without being counted."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.alert import Alert, Event, Level
from bot.alerts.outbox import (
    BACKOFF_SECONDS,
    COUNTS_SECONDS,
    CRITICAL_SECONDS,
    MOST_LINES,
    MOST_WAITING,
    WINDOW_SECONDS,
    Outbox,
    Waiting,
)
from bot.alerts.repeats import MOST_KEYS, REPEAT_SECONDS, Repeats


def alert(text: str = "a", level: Level = Level.INFO, event: Event = Event.ENTRY, key: str = "") -> Alert:
    return Alert(event, level, text, key)


def sent(outbox: Outbox, now: float = 0.0, *, delivered: bool = True) -> str:
    """The next message, as one text with its level; "" if none is due."""
    message = outbox.message(now)
    if message is None:
        return ""
    outbox.done(now, delivered=delivered)
    return f"{message.level}: {message.text}"


def test_one_alert_goes_as_it_is_and_then_nothing_is_left():
    outbox = Outbox(6)
    outbox.put(alert("K1 is in."))
    assert [sent(outbox), sent(outbox), outbox.empty] == ["info: K1 is in.", "", True]


def test_what_waits_together_goes_together_the_critical_first():
    outbox = Outbox(6)
    for each in (alert("one"), alert("two", Level.CRITICAL, Event.KILL), alert("three", Level.WARNING), alert("four", Level.CRITICAL)):
        outbox.put(each)
    assert sent(outbox).splitlines() == ["critical: CRITICAL two", "CRITICAL four", "WARNING three", "INFO one"]


def test_no_more_messages_a_minute_than_are_allowed():
    outbox, times = Outbox(3), []
    for second in range(130):
        outbox.put(alert(str(second)))
        if sent(outbox, float(second)):
            times.append(second)
    assert times == [0, 1, 2, 60, 61, 62, 120, 121, 122] and WINDOW_SECONDS == 60


@given(st.lists(st.sampled_from(list(Level)), max_size=3 * MOST_WAITING), st.integers(1, 4))
def test_every_alert_is_told_or_counted_and_what_waits_is_bounded(levels, per_minute):
    outbox, told, counted = Outbox(per_minute), 0, 0
    for number, level in enumerate(levels):
        outbox.put(alert(str(number), level))
        assert len(outbox.waiting.alerts) <= MOST_WAITING
    for minute in range(60):
        message = outbox.message(minute * COUNTS_SECONDS)
        if message is None:
            break
        lines = message.text.splitlines()
        tail = lines.pop() if "Not told" in lines[-1] else ""
        told += len(lines)
        counted += sum(int(each.split(" × ")[0].split()[-1]) for each in tail.removeprefix("Not told one by one: ").split(", ") if each)
        assert len(lines) <= MOST_LINES
        outbox.done(minute * COUNTS_SECONDS, delivered=True)
    assert told + counted == len(levels)


def test_a_critical_alert_never_gives_way_to_a_lesser_one():
    outbox = Outbox(6)
    outbox.put(alert("stop it", Level.CRITICAL))
    for number in range(2 * MOST_WAITING):
        outbox.put(alert(str(number), Level.WARNING))
    assert sent(outbox).splitlines()[0] == "critical: CRITICAL stop it"


def test_a_flood_of_critical_ones_is_counted_in_the_next_message():
    outbox = Outbox(6)
    for number in range(MOST_WAITING + 50):
        outbox.put(alert(str(number), Level.CRITICAL, Event.KILL))
    lines = sent(outbox).splitlines()
    assert len(lines) == MOST_LINES + 1 and lines[-1] == f"Not told one by one: {MOST_WAITING + 50 - MOST_LINES} × critical kill."


def test_counts_alone_wait_for_company_and_then_go_by_themselves():
    outbox = Outbox(6)
    outbox.put(alert("first"))
    assert sent(outbox, 0.0)
    outbox.count(alert("again", Level.CRITICAL, Event.LINK), 14)
    assert sent(outbox, COUNTS_SECONDS - 1) == ""
    assert sent(outbox, COUNTS_SECONDS) == "critical: Not told one by one: 14 × critical link."


def test_what_a_service_did_not_take_goes_again_with_what_came_meanwhile_and_not_at_once():
    outbox = Outbox(60)
    outbox.put(alert("one"))
    assert sent(outbox, 0.0, delivered=False) and outbox.failing
    outbox.put(alert("two"))
    assert sent(outbox, BACKOFF_SECONDS[0] - 0.1) == ""
    assert sent(outbox, BACKOFF_SECONDS[0], delivered=False).splitlines() == ["info: INFO one", "INFO two"]
    assert sent(outbox, 2 * BACKOFF_SECONDS[0]) == ""  # the second time it waits longer
    assert sent(outbox, BACKOFF_SECONDS[0] + BACKOFF_SECONDS[1]) and not outbox.failing and outbox.empty


def test_a_service_that_never_answers_again_costs_no_memory():
    outbox = Outbox(60)
    for second in range(5000):
        outbox.put(alert(f"{second}" * 50, Level.CRITICAL))
        sent(outbox, float(second), delivered=False)
    assert len(msgspec.json.encode(outbox.waiting)) < 100_000
    assert sum(outbox.waiting.left_out.values()) + len(outbox.waiting.alerts) == 5000


def test_after_a_restart_only_what_is_critical_and_was_on_its_way_goes_again_and_says_so():
    outbox = Outbox(6)
    outbox.put(alert("lesser"))
    outbox.put(alert("worst", Level.CRITICAL))
    assert outbox.message(0.0)
    outbox.put(alert("later"))
    kept = msgspec.json.decode(msgspec.json.encode(outbox.waiting), type=Waiting)
    assert sent(Outbox(6, kept)).splitlines() == [
        "critical: CRITICAL (perhaps told before) worst",
        "INFO later",
        "Not told one by one: 1 × info entry (perhaps told before).",
    ]


def test_what_was_on_its_way_when_a_notifier_ended_is_counted_also_where_nothing_else_waits():
    outbox = Outbox(6)
    for number in range(MOST_LINES + 3):
        outbox.put(alert(str(number)))
    assert outbox.message(0.0)
    after = sent(Outbox(6, outbox.waiting), COUNTS_SECONDS)
    assert after == f"info: Not told one by one: 3 × info entry, {MOST_LINES} × info entry (perhaps told before)."


def full_at(now: float) -> Outbox:
    """One whose minute is used up."""
    outbox = Outbox(6)
    for _ in range(6):
        outbox.put(alert("small"))
        assert sent(outbox, now)
    return outbox


def test_a_critical_alert_waits_behind_no_full_minute():
    outbox = full_at(0.0)
    outbox.put(alert("small"))
    assert sent(outbox, CRITICAL_SECONDS - 0.2) == ""
    outbox.put(alert("kill", Level.CRITICAL, Event.KILL))
    assert sent(outbox, CRITICAL_SECONDS - 0.1) == ""
    assert sent(outbox, CRITICAL_SECONDS) == "critical: CRITICAL kill\nINFO small" and CRITICAL_SECONDS <= 5
    outbox.put(alert("small"))
    assert sent(outbox, 2 * CRITICAL_SECONDS) == "" and sent(outbox, WINDOW_SECONDS) == "info: small"


def test_a_flood_of_critical_alerts_has_a_bound_of_its_own():
    outbox, times = Outbox(6), []
    for tenth in range(1200):
        outbox.put(alert(str(tenth), Level.CRITICAL, Event.KILL))
        times += [tenth / 10] if sent(outbox, tenth / 10) else []
    assert 12 < sum(time < WINDOW_SECONDS for time in times) <= 6 + WINDOW_SECONDS / CRITICAL_SECONDS
    assert max(after - before for before, after in pairwise(times)) <= CRITICAL_SECONDS + 0.1


def test_the_last_message_waits_for_no_full_minute_but_one_by_one_they_do():
    outbox = full_at(0.0)
    outbox.put(alert("has stopped"))
    assert outbox.message(1.0) is None and outbox.message(1.0, last=True) and outbox.message(1.0, last=True) is None
    outbox = full_at(0.0)
    outbox.put(alert("refused"))
    for now in (61.0, 70.0, 90.0):
        assert sent(outbox, now, delivered=False)
    for number in range(40):
        outbox.put(alert(str(number)))
    later = [outbox.message(200.0, last=True) is not None and outbox.done(200.0, delivered=True) is None for _ in range(40)]
    assert sum(later) == 6


def test_of_what_does_not_fit_the_newest_is_told():
    outbox = Outbox(6)
    for number in range(MOST_LINES + 5):
        outbox.put(alert(f"{number}", Level.WARNING, Event.LINK))
    outbox.put(alert("first", Level.CRITICAL))
    lines = sent(outbox).splitlines()
    assert lines[:2] == ["critical: CRITICAL first", "WARNING 6"]
    assert lines[-2:] == [f"WARNING {MOST_LINES + 4}", "Not told one by one: 6 × warning link."]


def test_what_says_that_it_is_over_is_told_again_after_every_new_loss():
    repeats = Repeats()
    words = ["CUT", "SYNCED", "DOWN", "SYNCED", "SYNCED", "CUT", "CUT", "SYNCED"]
    told = [word for second, word in enumerate(words) if repeats.new(msgspec.structs.replace(alert(key=word), topic="link"), float(second))]
    assert told == ["CUT", "SYNCED", "DOWN", "SYNCED", "CUT", "SYNCED"]


@pytest.mark.parametrize(("seconds", "new"), [(1.0, False), (REPEAT_SECONDS - 1, False), (REPEAT_SECONDS, True)])
def test_the_same_again_is_not_told_for_a_while(seconds, new):
    repeats = Repeats()
    assert repeats.new(alert(key="link"), 0.0)
    assert repeats.new(alert(key="link"), seconds) is new
    assert repeats.new(alert(key="other"), 1.0) and repeats.new(alert(), 1.0) and repeats.new(alert(), 1.0)


def test_the_memory_for_what_was_told_is_bounded():
    repeats = Repeats()
    for number in range(10 * MOST_KEYS):
        repeats.new(alert(key=str(number)), 0.0)
    assert len(repeats._told) == MOST_KEYS


def carried(outbox: Outbox, refuses: str, hours: range) -> list[str]:
    """What a service has taken that refuses every message with a word in it, asked each second of these hours."""
    taken = []
    for second in range(hours.start * 3600, hours.stop * 3600):
        if message := outbox.message(float(second)):
            delivered = refuses not in message.text
            outbox.done(float(second), delivered=delivered)
            taken += [message.text] if delivered else []
    return taken


@pytest.mark.parametrize("level", Level)
def test_an_alert_that_a_service_refuses_for_its_words_holds_up_no_other_and_is_counted(level):
    outbox = Outbox(6)
    for text in ("before", "poison", "after"):
        outbox.put(alert(text, level if text == "poison" else Level.WARNING))
    first = carried(outbox, "poison", range(2))
    outbox.put(alert("next"))  # a service that takes nothing and one that takes not this look alike until another is taken
    told = first + carried(outbox, "poison", range(2, 4))
    assert [text for text in told if "Not" not in text] == ["before", "after", "next"]
    assert [text for text in told if "Not" in text] == [f"Not told one by one: 1 × {level} entry."]
    assert outbox.empty and not outbox.failing


def test_a_service_that_takes_nothing_loses_nothing_when_it_is_back():
    outbox = Outbox(6)
    for number in range(5):
        outbox.put(alert(f"word {number}", Level.CRITICAL))
    assert carried(outbox, "word", range(5)) == []
    assert sorted(carried(outbox, "nothing", range(5, 6))) == [f"word {number}" for number in range(5)]


def test_after_what_was_refused_alerts_go_together_again():
    outbox = Outbox(6)
    outbox.put(alert("poison"))
    outbox.put(alert("fine"))
    carried(outbox, "poison", range(2))
    outbox.put(alert("next"))
    carried(outbox, "poison", range(2, 4))
    for text in ("one", "two"):
        outbox.put(alert(text))
    assert carried(outbox, "poison", range(4, 5)) == ["INFO one\nINFO two"]
