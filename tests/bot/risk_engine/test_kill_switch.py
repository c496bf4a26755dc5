"""Nothing that only tells of a kill can hold it up."""

from __future__ import annotations

import pytest

from bot.decision.snapshot import KillState
from bot.errors import JournalError
from bot.journal.records import KillRecord, Kind
from bot.messages import TOPIC_KILL, KillUpdate
from bot.risk_engine.kill_switch import KillSwitch


class Telling:
    """Hands that note what they are given; `failing` names what raises."""

    now_ns = 7

    def __init__(self, failing: str = "") -> None:
        self.failing, self.done = failing, []

    def journal(self, _kind: object, _ts_ns: int, body: object, *_: object) -> None:
        self.note("journal", body.state)

    def publish(self, _topic: str, update: object) -> None:
        self.note("publish", update.state.value)

    def note(self, what: str, state: str) -> None:
        self.done.append(f"{what} {state}")
        if what == self.failing:
            raise JournalError("it cannot be told")


def switch(hands: Telling, *, flat: bool = False) -> KillSwitch:
    def leave() -> None:
        hands.done.append(f"leave {made.state.value}")
        if flat:
            made.rest()

    made = KillSwitch(hands, leave)
    return made


def test_it_is_tripped_told_and_left_once():
    hands = Telling()
    tripped = switch(hands)
    tripped.trip("manual", "enough")
    assert hands.done == ["journal TRIPPED", "publish TRIPPED", "leave TRIPPED"]
    tripped.trip("again", "")
    assert hands.done[3:] == ["leave TRIPPED"]


@pytest.mark.parametrize("failing", ["journal", "publish"])
@pytest.mark.parametrize("flat", [False, True])
def test_what_is_open_is_left_though_nobody_can_be_told(failing, flat):
    hands = Telling(failing)
    tripped = switch(hands, flat=flat)
    with pytest.raises(JournalError):
        tripped.trip("manual", "enough")
    assert "leave TRIPPED" in hands.done
    assert tripped.state is (KillState.HALTED if flat else KillState.TRIPPED)
    assert {line for line in hands.done if line.endswith("TRIPPED")} == {"journal TRIPPED", "publish TRIPPED", "leave TRIPPED"}


def test_at_rest_it_is_halted():
    hands = Telling()
    tripped = switch(hands, flat=True)
    tripped.trip("manual", "")
    assert tripped.state is KillState.HALTED
    assert [line for line in hands.done if line.startswith("journal")] == ["journal TRIPPED", "journal FLAT", "journal HALTED"]


class Whole:
    """Hands that keep the whole of what they are given."""

    now_ns = 7

    def __init__(self) -> None:
        self.records: list[tuple[object, ...]] = []
        self.published: list[tuple[object, ...]] = []

    def journal(self, *given: object) -> None:
        self.records.append(given)

    def publish(self, *given: object) -> None:
        self.published.append(given)


def test_each_step_is_recorded_and_published_with_its_reason():
    hands = Whole()
    made = KillSwitch(hands, lambda: None)
    made.trip("manual", "enough")
    made.rest()
    flat, halted = "no position of ours is left", "only a person starts trading again: mesbot resume"
    assert hands.records == [
        (Kind.KILL, 7, KillRecord("TRIPPED", "manual", "enough")),
        (Kind.KILL, 7, KillRecord("FLAT", flat, "")),
        (Kind.KILL, 7, KillRecord("HALTED", halted, "")),
    ]
    assert hands.published == [
        (TOPIC_KILL, KillUpdate(KillState.TRIPPED, "manual", "enough", 7)),
        (TOPIC_KILL, KillUpdate(KillState.FLAT, flat, "", 7)),
        (TOPIC_KILL, KillUpdate(KillState.HALTED, halted, "", 7)),
    ]


@pytest.mark.parametrize("state", [KillState.ARMED, KillState.FLAT, KillState.HALTED])
def test_only_a_tripped_switch_comes_to_rest(state):
    hands = Telling()
    made = KillSwitch(hands, lambda: None, state)
    made.rest()
    assert (made.state, hands.done) == (state, [])


@pytest.mark.parametrize("state", [KillState.TRIPPED, KillState.FLAT, KillState.HALTED])
def test_a_latched_switch_tells_nothing_again_and_leaves_all_the_same(state):
    hands, left = Telling(), []
    made = KillSwitch(hands, lambda: left.append(made.state), state)
    made.trip("again", "")
    assert (made.state, hands.done, left) == (state, [], [state])


def test_a_trip_on_the_way_out_does_not_begin_it_again_and_a_later_one_does():
    left = []

    def leave() -> None:
        left.append(made.state)
        made.trip("an order went wrong", "")
        if len(left) == 1:
            raise ValueError("the way out failed")

    made = KillSwitch(Telling(), leave)
    with pytest.raises(ValueError, match="the way out failed"):
        made.trip("manual", "")
    assert len(left) == 1
    made.trip("again", "")
    assert len(left) == 2


