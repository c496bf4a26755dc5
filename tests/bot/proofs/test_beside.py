"""Two runs beside each other, fact by fact: the counts, and the first difference exactly."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest
from builders import CONTRACTS, new_york_ns

from bot.journal.records import Action, DecisionRecord, FillRecord, Kind, OrderRecord, QualityRecord
from bot.journal.store import Journal
from bot.proofs import told
from bot.proofs.beside import beside, fields_apart
from bot.proofs.told import Part, facts
from bot.units import MINUTE_NS, SECOND_NS

OPEN_NS = new_york_ns("2025-10-01 09:30")
ORDER = OrderRecord("I-1E", "I", "K1", "ENTRY", "OrderSubmitted", 1, 6700.0)
FILL = FillRecord("I-1E", "I", "K1", "ENTRY", 1, 1, 6700.0, 62, 0.0, OPEN_NS + MINUTE_NS, "V-1")
NAMES = ("backtest", "live node")


def skip(strategy: str = "K1", dvs: float = 1.0, beliefs: tuple[float, float] = (0.25, 0.5)) -> DecisionRecord:
    return DecisionRecord(strategy, Action.SKIP, f"{strategy} skipped", dvs, 1.0, beliefs, euc={"total": dvs, "cost": 0.1})


def order(event: str, **changes: Any) -> OrderRecord:
    return msgspec.structs.replace(ORDER, event=event, **changes)


def journal(path: Path, *records: tuple[int, Any]) -> Path:
    """Records at so many seconds after the open."""
    kinds = {DecisionRecord: Kind.DECISION, OrderRecord: Kind.ORDER, FillRecord: Kind.FILL, QualityRecord: Kind.QUALITY}
    with Journal.create(path, "backtest", CONTRACTS, {}, lambda: 0) as made:
        for seconds, body in records:
            strategy = body.strategy if hasattr(body, "strategy") else None
            made.add(kinds[type(body)], OPEN_NS + seconds * SECOND_NS, body, strategy)
        made.close_link(OPEN_NS + 90 * MINUTE_NS)
    return path


@pytest.fixture
def laid(tmp_path: Path):
    """Lays two lists of records beside each other."""

    numbers = count()

    def lay(a: list, b: list, **how: Any):
        paths = [journal(tmp_path / f"{next(numbers)}.sqlite", *records) for records in (a, b)]
        return beside(facts(paths[:1], **how), facts(paths[1:], **how))

    return lay


def test_the_same_twice_is_the_same_and_is_counted(laid):
    records = [(60, skip()), (60, skip("K2")), (60, ORDER), (120, FILL)]
    found = laid(records, records)
    assert found.same and found.first is None
    assert {name: count.same for name, count in found.counts.items() if count.total} == {"decisions": 2, "orders": 1, "fills": 1}


def test_the_first_difference_is_the_first_by_time_and_names_each_value(laid):
    found = laid([(60, skip()), (120, skip(dvs=0.5)), (180, skip(dvs=0.1))], [(60, skip()), (120, skip()), (180, skip())])
    assert not found.same
    assert found.first.sentence(*NAMES) == (
        "K1 (decisions) at 2025-10-01 09:32: dvs 0.5 in the backtest, 1.0 in the live node; "
        "euc.total 0.5 in the backtest, 1.0 in the live node"
    )
    assert (found.counts[Part.DECISIONS].same, found.counts[Part.DECISIONS].apart) == (1, 2)


def test_a_kind_of_record_that_no_list_has_is_a_fact_like_any_other(laid, monkeypatch):
    monkeypatch.delitem(told._PARTS, Kind.QUALITY)
    found = laid([(60, QualityRecord("DVS", "something new", 0.1))], [])
    assert found.first.a and not found.first.b and found.counts[Part.STATES].only_a == 1


def test_only_what_a_person_sets_or_does_is_no_fact():
    assert set(Kind) - set(told._KINDS) == {Kind.CONTRACTS, Kind.OPERATOR}


@pytest.mark.parametrize(("a", "b", "only"), [([(60, skip())], [], "backtest"), ([], [(60, skip())], "live node")])
def test_what_only_one_says_is_a_difference(laid, a, b, only):
    found = laid([*a, (120, FILL)], [*b, (120, FILL)])
    assert f"only the {only} has it" in found.first.sentence(*NAMES)
    assert (found.counts["decisions"].only_a, found.counts["decisions"].only_b) == (len(a), len(b))


def test_a_field_that_only_one_has_is_told_though_it_is_empty():
    assert fields_apart({"a": 1, "b": {"c": None}}, {"a": 1, "b": {}}) == {"b.c": (None, None)}


def test_of_one_moment_the_first_is_the_one_that_was_written_first(laid):
    a = [(60, FILL), (60, skip())]
    b = [(60, msgspec.structs.replace(FILL, price=6701.0)), (60, skip(dvs=0.5))]
    first = laid(a, b).first
    assert (first.part, list(first.fields)) == ("fills", ["price"])


@pytest.mark.parametrize(
    "told",
    [
        order("OrderAccepted", venue_order_id="9"),
        order("OrderTriggered"),
        order("OrderPendingUpdate"),
        order("OrderPendingCancel"),
    ],
)
def test_how_a_venue_speaks_of_an_order_is_no_difference(laid, told):
    assert laid([(60, ORDER), (61, told)], [(60, ORDER)]).same


def test_a_cancel_that_is_refused_is_a_difference_unless_its_order_had_ended(laid):
    refused, ended = order("OrderCancelRejected"), order("OrderExpired")
    assert laid([(60, ORDER), (90, ended), (90, refused)], [(60, ORDER), (90, ended)]).same
    assert not laid([(60, ORDER), (90, refused), (91, ended)], [(60, ORDER), (91, ended)]).same


@pytest.mark.parametrize(
    "other",
    [
        order("OrderUpdated", price=6700.25),
        order("OrderCanceled"),
        order("OrderUpdated", quantity=2),
        order("OrderUpdated", cause="BREAK_EVEN"),
    ],
)
def test_what_was_done_with_an_order_is_a_difference(laid, other):
    assert not laid([(60, ORDER), (61, order("OrderUpdated"))], [(60, ORDER), (61, other)]).same


def test_the_names_that_venues_give_are_no_difference_and_prices_are(laid):
    assert laid([(60, FILL)], [(60, msgspec.structs.replace(FILL, trade_id="0001.01"))]).same
    assert not laid([(60, FILL)], [(60, msgspec.structs.replace(FILL, price=6700.25))]).same


def test_seconds_within_a_minute_are_a_difference_only_where_minutes_are_not_asked_for(laid):
    a, b = [(60, FILL)], [(35, msgspec.structs.replace(FILL, ts_ns=OPEN_NS + 35 * SECOND_NS))]
    assert not laid(a, b).same
    assert laid(a, b, by_minutes=True).same
    assert not laid(a, [(65, FILL)], by_minutes=True).same


def test_days_that_only_one_has_are_told(laid):
    day = 24 * 60 * 60
    found = laid([(60, skip()), (day + 60, skip())], [(day + 60, skip()), (2 * day + 60, skip())])
    assert (found.counts["decisions"].same, found.counts["decisions"].only_a, found.counts["decisions"].only_b) == (1, 1, 1)


def test_a_score_that_was_charged_twice_differs_from_one_that_was_charged_once(laid):
    charge = QualityRecord("EQS", "change_rejected", 0.1, "I-1E")
    found = laid([(90, charge)], [(90, charge), (90, charge)])
    assert found.first.sentence(*NAMES).startswith("EQS (states) at 2025-10-01 09:31:30: only the live node has it")
