"""The situation: a Snapshot folded from messages, by the library and by the risk engine each for itself."""

from __future__ import annotations

import msgspec
import pytest
from builders import CONTRACTS, EMPTY_BOOK, LIMITS, MOMENT, TrustStub, calendar, market, new_york_ns, plan, trade_view

from bot.decision.outcome import TradeOutcome
from bot.decision.snapshot import KillState, LockoutView, Snapshot
from bot.decision.verdict import Refused
from bot.market.state import MarketState
from bot.market.update import MarketUpdate, QualityUpdate
from bot.messages import EntryEnded, IntentDenied, IntentSubmitted, TradeChanged, TradeClosed, TradeOpened
from bot.runtime.situation import Situation
from bot.units import MINUTE_NS

OPENING, LUNCH = (window.reason for window in CONTRACTS.session.no_entry)
VETO = Refused("K5_NOISE", "noise", 0.8, "below", 0.7, layer=6)


def situation() -> Situation:
    return Situation(LIMITS, calendar())


def update(
    ts_ns: int = MOMENT, state: MarketState | None = None, rejected: bool = False, dvs: float = 0.9, eqs: float = 0.8
) -> MarketUpdate:
    """A bar at this moment; a rejected one comes with the last good state."""
    state = state or market(ts_ns=ts_ns)
    bar = None if rejected else state.bar
    return MarketUpdate(QualityUpdate(ts_ns, (250.0, 251.0, 249.0, 250.0), 500, bar, dvs, dvs, (), eqs, ()), state)


def at(moment: str, **changes: object) -> MarketUpdate:
    ts_ns = new_york_ns(moment)
    return update(ts_ns, market(ts_ns=ts_ns, **changes))


def closed(net_cents: int = -1124, r: float = -1.124, quantity: int = 1, overrun: bool = False) -> TradeClosed:
    return TradeClosed(
        TradeOutcome(
            trade_id="t", strategy="K1", side=1, quantity=quantity, legs=1, regime="range", time_of_day="opening",
            trading_day="2025-09-16", opened_ns=0, closed_ns=MOMENT, decided_ns=0, entry_price=250.0, exit_price=248.0, gross_cents=-1000,
            net_cents=net_cents, risk_cents=1000, r=r, target_r=2.0, exit_reason="STOP", thesis_valid_at_exit=True, belief=0.9, euc={},
            dvs=1.0, eqs=1.0, signals={}, slippage_ticks=1.0, spread_ticks=1.0, mae_ticks=8, mfe_ticks=0, naked_seconds=0.0,
            budget_overrun=overrun, shadow=False,
        )
    )  # fmt: skip


# ----------------------------------------------------------------------- snapshots


def test_before_the_first_bar_there_is_no_snapshot():
    now = situation()
    now.on_account(1_000_000, 900_000)
    assert now.snapshot() is None


def test_before_the_first_good_bar_there_is_no_snapshot_either():
    now = situation()
    now.on_market(MarketUpdate(update(rejected=True).quality, None))
    assert now.snapshot() is None


def test_a_snapshot_holds_what_was_said():
    now, state = situation(), market()
    now.on_account(1_000_000, 900_000)
    now.on_market(update(MOMENT, state))
    now.trust = {"K1": TrustStub()}
    assert now.snapshot() == Snapshot(
        ts_ns=MOMENT, kill_state=KillState.ARMED, market=state, dvs=0.9, eqs=0.8, entry_refusal="",
        window_end_ns=new_york_ns("2025-09-16 11:30"), book=EMPTY_BOOK, lockouts=LockoutView(0, 0, 0), equity_cents=1_000_000,
        available_cents=900_000, trust={"K1": TrustStub()}, veto=None,
    )  # fmt: skip


def test_a_snapshot_does_not_change_when_the_situation_does():
    now = situation()
    now.trust = {"K1": TrustStub()}
    now.on_market(update())
    taken = now.snapshot()
    now.on_book(IntentSubmitted("i", "K1", MOMENT))
    now.trust["K1"] = TrustStub("QUARANTINED")
    assert (taken.book.submissions_today, taken.trust["K1"].state) == (0, "ACTIVE")
    assert (now.snapshot().book.submissions_today, now.snapshot().trust["K1"].state) == (1, "QUARANTINED")


