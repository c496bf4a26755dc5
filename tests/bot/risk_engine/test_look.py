"""One look at all that the law needs: what is found, what is done about it, and that it ends."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from nautilus_trader.model.identifiers import ClientOrderId

from bot.risk_engine.guard import Guard
from bot.risk_engine.look import Look

FILL = SimpleNamespace(client_order_id=ClientOrderId("O-1"))


class Seen:
    """What a look finds, and what it does, in its order."""

    def __init__(self, *, lost: list[str] | None = None, written: str = "", fills: list[Any] | None = None, settled: bool = True) -> None:
        self.did: list[Any] = []
        self.again = False
        self.guard = Guard(lambda text: self.trip("a guard failed", text), lambda *_: None)
        path = SimpleNamespace(lost=lambda: lost or [], take=lambda: self.did.append("take"))
        queues = SimpleNamespace(look=lambda: self.did.append("queues"))
        self.kept = kept = SimpleNamespace(look=lambda: self.did.append("kept"))
        account, answers = SimpleNamespace(written=lambda: written), SimpleNamespace(unbooked=lambda: fills or [])
        book = lambda fill: self.did.append(("book", fill))  # noqa: E731
        self.look = Look(path, kept, account, answers, queues, self.guard, trip=self.trip, book=book, settled=lambda: settled)

    def trip(self, reason: str, detail: str) -> None:
        self.did.append((reason, detail))
        if self.again:
            self.look.look()


def test_where_all_is_right_only_the_queues_and_the_cache_are_looked_at():
    seen = Seen()
    seen.look.look()
    assert seen.did == ["queues", "kept"]


def test_a_place_that_was_taken_is_taken_back_before_it_is_told():
    seen = Seen(lost=["a", "b"])
    seen.look.look()
    assert seen.did == ["take", ("the risk engine was not on the path", "a, b"), "queues", "kept"]


def test_an_account_that_another_hand_wrote_into_is_a_kill():
    seen = Seen(written="CME-001")
    seen.look.look()
    assert seen.did == ["queues", "kept", ("another hand wrote into the account", "CME-001")]


def test_a_fill_that_nautilus_did_not_book_is_a_kill_and_is_booked():
    seen = Seen(fills=[FILL])
    seen.look.look()
    assert seen.did == ["queues", "kept", ("a fill that Nautilus did not book", "O-1"), ("book", FILL)]


def test_no_fill_is_missed_while_nautilus_has_something_to_tell():
    seen = Seen(fills=[FILL], settled=False)
    seen.look.look()
    assert seen.did == ["queues", "kept"]


def test_what_is_found_is_acted_on_once_and_looked_for_again_the_next_time():
    seen = Seen(written="CME-001")
    seen.again = True
    for _ in range(2):
        seen.look.look()
    assert seen.did == ["queues", "kept", ("another hand wrote into the account", "CME-001")] * 2


def test_a_look_that_fails_is_not_the_last_one():
    seen = Seen(written="CME-001")
    seen.kept.look = lambda: {}["evil"]
    for _ in range(2):
        seen.look.look()
    failed = ("a guard failed", "KeyError: 'evil'")
    assert seen.did == ["queues", failed, ("another hand wrote into the account", "CME-001")] * 2


def test_the_alarm_of_a_look_that_fails_does_not_look_again():
    seen = Seen()
    seen.again, seen.kept.look = True, lambda: {}["evil"]
    seen.look.look()
    assert seen.did == ["queues", ("a guard failed", "KeyError: 'evil'")]
