"""Nothing that only tells of a kill can hold it up."""

from __future__ import annotations

import pytest

from bot.decision.snapshot import KillState
from bot.errors import JournalError
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
