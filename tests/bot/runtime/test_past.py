"""What the journals of earlier runs say: counters, learning, quality, the kill latch and what is unfinished."""

from __future__ import annotations

import math
from itertools import pairwise

import msgspec
import pytest
from builders import CONTRACTS, LIMITS, calendar, k4_plan, plan, trade_view
from hypothesis import example, given, settings
from hypothesis import strategies as st
from journal_steps import NAN, Step, Told, at, charge, day, decided, ended, intent_of_plan, kill, outcome, past, shadow, write

from bot.decision.intent import Intent
from bot.decision.outcome import TradeOutcome
from bot.decision.snapshot import KillState
from bot.errors import JournalError
from bot.journal.records import BarRecord, DayRecord, Kind, StateRecord
from bot.journal.store import Journal
from bot.messages import EntryEnded, IntentSubmitted, TradeClosed, TradeOpened
from bot.runtime.past import Past, past_of
from bot.runtime.recover import recovered
from bot.runtime.situation import Situation

INTENT = intent_of_plan(41)
TWO_LEGS = intent_of_plan(41, k4_plan())
PAIR = intent_of_plan(41, plan(legs=((2, 8, 16),)))
ONE, TWO, BOTH = Told(INTENT), Told(TWO_LEGS), Told(PAIR)
CLOSED = outcome(INTENT.intent_id, 50)
NAMES = {IntentSubmitted: "submitted", TradeClosed: "closed"}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.sqlite"


def counted(found: Past) -> list[str]:
    """The book events of one intent in a word each; an ended entry is filled or missed."""
    events = [event for _, event in found.events if isinstance(event, (*NAMES, EntryEnded))]
    return [NAMES.get(type(event)) or ("filled" if event.filled else "missed") for event in events]


# ------------------------------------------------------------------ intents and orders


FILLED = [decided(INTENT), *ONE.sent(), *ONE.fill("1E", 1000), *ONE.every("OrderAccepted", "1S", "1T")]
STOPPED = [*ONE.fill("1S", 991, minute=50), ONE.order("1T", "OrderCanceled", 50), ended(CLOSED)]
GONE = ONE.every("OrderCanceled", "1S", "1T", minute=43)


@pytest.mark.parametrize(
    ("steps", "events", "unfinished"),
    [
        pytest.param([decided(INTENT), ONE.denied()], [], False, id="a denied intent leaves nothing"),
        pytest.param([decided(INTENT)], ["submitted"], True, id="an intent without any order record may have left"),
        pytest.param([decided(INTENT), ONE.order("1E", "OrderInitialized", 41)], ["submitted"], True, id="made and not yet sent"),
        pytest.param([decided(INTENT), *ONE.sent()], ["submitted"], True, id="an entry works"),
        pytest.param([decided(INTENT), *ONE.sent(), ONE.denied()], ["submitted"], True, id="another submission is denied"),
        pytest.param([decided(INTENT), ONE.denied("SubmitOrder")], ["submitted"], True, id="a single order of it is denied"),
        pytest.param([*FILLED, decided(INTENT), ONE.denied()], ["submitted", "filled"], True, id="written again over an open position"),
        pytest.param([decided(INTENT), ONE.denied(), *ONE.sent()], ["submitted"], True, id="denied at first and let through then"),
        pytest.param(
            [decided(INTENT), *ONE.every("OrderDenied")], ["submitted", "missed"], False, id="Nautilus itself denied the whole list"
        ),
        pytest.param(
            [decided(INTENT), *ONE.every("OrderSubmitted"), *ONE.every("OrderRejected")], ["submitted", "missed"], False, id="rejected"
        ),
        pytest.param(
            [decided(INTENT), *ONE.sent(), ONE.order("1E", "OrderExpired", 43), *GONE], ["submitted", "missed"], False, id="expired"
        ),
        pytest.param(
            [decided(PAIR), *BOTH.sent(), *BOTH.fill("1E", 1000)], ["submitted"], True, id="filled in part, the rest still works"
        ),
        pytest.param(
            [decided(PAIR), *BOTH.sent(), *BOTH.fill("1E", 1000), BOTH.order("1E", "OrderExpired", 43)],
            ["submitted", "filled"], True, id="filled in part, the rest expired",
        ),
        pytest.param(
            [decided(TWO_LEGS), *TWO.sent(), TWO.order("1E", "OrderExpired")], ["submitted"], True, id="one of two entries expired"
        ),
        pytest.param(
            [decided(TWO_LEGS), *TWO.sent(), TWO.order("1E", "OrderExpired"), *TWO.fill("2E", 1000)],
            ["submitted", "filled"], True, id="one of two entries expired, the other filled",
        ),
        pytest.param(FILLED, ["submitted", "filled"], True, id="a position is open"),
        pytest.param([*FILLED, *STOPPED], ["submitted", "filled", "closed"], False, id="a trade that has its outcome is finished"),
        pytest.param(
            [*FILLED, *ONE.fill("1S", 991, minute=50)], ["submitted", "filled"], True, id="flat, and the process ended before the outcome"
        ),
        pytest.param(
            [decided(INTENT), *ONE.sent(), ONE.order("1E", "OrderCanceled", 43), *ONE.fill("1E", 1000, minute=43)],
            ["submitted", "missed", "filled"], True, id="a fill that came after the cancel",
        ),
        pytest.param(
            [decided(INTENT), *ONE.sent(), ONE.order("1E", "OrderDenied", 43)], ["submitted"], True,
            id="a denial of what had left: it was said of a copy",
        ),
        pytest.param(
            [*FILLED, ONE.order("1S", "OrderDenied", 43)], ["submitted", "filled"], True, id="a contradiction about the stop of a position"
        ),
    ],
)  # fmt: skip
def test_what_an_intent_leaves(path, steps, events, unfinished):
    found = past(path, *steps)
    assert counted(found) == events
    ids = list(dict.fromkeys(step.body.intent_id for step in steps if step.kind is Kind.INTENT))
    assert [story.intent.intent_id for story in found.unfinished] == (ids if unfinished else [])
    assert found.intent_ids == set(ids)


