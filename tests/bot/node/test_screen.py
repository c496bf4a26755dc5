"""The terminal view: what a note says, what repeats, and that everything fits the terminal."""

from __future__ import annotations

import io
from types import SimpleNamespace

import msgspec
import pytest
from rich.console import Console

from bot.calendar import Session, new_york
from bot.decision.plan import EntryPlan, EntryType, Leg, Thesis, TradeView
from bot.journal.records import Action, DecisionRecord, GateRecord, PlanRecord
from bot.messages import EntryEnded
from bot.node.live_view import LiveView, duration
from bot.node.screen import HOW_TO_STOP, Glance, position_lines, rendered
from bot.units import MINUTE_NS

OPEN = 1_759_239_000_000_000_000  # 2025-09-30 09:30 New York
SESSION = Session("2025-09-30", OPEN, OPEN + 390 * MINUTE_NS, False)


def glance(close: float = 6476.0, minute: int = 60) -> Glance:
    quality = SimpleNamespace(ts_ns=OPEN + minute * MINUTE_NS, raw_prices=(0, 0, 0, close), dvs=1.0, eqs=0.95)
    return Glance("PAPER  simulated gateway", 3000, SimpleNamespace(quality=quality), SESSION, realised_cents=-374, trades_today=1)


def veto(code: str = "K5_NOISE", strategy: str = "K5", action: Action = Action.VETO) -> DecisionRecord:
    gate = GateRecord(code, 6, "noise", 0.8, "below", 0.7, "", 0.1)
    return DecisionRecord(strategy, action, f"{strategy} vetoes this bar: {code}: noise=0.80, below=0.70", 1.0, 1.0, gate=gate)


def drawn(shown: Glance, width: int, height: int, remaining: str = "") -> list[str]:
    console = Console(width=width, height=height, record=True, file=io.StringIO())
    console.print(rendered(shown, remaining))
    return console.export_text().splitlines()


def long_one() -> TradeView:
    leg = Leg(quantity=1, stop=25_892, target=25_912)  # ticks
    thesis = Thesis(belief="F1", entry_value=0.7, exit_belief=0.5, level=None)
    plan = EntryPlan("K1", 1, EntryType.LIMIT, 25_900, None, (leg,), 90.0, 20, thesis)
    changes = {"stop": 25_892, "stop_changes": 0, "causes": (), "atr_at_entry": 8.0, "stop_order_ids": (), "first_target_hit": False}
    return TradeView(trade_id="20250930-K1-1025", plan=plan, entry=25_900.0, quantity_open=1, opened_ns=OPEN, closing=False, **changes)


def test_a_veto_that_repeats_is_one_line_with_a_count_even_if_others_speak_between():
    shown = glance()
    for minute in range(4):
        shown.decided(veto(), OPEN + minute * MINUTE_NS)
        shown.decided(veto("RISK_PER_TRADE", "K1", Action.VETO), OPEN + minute * MINUTE_NS)
    lines = [note.line for note in shown.notes]
    assert len(lines) == 2 and lines[0].startswith("09:30  K5 vetoes this bar") and lines[0].endswith("(×4, last 09:33)")


def test_an_entrys_prices_are_written_as_its_exits():
    shown = glance()
    sentence = "K4 long enters: 2 by STOP_LIMIT at 6712.25, stop 6710.75, target 6716.50"
    shown.decided(DecisionRecord("K4", Action.ENTER, sentence, 1.0, 1.0, intent_id="id"), OPEN)
    assert shown.notes[0].text == "K4 long enters: 2 by STOP_LIMIT at 6,712.25, stop 6,710.75, target 6,716.50"


def test_a_refused_long_and_a_refused_short_are_two_lines():
    shown = glance()
    for side, word in ((1, "long"), (-1, "short"), (1, "long")):
        plan = PlanRecord(side, "LIMIT", 6475.0, None, [(1, 6473.0, 6478.0)], 8, 1000, 1.5, 20, 90.0, *("F1", 0.7, 0.5, None))
        gate = GateRecord("RISK_PER_TRADE", 1, "risk", 20, "maximum", 10, "USD", 1.0)
        shown.decided(DecisionRecord("K1", Action.SKIP, f"K1 {word} skipped", 1.0, 1.0, gate=gate, plan=plan), OPEN)
    assert [(note.text, note.count) for note in shown.notes] == [("K1 long skipped", 2), ("K1 short skipped", 1)]


def test_two_entries_are_never_taken_for_one():
    shown = glance()
    for number in range(2):
        shown.decided(DecisionRecord("K1", Action.ENTER, "K1 long enters", 1.0, 1.0, intent_id=f"id-{number}"), OPEN)
    assert len(shown.notes) == 2


def test_an_entry_that_is_never_filled_has_an_end_on_the_view_and_in_a_pipe_and_a_filled_one_is_its_trades_to_tell():
    out, shown = io.StringIO(), glance()
    shown.decided(DecisionRecord("K4", Action.ENTER, "K4 long enters", 1.0, 1.0, intent_id="id"), OPEN)
    shown.entry_ended(EntryEnded("id", "K4", filled=False), OPEN + MINUTE_NS)
    shown.entry_ended(EntryEnded("other", "K1", filled=True), OPEN + MINUTE_NS)
    assert "09:31  K4's entry was not filled and is gone" in "\n".join(drawn(shown, 80, 24))
    with LiveView(Console(file=out, width=80), replayed=True) as view:
        view.show(shown)
    assert out.getvalue() == "09:30  K4 long enters\n09:31  K4's entry was not filled and is gone\n"


