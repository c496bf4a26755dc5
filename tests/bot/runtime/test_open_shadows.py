"""A shadow trade that was open when a run ended is, of the journal alone, what it was; or nothing, if the journal does not say."""

from __future__ import annotations

import msgspec
import pytest
from builders import CONTRACTS, calendar
from journal_steps import at
from outcome_makers import EUC, bar, plan, refused

from bot.decision.intent import RefusedPlan, expiry_ns
from bot.decision.moment import Moment
from bot.journal import chain
from bot.journal.build import plan_record
from bot.journal.records import Action, BarRecord, DecisionRecord, Kind, ShadowRecord
from bot.journal.store import Journal
from bot.learning.shadow import ShadowBook
from bot.runtime.open_shadows import OpenShadow
from bot.runtime.past import Past, past_of
from bot.units import MINUTE_NS, SECOND_NS

NAN = float("nan")
GATES = ("K5_NOISE",)
SIGNALS = {"vwap_z": NAN, "spread_ticks": 1.0, "slippage_ticks": 2.0}


def made_at(ts_ns: int) -> RefusedPlan:
    """A plan that was refused on this bar, as the library hands it to learning."""
    chosen = plan(strategy="K2")
    day = calendar().trading_day(ts_ns).date
    decided = Moment(day, ts_ns, 2, 0.9, 0.8, msgspec.structs.replace(EUC, total=NAN), None, "range", 2, SIGNALS)
    return RefusedPlan(chosen, expiry_ns(chosen, ts_ns, *calendar().entry_window(ts_ns)), GATES, decided)


def bar_record(signals: dict[str, float] = SIGNALS, *, rejected: bool = False) -> BarRecord:
    return BarRecord(250.0, 250.5, 249.5, 250.25, 7, rejected, "range", 2, 0.9, 1.0, [], 0.8, [], signals)


def journal_of(path, shadow: RefusedPlan, *left_out: str, signals: dict[str, float] = SIGNALS) -> Past:
    """The journal of a run that ended three bars later, the second of which was rejected; what it leaves a restart."""
    ts_ns, strategy = shadow.decided.ts_ns, shadow.plan.strategy
    planned = None if "plan" in left_out else plan_record(shadow.plan)
    decision = DecisionRecord(strategy, Action.SKIP, "", 0.9, 0.8, plan=planned, euc=msgspec.structs.asdict(shadow.decided.euc))

    with Journal.append(path, "paper", CONTRACTS, {}, lambda: 1) as journal:
        journal.add(Kind.SHADOW, ts_ns, ShadowRecord("S1", strategy, "OPENED", list(shadow.gates), planned), strategy)
        if "bar" not in left_out:
            journal.add(Kind.BAR, ts_ns, bar_record(signals))
        for name in ("K1", strategy):
            if name == "K1" or "decision" not in left_out:
                journal.add(Kind.DECISION, ts_ns, msgspec.structs.replace(decision, strategy=name), name)
        journal.add(Kind.BAR, ts_ns + MINUTE_NS, bar_record())
        journal.add(Kind.BAR, ts_ns + 2 * MINUTE_NS, bar_record({}, rejected=True))
        journal.add(Kind.BAR, ts_ns + 3 * MINUTE_NS, bar_record())
        journal.close_link(ts_ns + 3 * MINUTE_NS)
    return past_of([path])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "paper-DU1-2025.sqlite"


def test_it_is_again_what_it_was_to_the_last_field(path):
    shadow = made_at(at(0))
    (found,) = journal_of(path, shadow).open_shadows
    again = found.refused(calendar())
    assert chain.encode(again) == chain.encode(shadow)
    assert again.expires_ns == shadow.expires_ns > shadow.decided.ts_ns


def test_the_bars_from_its_own_on_are_known_with_their_slippage_and_of_a_rejected_one_that_it_came(path):
    ts_ns = at(0)
    found = journal_of(path, made_at(ts_ns)).seen_bars
    assert [(each.ts_ns, each.bar is not None, each.slippage_ticks) for each in found] == [
        (ts_ns, True, 2),
        (ts_ns + MINUTE_NS, True, 2),
        (ts_ns + 2 * MINUTE_NS, False, 0),
        (ts_ns + 3 * MINUTE_NS, True, 2),
    ]
    assert found[1].bar == (ts_ns + MINUTE_NS, 1000, 1002, 998, 1001, 7)


def test_the_next_of_its_strategy_and_side_waits_for_it(path):
    assert journal_of(path, made_at(at(0))).shadows_begun == (("K2", 1, at(0)),)


@pytest.mark.parametrize("missing", ["bar", "decision", "plan"])
def test_it_cannot_be_followed_if_the_journal_lacks_a_part(path, missing):
    (found,) = journal_of(path, made_at(at(0)), missing).open_shadows
    assert found.refused(calendar()) is None


def test_it_cannot_be_followed_from_a_bar_that_was_not_understood(path):
    (found,) = journal_of(path, made_at(at(0)), signals={}).open_shadows
    assert found.refused(calendar()) is None


def test_without_an_open_shadow_no_bars_are_kept(path):
    with Journal.append(path, "paper", CONTRACTS, {}, lambda: 1) as journal:
        journal.add(Kind.BAR, at(0), bar_record())
    assert past_of([path]).seen_bars == ()


def test_of_two_files_the_second_may_hold_its_bars(tmp_path):
    shadow = made_at(at(0))
    record = ShadowRecord("S1", "K2", "OPENED", list(GATES), plan_record(shadow.plan))
    one, two = tmp_path / "one.sqlite", tmp_path / "two.sqlite"

    with Journal.append(one, "paper", CONTRACTS, {}, lambda: 1) as journal:
        journal.add(Kind.SHADOW, at(0), record, "K2")
    with Journal.append(two, "paper", CONTRACTS, {}, lambda: 1) as journal:
        journal.add(Kind.BAR, at(1), bar_record())
    past = past_of([one, two])
    assert [each.ts_ns for each in past.seen_bars] == [at(1)]
    assert past.open_shadows == (OpenShadow(record, at(0)),)


@pytest.mark.parametrize(("refusal", "wanted"), [("", 5), ("outside session", 90)])
def test_an_entry_works_until_its_time_is_up_or_the_window_ends(refusal, wanted):
    chosen = msgspec.structs.replace(plan(), ttl_seconds=90.0)
    assert expiry_ns(chosen, 0, refusal, 5 * SECOND_NS) == wanted * SECOND_NS
    assert expiry_ns(chosen, 0, "", 900 * SECOND_NS) == 90 * SECOND_NS


def test_followed_on_it_ends_as_it_would_have_ended(path):

    whole, begun = (ShadowBook(CONTRACTS.learning, CONTRACTS.risk_model, CONTRACTS.data_contract) for _ in range(2))
    shadow = refused(plan(), 0, GATES, 1)
    whole.consider(shadow, "opening")
    begun.follow("shadow-K1-L-0", shadow, "opening")
    for item in (bar(1, 1001, 1002, 999, 1000), bar(2, 1000, 1004, 992, 993)):
        assert begun.on_bar(item, 1, False) == whole.on_bar(item, 1, False)
    assert whole.consider(refused(plan(), 20, GATES, 1), "opening") is None
    begun.started("K1", 1, 0)
    assert begun.consider(refused(plan(), 20, GATES, 1), "opening") is None