def test_an_intent_that_was_denied_and_written_anew_is_the_new_one(path):
    anew = msgspec.structs.replace(INTENT, plan=plan(limit=1002))
    (story,) = past(path, decided(INTENT), ONE.denied(), decided(anew), *Told(anew).sent()).unfinished
    assert (story.intent.plan.limit, recovered(story).legs[0].stop) == (1002, 994)


def test_every_event_stands_at_its_time_and_the_submission_at_the_decision(path):
    found = past(path, *FILLED, *STOPPED)
    assert found.events == (
        (at(41), IntentSubmitted(INTENT.intent_id, "K1", at(41))),
        (at(42), EntryEnded(INTENT.intent_id, "K1", True)),
        (at(50), TradeClosed(CLOSED)),
    )


def test_the_story_of_what_is_unfinished_holds_its_intent_and_all_its_records(path):
    (story,) = past(path, *FILLED).unfinished
    made = unsigned(INTENT)
    assert unsigned(story.intent) == made
    assert story.intent.decided.signals["atr_14"] == 2.0 and math.isnan(story.intent.decided.signals["vwap_z"])
    assert list(story.records) == [step.body for step in FILLED if step.kind in (Kind.ORDER, Kind.FILL)]
    assert recovered(story).net == 1


def test_records_of_interleaved_intents_go_to_their_own(path):
    other = intent_of_plan(44, plan(-1, strategy="K2"))
    steps = [*FILLED, decided(other), *STOPPED, *Told(other).sent()]
    found = past(path, *steps)
    assert [story.intent.intent_id for story in found.unfinished] == [other.intent_id]
    assert {record.intent_id for record in found.unfinished[0].records} == {other.intent_id}
    assert [type(event).__name__ for _, event in found.events] == ["IntentSubmitted", "EntryEnded", "TradeClosed", "IntentSubmitted"]


@pytest.mark.parametrize("kind", ["order", "fill"])
def test_what_is_told_of_an_intent_that_these_files_do_not_hold_is_passed_over(path, kind):
    """An earlier year's file may have been moved away."""
    steps = ONE.sent() if kind == "order" else ONE.fill("1E", 1000)
    found = past(path, *steps)
    assert (found.events, found.unfinished) == ((), ())


def test_filled_counts_signed_contracts_of_each_order_of_what_is_unfinished(path):
    short = intent_of_plan(41, plan(-1, legs=((2, 8, 16),)))
    told = Told(short)
    steps = [decided(short), *told.sent(), *told.fill("1E", 1000), *told.fill("1E", 1001, minute=43), *told.fill("1T", 984, minute=44)]
    assert past(path, *steps).filled() == {f"{short.intent_id}-1E": -2, f"{short.intent_id}-1T": 1}