def test_a_trade_of_two_legs_has_a_line_for_each_part_filled_and_for_its_first_target_and_none_for_a_moved_stop():
    one, shown = long_one(), glance()
    first, last = one.plan.legs * 2
    plan = msgspec.structs.replace(one.plan, strategy="K4", legs=(msgspec.structs.replace(first, target=25_906), last))
    parts = [(25_900.0, 1, 25_892, False), (25_901.0, 2, 25_892, False), (25_901.0, 2, 25_900, False), (25_901.0, 1, 25_900, True)]
    for entry, quantity, stop, home in parts:
        shown.holds(msgspec.structs.replace(one, plan=plan, entry=entry, quantity_open=quantity, stop=stop, first_target_hit=home))
    assert [note.text for note in shown.notes] == [
        "K4 in: long 1 of 2 at 6,475.00, stop 6,473.00, targets 6,476.50 and 6,478.00",
        "K4 in: long 2 at 6,475.25, stop 6,473.00, targets 6,476.50 and 6,478.00",
        "K4 out in part: target 6,476.50 reached, 1 left; counted when the trade ends",
    ]
    held, worth = (line.plain for line in position_lines(shown.trade, 6475.5))
    assert held == "position  K4 long 1 at 6,475.25, stop 6,475.00, target 6,478.00"
    assert worth == "open      +1 tick, +$1.25, +0.06 R, before fees"
    held, worth = (line.plain for line in position_lines(msgspec.structs.replace(shown.trade, quantity_open=2), 6475.5))
    assert worth.startswith("open      +1 tick each, +$2.50")


def test_an_open_trade_shows_ticks_dollars_and_r_and_an_ended_one_its_result():
    shown = glance()
    shown.trade = long_one()
    text = "\n".join(drawn(shown, 80, 24, "3 min"))
    assert "open      +4 ticks, +$5.00, +0.50 R, before fees" in text
    assert "K1 long 1 at 6,475.00, stop 6,473.00, target 6,478.00" in text
    assert "day       −$3.74 in 1 trade; may still lose $26.26 (limit −$30.00)" in text
    assert "15 %, closes 16:00; about 3 min to go" in text
    shown.closed(
        SimpleNamespace(strategy="K1", trade_id="a", exit_reason="TARGET", exit_price=6480.25, net_cents=2876, r=2.09, closed_ns=OPEN)
    )
    assert "09:30  K1 out by TARGET at 6,480.25: +$28.76 net, +2.09 R" in "\n".join(drawn(shown, 80, 24))


@pytest.mark.parametrize(("width", "height", "wide"), [(80, 24, 80), (120, 40, 120), (200, 60, 120), (40, 12, 40)])
def test_it_fits_the_terminal_cuts_no_word_and_says_how_to_stop(width, height, wide):
    shown = glance()
    shown.trade = long_one()
    for number in range(30):
        shown.decided(veto(f"CODE_{number}"), OPEN + number * MINUTE_NS)
    lines = drawn(shown, width, height)
    assert max(map(len, lines)) == wide
    assert len(lines) < height or width == 40  # a terminal too small for it is scrolled
    text = " ".join(" ".join(lines).replace("│", " ").split())
    assert HOW_TO_STOP in text and ("…" not in text or width == 40)
    assert width == 40 or "CODE_29: noise=0.80, below=0.70" in text


def test_before_the_first_bar_it_waits():
    assert "waiting for the first bar" in "\n".join(drawn(Glance("PAPER", 3000), 80, 24))


def test_while_it_warms_up_it_says_on_which_bars_and_when_it_begins_to_decide():
    shown = Glance("PAPER", 3000, warm_until_ns=OPEN)
    begins = f"it decides from {new_york(OPEN):%Y-%m-%d} 09:30 New York on"
    text = " ".join(" ".join(drawn(shown, 80, 24)).replace("│", " ").split())
    assert f"waiting for the first bar, then earlier bars warm it up; {begins}" in text
    shown.update = SimpleNamespace(quality=SimpleNamespace(ts_ns=OPEN - 60 * MINUTE_NS))
    text = " ".join(" ".join(drawn(shown, 80, 24)).replace("│", " ").split())
    assert f"warming up on earlier bars, now of {new_york(OPEN):%Y-%m-%d} 08:30 New York; {begins}" in text and "session" not in text
    shown.update = glance().update
    assert "warming up" not in "".join(drawn(shown, 80, 24))


def test_into_a_pipe_each_event_is_a_line_once():
    out = io.StringIO()
    shown = glance()
    with LiveView(Console(file=out, width=80), replayed=True) as view:
        for minute in range(3):
            shown.decided(veto(), OPEN + minute * MINUTE_NS)
            view.show(shown)
        view.show(shown)
    assert out.getvalue() == "09:30  K5 vetoes this bar: K5_NOISE: noise=0.80, below=0.70\n"


def test_the_estimate_counts_from_the_first_bar_of_the_session_not_from_bars_of_earlier_days_that_only_warm_up(monkeypatch):
    clock = iter((0.0, 100.0, 110.0))
    monkeypatch.setattr("bot.node.live_view.time.monotonic", lambda: next(clock))
    view, warming = LiveView(Console(file=io.StringIO()), replayed=True), glance(minute=-26 * 60)
    warming.session = Session("2025-09-29", OPEN - 1440 * MINUTE_NS, OPEN - 1050 * MINUTE_NS, False)
    assert view.remaining(warming) == view.remaining(glance(minute=0)) == ""
    assert view.remaining(glance(minute=10)) == "6 min", "10 minutes took 10 s, and 380 are left"


@pytest.mark.parametrize(("seconds", "said"), [(0.4, "0 s"), (89, "89 s"), (600, "10 min"), (19_200, "5 h 20 min")])
def test_durations_are_said_as_a_person_says_them(seconds, said):
    assert duration(seconds) == said