@pytest.mark.parametrize("failing", ["journal", "publish"])
def test_it_is_halted_though_nobody_can_be_told_that_it_is_flat(failing):
    hands = Telling(failing)
    made = KillSwitch(hands, lambda: None, KillState.TRIPPED)
    with pytest.raises(JournalError):
        made.rest()
    assert made.state is KillState.HALTED
    assert hands.done == ["journal FLAT", "publish FLAT", "journal HALTED", "publish HALTED"]


@pytest.mark.parametrize(("latched", "reasons", "left_for"), [
    ("", ["manual"], "MANUAL"),
    ("", ["order state desync"], "KILL"),
    ("manual", [], "MANUAL"),
    ("available funds below zero", [], "KILL"),
    ("", ["a guard failed", "manual"], "MANUAL"),
    ("", ["a reason of tomorrow"], "KILL"),
])  # fmt: skip
def test_what_a_person_kills_is_left_as_manual_and_all_else_as_killed(latched, reasons, left_for):
    made = KillSwitch(Telling(), lambda: None, KillState.TRIPPED if latched else KillState.ARMED, latched)
    for reason in reasons:
        made.trip(reason, "")
    assert made.exit_reason == left_for


@pytest.mark.parametrize("words", [(7, None), ("\ud800", object()), ((), {})], ids=["numbers", "surrogate", "others"])
def test_it_is_tripped_by_words_of_any_kind_and_what_is_told_can_be_written(words):
    hands, said = Telling(), []
    hands.journal = lambda kind, ts_ns, body: said.append(body)
    hands.publish = lambda topic, update: said.append(update)
    switch(hands).trip(*words)
    record, update = said
    assert (record.state, type(record.reason), type(record.detail), type(update.reason)) == ("TRIPPED", str, str, str)
    f"{record.reason}{record.detail}".encode()


def test_a_drill_is_cleared_by_the_words_it_was_told_with():
    hands = Telling()
    drilled = switch(hands, flat=True)
    drilled.trip("manual", "a drill \ud800")
    assert drilled.clear("a drill \ud800") == ""


# ------------------------------------------------------------------ the end of a drill


def drilled(hands: Telling, *more: tuple[str, str], before: tuple[object, ...] = ()) -> KillSwitch:
    """A switch that a drill has tripped, and whatever else, and what an earlier run left; at rest."""
    made = KillSwitch(hands, lambda: made.rest(), *before)
    made.trip("manual", "the drill")
    for each in more:
        made.trip(*each)
    return made


def test_the_end_of_a_drill_that_alone_has_tripped_it_arms_it_again_and_is_told():
    hands, told = Telling(), []
    cleared = drilled(hands)
    hands.journal = lambda kind, ts_ns, body: told.append((kind, ts_ns, body))
    hands.publish = lambda topic, update: told.append((topic, update))
    assert (cleared.clear("the drill"), cleared.state) == ("", KillState.ARMED)
    assert told == [
        (Kind.KILL, 7, KillRecord("ARMED", "the drill is over", "the drill")),
        (TOPIC_KILL, KillUpdate(KillState.ARMED, "the drill is over", "the drill", 7)),
    ]
    cleared.trip("manual", "another drill")
    assert cleared.clear("another drill") == ""


@pytest.mark.parametrize(
    ("more", "before", "said"),
    [
        ([("a guard failed", "x")], (), "the kill switch is HALTED (a guard failed: x), which only `mesbot resume` ends"),
        (
            [("a guard failed", "y"), ("a guard failed", "x")],
            (),
            "the kill switch is HALTED (a guard failed: x), which only `mesbot resume` ends",
        ),
        ([("manual", "enough")], (), "the kill switch is HALTED (manual: enough), which only `mesbot resume` ends"),
        ([], (KillState.HALTED, "lost"), "the kill switch is HALTED (lost: before this run), which only `mesbot resume` ends"),
        ([], (KillState.HALTED,), "the kill switch is HALTED (: before this run), which only `mesbot resume` ends"),
    ],
)
def test_what_else_has_tripped_it_is_a_persons_to_clear(more, before, said):
    hands = Telling()
    kept = drilled(hands, *more, before=before)
    count = len(hands.done)
    assert kept.clear("the drill") == said
    assert (kept.state, len(hands.done)) == (KillState.HALTED, count)


def test_a_drill_that_is_not_at_rest_stays_latched():
    tripped = switch(Telling())
    tripped.trip("manual", "the drill")
    assert tripped.clear("the drill") == "the kill switch is TRIPPED, which only `mesbot resume` ends"
    assert tripped.state is KillState.TRIPPED