def test_filled_is_empty_once_the_trade_has_its_outcome(path):
    assert past(path, *FILLED, *STOPPED).filled() == {}


def test_a_position_that_was_held_into_a_new_day_is_a_trade_of_that_day(path):
    """The link was down at the session's end. What the run counted then, a restart counts as well (spec 2)."""
    morning = outcome(INTENT.intent_id, closed_ns=at(5, "2025-09-17"))
    running, begun = Situation(LIMITS, calendar()), Situation(LIMITS, calendar())
    for event in (IntentSubmitted("I", "K1", at(41)), EntryEnded("I", "K1", True), TradeOpened(trade_view())):
        running.on_book(event)
    running.restore(Past(last_ns=at(5, "2025-09-17"), day=DayRecord("2025-09-17", 1)))  # the new day begins
    running.on_book(TradeClosed(morning))
    begun.restore(past(path, *FILLED, day("2025-09-17", 1, minute=0), ended(morning)))
    assert running.book.view(at(6, "2025-09-17")).trades_today == 1
    assert begun.book.view(at(6, "2025-09-17")).trades_today == 1


# ------------------------------------------------------------------ shadows


SHADOW = outcome("S1", 50, strategy="K2", shadow=True, gates=("QUARANTINED",))


@pytest.mark.parametrize(
    ("steps", "still_open"),
    [
        ([shadow("S1", "OPENED")], ["S1"]),
        ([shadow("S1", "OPENED"), shadow("S1", "EXPIRED", 43)], []),
        ([shadow("S1", "OPENED"), ended(SHADOW)], []),
        ([shadow("S1", "OPENED"), shadow("S1", "LOST", 60)], []),
        ([shadow("S1", "OPENED"), shadow("S2", "OPENED", 42), shadow("S1", "EXPIRED", 43)], ["S2"]),
        ([shadow("S1", "EXPIRED")], []),
        ([shadow("S1", "OPENED"), ended(outcome("S1", 50))], ["S1"]),  # a real trade of that name ends no shadow
    ],
)
def test_a_shadow_is_open_unless_its_end_is_told(path, steps, still_open):
    assert [each.record.trade_id for each in past(path, *steps).open_shadows] == still_open


def test_an_open_shadow_keeps_its_gates_and_its_time(path):
    (each,) = past(path, shadow("S1", "OPENED", 43)).open_shadows
    record = each.record
    assert each.decided_ns == at(43)
    assert (record.strategy, record.state, record.gates) == ("K2", "OPENED", ["QUARANTINED"])


def test_a_shadow_outcome_teaches_and_is_no_trade_of_the_book(path):
    found = past(path, shadow("S1", "OPENED"), ended(SHADOW))
    assert (found.events, found.learning, found.outcomes) == ((), (SHADOW,), [])


# ------------------------------------------------------------------ the kill latch, charges, the day


@pytest.mark.parametrize(
    ("steps", "state", "reason"),
    [
        ([], KillState.ARMED, ""),
        ([kill("TRIPPED", "EQS below 0.30")], KillState.TRIPPED, "EQS below 0.30"),
        ([kill("TRIPPED", "x"), kill("FLAT", "no position left"), kill("HALTED", "a person")], KillState.HALTED, "a person"),
        ([kill("TRIPPED", "x"), kill("HALTED", "y"), kill("ARMED", "mesbot resume", 60)], KillState.ARMED, "mesbot resume"),
        ([kill("ARMED", "resumed"), kill("TRIPPED", "again", 60)], KillState.TRIPPED, "again"),
    ],
)  # fmt: skip
def test_the_last_step_of_the_kill_switch_is_the_latch_and_a_persons_resume_arms_it(path, steps, state, reason):
    found = past(path, *steps)
    assert (found.kill_state, found.kill_reason) == (state, reason)


def test_only_charges_of_execution_quality_are_kept_and_each_with_its_time(path):
    found = past(path, charge("entry_expired", 41), charge("thin", 42, score="DVS"), charge("late_fill", 43), charge("late_fill", 43))
    assert found.charges == (("entry_expired", at(41)), ("late_fill", at(43)), ("late_fill", at(43)))


@pytest.mark.parametrize("equity", [1_000_000, None])
def test_the_last_day_that_began_is_kept_with_its_equity(path, equity):
    found = past(path, day("2025-09-15", 999), day("2025-09-16", equity))
    assert found.day == DayRecord("2025-09-16", equity)