@pytest.mark.parametrize("state", KillState)
def test_the_kill_switch_is_passed_on(state):
    now = situation()
    now.on_market(update())
    now.kill_state = state
    assert now.snapshot().kill_state is state


@pytest.mark.parametrize(
    ("moment", "refusal", "window_end"),
    [
        ("2025-09-16 09:30", "outside session", None),  # the close of the last bar before the open
        ("2025-09-16 09:31", OPENING, "2025-09-16 11:30"),
        ("2025-09-16 09:35", "", "2025-09-16 11:30"),
        ("2025-09-16 11:29", "", "2025-09-16 11:30"),
        ("2025-09-16 11:30", LUNCH, "2025-09-16 15:54"),
        ("2025-09-16 13:30", "", "2025-09-16 15:54"),
        ("2025-09-16 15:53", "", "2025-09-16 15:54"),
        ("2025-09-16 15:54", "late", "2025-09-16 15:54"),
        ("2025-09-16 16:00", "outside session", "2025-09-16 15:54"),
        ("2025-09-16 16:01", "outside session", None),
        ("2025-09-20 12:00", "outside session", None),
    ],
)
def test_the_calendar_says_whether_entries_are_allowed_and_until_when(moment, refusal, window_end):
    now = situation()
    now.on_market(at(moment))
    found = now.snapshot()
    assert found.entry_refusal == refusal
    assert found.window_end_ns == new_york_ns(window_end or moment)


# -------------------------------------------------------------------- rejected bars


def test_a_rejected_bar_brings_its_time_and_its_scores_but_the_last_good_market():
    now, good = situation(), market()
    now.on_market(update(MOMENT, good))
    now.on_market(update(MOMENT + MINUTE_NS, good, rejected=True, dvs=0.5, eqs=0.4))
    found = now.snapshot()
    assert (found.ts_ns, found.dvs, found.eqs) == (MOMENT + MINUTE_NS, 0.5, 0.4)
    assert found.market is good


def test_a_rejected_bar_triggers_no_lockout_again():
    now, shock = situation(), market(volatility_shock=True, news_shock=True)
    now.on_market(update(MOMENT, shock))
    now.on_market(update(MOMENT + MINUTE_NS, shock, rejected=True))
    assert now.snapshot().lockouts == LockoutView(MOMENT, 0, MOMENT)


def test_a_veto_is_void_on_the_next_bar_even_if_that_one_is_rejected():
    for rejected in (False, True):
        now = situation()
        now.on_market(update())
        now.veto = VETO
        assert now.snapshot().veto == VETO
        now.on_market(update(MOMENT + MINUTE_NS, rejected=rejected))
        assert now.snapshot().veto is None


# --------------------------------------------------------------------------- equity


def test_equity_is_unknown_until_the_account_has_spoken():
    now = situation()
    now.on_market(update())
    assert (now.snapshot().equity_cents, now.snapshot().available_cents) == (None, None)
    now.on_account(1_000_000, 900_000)
    assert (now.snapshot().equity_cents, now.snapshot().available_cents) == (1_000_000, 900_000)


def test_equity_is_frozen_at_the_trading_days_start_and_funds_are_not():
    now = situation()
    now.on_account(1_000_000, 900_000)
    now.on_market(at("2025-09-16 10:00"))
    now.on_account(700_000, 600_000)
    for moment in ("2025-09-16 10:01", "2025-09-16 16:30", "2025-09-16 17:00"):
        now.on_market(at(moment))
        assert (now.snapshot().equity_cents, now.snapshot().available_cents) == (1_000_000, 600_000)
    now.on_market(at("2025-09-16 18:01"))
    assert now.snapshot().equity_cents == 700_000
    now.on_account(800_000, 750_000)
    now.on_market(at("2025-09-17 10:00"))
    assert (now.snapshot().equity_cents, now.snapshot().available_cents) == (700_000, 750_000)


def test_a_balance_that_came_before_the_days_first_bar_is_the_one_of_its_start():
    now = situation()
    now.on_market(at("2025-09-16 10:00"))
    now.on_account(1_000_000, 900_000)
    now.on_account(650_000, 600_000)
    assert now.snapshot().equity_cents == 1_000_000
    now.on_market(at("2025-09-17 10:00"))
    assert now.snapshot().equity_cents == 650_000


