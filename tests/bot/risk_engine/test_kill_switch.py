"""Nothing that only tells of a kill can hold it up."""

from __future__ import annotations

import pytest

from bot.decision.snapshot import KillState
from bot.errors import JournalError
from bot.risk_engine.kill_switch import KillSwitch


class Wire:
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


def switch(wire: Wire, *, flat: bool = False) -> KillSwitch:
    def leave() -> None:
        wire.done.append(f"leave {made.state.value}")
        if flat:
            made.rest()

    made = KillSwitch(wire, leave)
    return made


def test_it_is_tripped_told_and_left_once():
    wire = Wire()
    tripped = switch(wire)
    tripped.trip("manual", "enough")
    assert wire.done == ["journal TRIPPED", "publish TRIPPED", "leave TRIPPED"]
    tripped.trip("again", "")
    assert wire.done[3:] == ["leave TRIPPED"]


@pytest.mark.parametrize("failing", ["journal", "publish"])
@pytest.mark.parametrize("flat", [False, True])
def test_what_is_open_is_left_though_nobody_can_be_told(failing, flat):
    wire = Wire(failing)
    tripped = switch(wire, flat=flat)
    with pytest.raises(JournalError):
        tripped.trip("manual", "enough")
    assert "leave TRIPPED" in wire.done
    assert tripped.state is (KillState.HALTED if flat else KillState.TRIPPED)
    assert {line for line in wire.done if line.endswith("TRIPPED")} == {"journal TRIPPED", "publish TRIPPED", "leave TRIPPED"}


def test_at_rest_it_is_halted():
    wire = Wire()
    tripped = switch(wire, flat=True)
    tripped.trip("manual", "")
    assert tripped.state is KillState.HALTED
    assert [line for line in wire.done if line.startswith("journal")] == ["journal TRIPPED", "journal FLAT", "journal HALTED"]