# ------------------------------------------------------------------ sessions and learning


def bar(minute: int, date: str) -> Step:
    record = BarRecord(250.0, 251.0, 249.0, 250.0, 500, False, "range", 1, 1.0, 1.0, [], 1.0, [], {})
    return Step(Kind.BAR, at(minute, date), record)


def test_a_session_is_counted_once_however_many_bars_it_has_and_before_what_happened_in_it(path):
    first, second = outcome("A", 50), outcome("B", 50, closed_ns=at(50, "2025-09-17"), trading_day="2025-09-17")
    steps = [
        *(bar(minute, "2025-09-15") for minute in (1, 2, 300)),
        *(bar(minute, "2025-09-16") for minute in (1, 45)),
        ended(first),
        *(bar(minute, "2025-09-17") for minute in (1, 2)),
        ended(second),
        bar(1, "2025-09-18"),
    ]
    one, two, three, four = (at(1, f"2025-09-{date}") for date in (15, 16, 17, 18))
    assert past(path, *steps).learning == (one, two, first, three, second, four)


def test_a_bar_of_every_hour_of_a_session_is_of_the_same_session(path):
    """A session's last hour, in winter, is the last before midnight UTC that a session can have."""
    winter = [bar(minute, "2025-12-16") for minute in range(-30, 361, 30)]
    assert len(past(path, *winter).learning) == 1


def test_a_session_begins_with_its_day_record_which_decides_nothing(path):
    found = past(path, day("2025-09-16", 1_000_000), ended(CLOSED), bar(60, "2025-09-16"))
    (began, told) = found.learning
    assert (began, told) == (day("2025-09-16", 1_000_000).ts_ns, CLOSED)
    assert past(path.with_name("only a day.sqlite"), day("2025-09-16", 1_000_000)).decided_ns == 0


def test_the_last_change_of_state_of_each_strategy_is_known_over_files(path, tmp_path):
    def state(strategy: str, after: str, minute: int) -> Step:
        return Step(Kind.STATE, at(minute), StateRecord(strategy, "ACTIVE", after, 1, "because", "win_rate", NAN, 3, "a win"), strategy)

    first = write(path, state("K1", "QUARANTINED", 1), state("K2", "THROTTLED", 2))
    second = write(tmp_path / "second.sqlite", state("K1", "THROTTLED", 3))
    found = past_of([first, second]).states
    assert {name: each.after for name, each in found.items()} == {"K1": "THROTTLED", "K2": "THROTTLED"}
    assert math.isnan(found["K1"].value)
    assert past_of([]).states == {}


nan_or = st.one_of(st.none(), st.just(NAN), st.floats(-5, 5))


@given(
    floats=st.fixed_dictionaries({name: nan_or for name in ("entry_price", "r", "belief", "dvs", "eqs", "spread_ticks", "slippage_ticks")}),
    euc=st.dictionaries(st.sampled_from(["total", "edge", "cost"]), nan_or),
    signals=st.dictionaries(st.sampled_from(["vwap_z", "atr_norm"]), nan_or),
    gates=st.lists(st.sampled_from(["QUARANTINED", "K5_NOISE"]), unique=True),
    shadow=st.booleans(),
)
def test_an_outcome_comes_back_as_it_was_and_null_is_nan_again(tmp_path_factory, floats, euc, signals, gates, shadow):
    plain = {name: NAN if value is None else value for name, value in floats.items()}
    made = outcome("T", 50, **plain, euc={name: NAN if value is None else value for name, value in euc.items()}, signals=signals,
                   gates=tuple(gates), shadow=shadow)  # fmt: skip
    (found,) = past(tmp_path_factory.mktemp("nan") / "journal.sqlite", ended(made)).learning
    for name in made.__struct_fields__:
        if name == "signals":  # a signal may be unknown: there null and nan say the same
            assert known(found.signals) == known(made.signals) and set(found.signals) == set(made.signals)
        else:
            assert same(getattr(found, name), getattr(made, name)), name


def known(values: dict) -> dict:
    return {name: value for name, value in values.items() if value is not None and not math.isnan(value)}


def same(found: object, wanted: object) -> bool:
    if isinstance(wanted, dict):
        return set(found) == set(wanted) and all(same(found[name], value) for name, value in wanted.items())
    if isinstance(wanted, float) and math.isnan(wanted):
        return isinstance(found, float) and math.isnan(found)
    return found == wanted and type(found) is type(wanted)