# ----------------------------------------------------------------------- book events


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (
            [IntentSubmitted("i", "K1", MOMENT)],
            dict(in_flight=True, trades_today=1, submissions_today=1, hour_entries=1, last_entry_ns=MOMENT),
        ),
        (
            [IntentSubmitted("i", "K1", MOMENT), EntryEnded("i", "K1", False)],
            dict(submissions_today=1, hour_entries=1, last_entry_ns=MOMENT),
        ),
        ([IntentDenied("i", "K1", VETO)], {}),
        ([TradeOpened(trade_view(plan()))], dict(position_open=True)),
        ([TradeOpened(trade_view(plan())), TradeChanged(trade_view(plan()))], dict(position_open=True)),
        (
            [TradeOpened(trade_view(plan(), trade_id="t")), closed(quantity=2)],
            dict(losing_streak=1, last_loser_contracts=2, realised_day_cents=-1124, realised_week_cents=-1124, realised_month_cents=-1124),
        ),
        (
            [closed(overrun=True), closed()],
            dict(
                losing_streak=2, streak_locked=True, overrun_locked=True, last_loser_contracts=1,
                realised_day_cents=-2248, realised_week_cents=-2248, realised_month_cents=-2248,
            ),
        ),
        ([closed(500, 0.5)], dict(realised_day_cents=500, realised_week_cents=500, realised_month_cents=500)),
    ],
    ids=["submitted", "ended", "denied", "opened", "changed", "closed", "overrun and streak", "won"],
)  # fmt: skip
def test_what_happens_to_the_book_is_counted(events, expected):
    now = situation()
    now.on_market(update())
    for event in events:
        now.on_book(event)
    assert now.snapshot().book == msgspec.structs.replace(EMPTY_BOOK, **expected)


@pytest.mark.parametrize(
    ("next_bar", "day_cents", "week_cents"),
    [
        ("2025-09-16 16:59", -1124, -1124),
        ("2025-09-16 18:01", 0, -1124),
        ("2025-09-17 09:31", 0, -1124),
        ("2025-09-21 18:01", 0, 0),  # Sunday evening is Monday's
    ],
)
def test_the_book_enters_the_trading_day_of_each_bar(next_bar, day_cents, week_cents):
    now = situation()
    now.on_market(update())
    now.on_book(closed())
    now.on_market(at(next_bar))
    book = now.snapshot().book
    assert (book.realised_day_cents, book.realised_week_cents) == (day_cents, week_cents)


def test_a_bar_stamped_at_the_days_end_is_of_the_day_that_begins():
    """A trading day is [18:00, 18:00): no bar closes there, for the market rests from 17:00."""
    now = situation()
    now.on_market(update())
    now.on_book(closed())
    now.on_market(at("2025-09-16 18:00"))
    assert now.snapshot().book.realised_day_cents == 0


def test_the_hour_of_an_entry_passes_with_the_clock():
    now = situation()
    now.on_market(update())
    now.on_book(IntentSubmitted("i", "K1", MOMENT))
    now.on_market(at("2025-09-16 10:59"))
    assert now.snapshot().book.hour_entries == 1
    now.on_market(at("2025-09-16 11:00"))
    assert now.snapshot().book.hour_entries == 0


# ----------------------------------------------------------------------- what others still hold


def test_a_trust_that_is_changed_after_it_was_told_changes_nothing():
    now, told = situation(), {"K1": TrustStub("QUARANTINED")}
    now.on_trust(told)
    now.on_market(update())
    told["K1"] = TrustStub()
    assert now.snapshot().trust == {"K1": TrustStub("QUARANTINED")}


class Yes:
    layer, code, text = -1, "", ""


@pytest.mark.parametrize("veto", [Yes(), "", 0, True], ids=lambda value: type(value).__name__)
def test_a_veto_that_is_none_of_the_filters_is_a_refusal_all_the_same(veto):
    now = situation()
    now.on_market(update())
    now.on_veto(veto)
    found = now.snapshot().veto
    assert (type(found), found.code, found.layer) == (Refused, "GUARD_ERROR", 6)
    assert found.observed == f"filter: TypeError: {type(veto).__name__}"
