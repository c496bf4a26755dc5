"""The notifier against real services on this machine: one that hangs, fails or is not there holds up nothing and fills nothing."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import msgspec
import pytest
from live_journal import KillRecord, OperatorRecord, ReconcileRecord, add, opened
from services import HANGS, REFUSES, SECRET, TAKES, Service

from bot.alerts import courier, watch
from bot.alerts.addresses import Address, addresses_of
from bot.alerts.alert import LEVELS, Alert, Event, Level, Said
from bot.alerts.outbox import MOST_WAITING, Outbox
from bot.alerts.place import Place, place_path, read_place
from bot.alerts.watch import Settings, Watch
from bot.errors import NotOurs
from bot.journal.records import Kind
from bot.journal.run_lock import RunLock

MANY = Settings(per_minute=60)


@pytest.fixture
def path(tmp_path) -> Path:
    (tmp_path / "journals").mkdir()
    return tmp_path / "journals" / "paper-DU1234567-2025.sqlite"


def watching(path: Path, *services: Service, settings: Settings = MANY, heartbeat: str = "", said: list[str] | None = None) -> Watch:
    made = Watch(path, settings, ([] if said is None else said).append)
    environ = {"MESBOT_ALERTS": "\n".join(service.address for service in services)} if services else {}
    made.serve(addresses_of(environ, made.title), heartbeat)
    return made


def turns(made: Watch, until, seconds: float = 60.0) -> float:
    """Turn after turn until it holds; how long the longest took (s)."""
    longest, deadline = 0.0, time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline
        begun = time.monotonic()
        made.turn(begun, time.time_ns())
        longest = max(longest, time.monotonic() - begun)
        time.sleep(0.01)
    return longest


def test_what_a_journal_says_arrives_at_every_service_with_its_title(path):
    with Service() as one, Service() as two, RunLock(path), opened(path) as journal:
        made = watching(path, one, two)
        add(journal, Kind.KILL, KillRecord("TRIPPED", "feed"))
        turns(made, lambda: "TRIPPED" in one.told and "TRIPPED" in two.told)
        assert one.messages[-1]["title"] == "mesbot PAPER DU***567: critical"


def test_a_service_that_hangs_holds_up_neither_a_turn_nor_the_others_and_its_queue_is_bounded(path):
    with Service(HANGS) as hangs, Service() as takes, RunLock(path), opened(path) as journal:
        made = watching(path, hangs, takes)
        turns(made, lambda: takes.messages and hangs.tried)
        for number in range(5 * MOST_WAITING):
            journal.add(Kind.KILL, 0, KillRecord("TRIPPED", f"reason {number}"))
        journal.flush()
        turns(made, lambda: f"{5 * MOST_WAITING - 12}" in takes.told or "× critical kill" in takes.told)
        stuck = made.couriers[0].outbox.waiting
        assert len(stuck.alerts) == MOST_WAITING and stuck.left_out["critical kill"] == 4 * MOST_WAITING
        assert hangs.tried == 1 and place_path(path).stat().st_size < 200_000


def test_a_service_that_hangs_for_ever_is_left_alone_in_the_end_and_that_is_told(path, monkeypatch):
    monkeypatch.setattr(courier, "STUCK_SECONDS", 0.05)
    monkeypatch.setattr("bot.alerts.outbox.BACKOFF_SECONDS", (0.01,))
    said = []
    with Service(HANGS) as hangs, RunLock(path), opened(path):
        made = watching(path, hangs, said=said)
        turns(made, lambda: any("not asked any more" in line for line in said))
        tried = hangs.tried
        turns(made, iter([False] * 20 + [True]).__next__)
        assert hangs.tried == tried == courier.MOST_STUCK
    assert not any(SECRET in line for line in said)


def test_a_service_that_rested_is_tried_again_and_few_threads_hang_whatever_it_does(path, monkeypatch):
    monkeypatch.setattr(courier, "STUCK_SECONDS", 0.05)
    monkeypatch.setattr(courier, "REST_SECONDS", 0.2)
    monkeypatch.setattr("bot.alerts.outbox.BACKOFF_SECONDS", (0.01,))
    said = []
    with Service() as well, Service(HANGS) as hangs, RunLock(path), opened(path):
        made = watching(path, hangs, well, said=said)
        monkeypatch.setattr(made.couriers[0], "_send", lambda _: threading.Event().wait())  # no patience of its own ends it
        turns(made, lambda: len(hung(made)) == courier.MOST_THREADS)
        turns(made, iter([False] * 60 + [True]).__next__)
        assert len(hung(made)) == courier.MOST_THREADS == courier.MOST_STUCK + 1
    with Service(HANGS) as hangs, RunLock(path.with_name("b.sqlite")), opened(path.with_name("b.sqlite")):
        made = watching(path.with_name("b.sqlite"), hangs, said=said)
        turns(made, lambda: hangs.tried == courier.MOST_STUCK)
        hangs.how = TAKES
        monkeypatch.setattr(courier, "STUCK_SECONDS", 30.0)
        turns(made, lambda: "has started" in hangs.told and not made.waits)
        assert said[-1] == "1: json://*** takes messages again."


def hung(made: Watch) -> list[threading.Thread]:
    return [thread for thread in made.couriers[0]._threads if thread.is_alive()]


def test_the_service_that_is_well_hears_of_the_one_that_is_not(path, monkeypatch):
    monkeypatch.setattr(courier, "STUCK_SECONDS", 0.05)
    monkeypatch.setattr(courier, "REPEAT_SECONDS", 0.3)
    monkeypatch.setattr("bot.alerts.outbox.BACKOFF_SECONDS", (0.01,))
    with Service() as well, Service(HANGS) as hangs, RunLock(path), opened(path):
        made = watching(path, well, hangs, settings=Settings(per_minute=1000))
        turns(made, lambda: "2: json://*** takes no messages" in well.told and "is not asked any more" in well.told)
        assert SECRET not in well.told and "1: json" not in well.told
        its_own = made.couriers[1].outbox.waiting
        assert its_own.left_out == {} and all(each.event is Event.RUN for each in its_own.alerts + its_own.sending)


def test_only_hanging_in_a_row_counts():
    hangs = threading.Event()
    carrier = courier.Courier(Address("1: x", lambda _: hangs.is_set() or threading.Event().wait(0.5)), Outbox(1000))
    now = 0.0
    for hung in (True, True, False, True, True):
        (hangs.clear if hung else hangs.set)()
        carrier.outbox.put(Alert.of(Said(Event.KILL, "x")))
        now += 1000.0
        carrier.go(carrier.message(now), now)
        if hung:
            assert carrier.answered(now + courier.STUCK_SECONDS)
        else:
            carrier.rest(time.monotonic() + 30.0)
        assert "any more" not in carrier.news()


def test_two_services_that_come_and_go_do_not_talk_of_each_other_for_ever():
    def comes_and_goes(number: int) -> Address:
        calls = iter(range(10_000_000))
        return Address(f"{number}: x", lambda _: next(calls) % 2 == number % 2)

    made = Watch(Path("nowhere.sqlite"), Settings(per_minute=1_000_000), list)
    made._keep = lambda: None
    made.serve([comes_and_goes(1), comes_and_goes(2)])
    made._tell(Said(Event.KILL, "first"), 0.0)
    messages = 0
    for second in range(3600):
        made._send(float(second))
        for each in made.couriers:
            messages += each._busy_since is not None
            while each._busy_since is not None and not each.answered(float(second)):
                time.sleep(0.0001)
    assert 2 <= messages < 60


def test_what_a_service_refuses_waits_and_arrives_when_it_takes_messages_again(path, monkeypatch):
    monkeypatch.setattr("bot.alerts.outbox.BACKOFF_SECONDS", (0.05,))
    said = []
    with Service(REFUSES) as service, RunLock(path), opened(path) as journal:
        made = watching(path, service, said=said)
        add(journal, Kind.KILL, KillRecord("TRIPPED", "feed"))
        turns(made, lambda: service.tried >= 3)
        service.how = TAKES
        turns(made, lambda: "TRIPPED" in service.told)
        assert "1: json://*** takes no messages" in said[0] and len(said) <= 2


def test_a_notifier_that_dies_between_two_turns_loses_and_repeats_nothing(path):
    with Service() as service, RunLock(path), opened(path) as journal:
        first = watching(path, service)
        turns(first, lambda: service.messages and not first.waits)
        add(journal, Kind.OPERATOR, OperatorRecord("drill", "one"))
        turns(first, lambda: "one" in service.told and not first.waits)
        add(journal, Kind.OPERATOR, OperatorRecord("drill", "two"))
        second = watching(path, service)  # the first is never asked again, as if killed
        turns(second, lambda: "two" in service.told)
        assert service.told.count("has started") == service.told.count("(one)") == service.told.count("(two)") == 1
        assert "had ended without being asked" in service.told


def test_the_place_is_written_before_anything_is_sent(path, monkeypatch):
    order = []
    monkeypatch.setattr(courier.Courier, "go", lambda self, message, now: order.append(("sent", read_place(path).seq)))
    with Service() as service, RunLock(path), opened(path) as journal:
        made = watching(path, service)
        add(journal, Kind.KILL, KillRecord("TRIPPED", "feed"))
        made.turn(0.0, time.time_ns())
    assert order == [("sent", 2)] and read_place(path).waiting[0].sending


def test_what_waits_is_kept_for_the_next_notifier_when_one_ends(path):
    with Service(REFUSES) as service, RunLock(path), opened(path) as journal:
        made = watching(path, service)
        add(journal, Kind.KILL, KillRecord("TRIPPED", "feed"))
        turns(made, lambda: service.tried)
        made.leave(0.2)
        assert read_place(path).whole
        service.how = TAKES
        after = watching(path, service)
        turns(after, lambda: "TRIPPED" in service.told)
        assert "had ended without" not in service.told


def test_an_end_sends_what_is_left(path):
    with Service() as service, RunLock(path), opened(path) as journal:
        made = watching(path, service)
        add(journal, Kind.OPERATOR, OperatorRecord("drill", "last words"))
        made.leave(30.0)
        assert "last words" in service.told and not made.waits


def test_an_end_sends_what_is_left_though_the_minute_is_full(path):
    with Service() as service, RunLock(path), opened(path) as journal:
        made = watching(path, service, settings=Settings(per_minute=1))
        turns(made, lambda: "has started" in service.told and not made.waits)
        add(journal, Kind.OPERATOR, OperatorRecord("drill", "last words"))
        made.turn(time.monotonic(), time.time_ns())
        assert made.waits
        made.leave(30.0)
        assert "last words" in service.told and not made.waits


def test_that_the_link_is_back_is_the_last_word_after_every_loss(path):
    words = ("CUT", "SYNCED again", "DOWN", "SYNCED again")
    with Service() as service, RunLock(path), opened(path) as journal:
        made = watching(path, service)
        for number, word in enumerate(words, start=1):
            add(journal, Kind.RECONCILE, ReconcileRecord("Link", f"the link is {word}"))
            turns(made, lambda number=number: service.told.count("the link is") == number and not made.waits)
        assert service.told.splitlines()[-1].endswith("the link is SYNCED again")


def test_a_folder_that_is_moved_away_is_told_critically_is_not_made_anew_and_its_return_is_told(path, monkeypatch):
    monkeypatch.setattr("bot.alerts.news.GONE_NS", 50_000_000)
    with Service() as service:
        with RunLock(path):
            opened(path).close()
            made = watching(path, service)
            turns(made, lambda: "has started" in service.told and not made.waits)
        away = path.parent.rename(path.parent.with_name("elsewhere"))
        turns(made, lambda: "is not there any more" in service.told and not made.waits)
        assert service.messages[-1]["title"].endswith(": critical") and not path.parent.exists()
        away.rename(path.parent)
        turns(made, lambda: "is there again" in service.told and not made.waits)
        assert service.told.count("is not there any more") == 1 and read_place(path).gone is False
        with opened(path) as journal:
            add(journal, Kind.KILL, KillRecord("TRIPPED", "feed"))
        turns(made, lambda: "TRIPPED" in service.told)


def test_a_place_that_cannot_be_written_is_told_once_and_alerts_go_out_all_the_same(path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(watch, "write_place", full)
    said = []
    with Service() as service, RunLock(path), opened(path) as journal:
        made = watching(path, service, said=said)
        add(journal, Kind.KILL, KillRecord("TRIPPED", "feed"))
        turns(made, lambda: "TRIPPED" in service.told)
    assert len(said) == 1 and "No space left" in said[0]


def test_a_damaged_place_is_begun_anew_and_anothers_is_refused(path, tmp_path):
    place_path(path).write_bytes(b"{")
    assert read_place(path) is None
    place_path(path).unlink()
    place_path(path).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotOurs, match="symbolic link"):
        Watch(path, MANY, print)


def test_that_a_damaged_place_was_lost_is_told(path):
    place_path(path).write_bytes(b"garbage")
    with Service() as service:
        made = watching(path, service)
        turns(made, lambda: "may never be told" in service.told)


def test_a_notifier_that_comes_later_knows_which_run_it_tells_of(path):
    with Service() as service, RunLock(path), opened(path):
        first = watching(path, service)
        turns(first, lambda: "has started" in service.told)
        first.leave(5.0)
        for made in (watching(path, service), Watch(path, MANY, print, from_now=True)):
            made.turn(0.0, time.time_ns())
            assert made.title() == first.title() != "mesbot"


def test_what_is_below_the_least_level_is_not_sent_and_levels_can_be_chosen(path):
    settings = Settings({**LEVELS, Event.OPERATOR: Level.INFO}, Level.WARNING, per_minute=60)
    with Service() as service, RunLock(path), opened(path) as journal:
        made = watching(path, service, settings=settings)
        add(journal, Kind.OPERATOR, OperatorRecord("drill", "x"))
        add(journal, Kind.KILL, KillRecord("TRIPPED", "feed"))
        turns(made, lambda: "TRIPPED" in service.told)
        assert "drill" not in service.told and "started" not in service.told


def test_the_same_trouble_over_and_over_is_told_once_and_counted(path):
    with Service() as service, RunLock(path), opened(path) as journal:
        made = watching(path, service)
        for _ in range(30):
            journal.add(Kind.RECONCILE, 0, ReconcileRecord("Link", "the link is CUT"))
        journal.flush()
        turns(made, lambda: "CUT" in service.told)
        assert service.told.count("the link is CUT") == 1 and "29 × warning link" in service.told


def test_a_sign_of_life_is_given_while_the_run_is_well_and_not_when_it_broke_off(path):
    with Service() as service:
        with RunLock(path):
            journal = opened(path)
            made = watching(path, heartbeat=service.heartbeat)
            made.turn(0.0, 0)
            service.wait_for(lambda each: len(each.asked) == 1)
            made._heartbeat._asking.join()  # one that was not answered yet would not be asked for again
            made.turn(watch.LOOK_SECONDS, 0)
            made.turn(70.0, 0)
            service.wait_for(lambda each: len(each.asked) == 2)
        journal.close()
        made.turn(200.0, time.time_ns())
        assert len(service.asked) == 2 and read_place(path).ill.startswith("INTERRUPTED")


def test_a_journal_that_cannot_be_read_is_told_and_followed_when_it_can(path):
    path.write_bytes(b"no journal " * 1000)
    with Service() as service:
        made = watching(path, service)
        turns(made, lambda: "cannot" in service.told)
        path.unlink()
        with RunLock(path), opened(path) as journal:
            add(journal, Kind.KILL, KillRecord("TRIPPED", "feed"))
            turns(made, lambda: "TRIPPED" in service.told)


def test_a_place_of_another_version_with_more_in_it_is_read(path):
    content = msgspec.json.decode(msgspec.json.encode(Place(seq=4))) | {"new": 1}
    place_path(path).write_bytes(msgspec.json.encode(content))
    assert read_place(path).seq == 4