def test_outcomes_are_those_of_real_trades_in_order(path):
    real = [outcome(name, 45 + number) for number, name in enumerate("ABC")]
    shadowed = outcome("S", 46, shadow=True)
    found = past(path, ended(real[0]), ended(shadowed), ended(real[1]), ended(real[2]))
    assert found.outcomes == real
    assert all(isinstance(each, TradeOutcome) for each in found.learning)


# ------------------------------------------------------------------ files


def test_no_journal_and_an_empty_one_leave_nothing(path):
    assert past_of([]) == Past()
    assert past(path) == Past()


def test_first_and_last_ns_are_the_earliest_and_the_latest_time_of_any_record(path):
    found = past(path, charge("late_fill", 0), bar(1, "2025-09-17"), charge("late_fill", 55))
    assert (found.first_ns, found.last_ns) == (at(0), at(1, "2025-09-17"))


def test_decided_ns_is_the_newest_bar_whatever_else_was_written_later(path):
    assert past(path, bar(41, "2025-09-16"), bar(43, "2025-09-16"), charge("late_fill", 55)).decided_ns == at(43)
    assert past_of([]).decided_ns == 0


def test_a_file_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(JournalError, match="no such journal"):
        past_of([tmp_path / "none.sqlite"])


STORY = [
    day("2025-09-16", 1_000_000),
    bar(41, "2025-09-16"),
    *FILLED,
    shadow("S1", "OPENED", 43),
    charge("late_fill", 43),
    *STOPPED,
    bar(1, "2025-09-17"),
    kill("TRIPPED", "x"),
    ended(SHADOW, 90),
    kill("HALTED", "y"),
    day("2025-09-17", 998_876),
    decided(intent_of_plan(50, day="2025-09-17")),
]


@settings(max_examples=40)
@example(cuts=[len(STORY)])  # a file in which nothing has happened yet
@given(cuts=st.lists(st.integers(0, len(STORY)), min_size=1, max_size=3))
def test_several_files_in_order_say_what_one_file_says(tmp_path_factory, cuts):
    folder = tmp_path_factory.mktemp("files")
    bounds = [0, *sorted(cuts), len(STORY)]
    files = [write(folder / f"{number}.sqlite", *STORY[start:end]) for number, (start, end) in enumerate(pairwise(bounds))]
    whole, parts = past(folder / "whole.sqlite", *STORY), past_of(files)
    assert stories(parts) == stories(whole)
    assert fields(parts) == fields(whole)


def unsigned(intent: Intent) -> Intent:
    """Without the signals, whose nan equals nothing."""
    return msgspec.structs.replace(intent, decided=msgspec.structs.replace(intent.decided, signals={}))


def stories(found: Past) -> list[tuple]:
    return [(unsigned(story.intent), story.records) for story in found.unfinished]


def fields(found: Past) -> Past:
    return msgspec.structs.replace(found, unfinished=())


def test_a_session_that_two_files_share_is_counted_once(path, tmp_path):
    first = write(path, bar(1, "2025-09-16"))
    second = write(tmp_path / "second.sqlite", bar(2, "2025-09-16"), bar(3, "2025-09-16"))
    assert past_of([first, second]).learning == (at(1),)


def test_what_one_file_left_open_the_next_may_finish(path, tmp_path):
    first = write(path, *FILLED, shadow("S1", "OPENED", 43))
    second = write(tmp_path / "second.sqlite", *STOPPED, shadow("S1", "LOST", 60))
    found = past_of([first, second])
    assert (found.unfinished, found.open_shadows) == ((), ())
    assert counted(found) == ["submitted", "filled", "closed"]
    assert past_of([first]).unfinished and past_of([first]).open_shadows


def test_a_journal_that_several_runs_wrote_is_read_as_one(path):
    for step in STORY:
        write(path, step)
    assert len(past_of([path]).events) == 4
    assert past_of([path]).last_ns == max(step.ts_ns for step in STORY)


def test_records_without_a_link_count(path):
    write(path, bar(41, "2025-09-16"))
    with Journal.append(path, "live", CONTRACTS, {}, lambda: 1) as journal:
        journal.write_ahead(*decided(INTENT))
    assert [story.intent.intent_id for story in past_of([path]).unfinished] == [INTENT.intent_id]
