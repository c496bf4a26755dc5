import pytest
from scripted_run import EUC, GATE, PLAN, bar_ns, bar_record, contracts, intent_record, outcome, run, write

from bot.errors import JournalError, UsageError
from bot.journal.records import (
    Action,
    BarRecord,
    DecisionRecord,
    FillRecord,
    GateRecord,
    Kind,
    OperatorRecord,
    OrderRecord,
    QualityRecord,
    ReconcileRecord,
    ShadowRecord,
    StateRecord,
)
from bot.journal.store import Journal
from bot.journal.times import new_york
from bot.journal.why import NoSuchBar, why

DVS_GATE = GateRecord("DVS_BELOW_MINIMUM", 2, "dvs", 0.75, "minimum", 0.80, "", 0.05)


def decision(strategy, action, sentence, **more):
    return DecisionRecord(strategy, action, sentence, 0.75, 0.95, **more)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Three bars: K1 enters on the first, is managed on the second; K2 is refused on the first and shadowed."""
    path = tmp_path_factory.mktemp("why") / "journal.sqlite"
    with Journal.create(path, "backtest", contracts(), {}, lambda: 1) as journal:
        journal.add(Kind.BAR, bar_ns(0), bar_record(0))
        enter = decision("K1", Action.ENTER, "K1 long enters: EUC 0.05 R", plan=PLAN, euc=EUC, beliefs=(0.7, 0.2), intent_id="I1")
        journal.add(Kind.DECISION, bar_ns(0), enter, "K1")
        skip = decision(
            "K2", Action.SKIP, "K2 long skipped: DVS_BELOW_MINIMUM: dvs=0.75, minimum=0.80", gate=DVS_GATE, others=[GATE], plan=PLAN
        )
        journal.add(Kind.DECISION, bar_ns(0), skip, "K2")
        journal.write_ahead(Kind.INTENT, bar_ns(0), intent_record(0), "K1")
        journal.add(Kind.ORDER, bar_ns(0), OrderRecord("O1", "I1", "K1", "ENTRY", "OrderSubmitted", 1, 6700.0), "K1")
        journal.add(Kind.SHADOW, bar_ns(0), ShadowRecord("S1", "K2", "OPENED", ["DVS_BELOW_MINIMUM"]), "K2")
        journal.close_link(bar_ns(0))
        thin = BarRecord(6700, 6701, 6699, 6700, 9, False, "range", 1, 0.7, 0.7, [("thin", 0.3)], 0.95, [("late_fill", 0.05)], {})
        journal.add(Kind.BAR, bar_ns(1), thin)
        hold = decision(
            "K1",
            Action.MANAGE,
            "K1 long managed: hold",
            management={"kind": "hold", "why": "thesis holds"},
            trade_id="T1",
        )
        journal.add(Kind.DECISION, bar_ns(1), hold, "K1")
        journal.add(Kind.FILL, bar_ns(1), FillRecord("O1", "I1", "K1", "ENTRY", 1, 1, 6700.0, 62, 0.0, bar_ns(1)), "K1")
        journal.add(Kind.QUALITY, bar_ns(1), QualityRecord("DVS", "thin", 0.3, "median 40"))
        journal.close_link(bar_ns(1))
        journal.add(Kind.OUTCOME, bar_ns(4), outcome(0), "K1")
        journal.add(Kind.OUTCOME, bar_ns(4), outcome(0, shadow=True, strategy="K2", trade_id="S1"), "K2")
        journal.close_link(bar_ns(4))
    return path


def test_an_entry_is_told_with_its_plan_euc_events_and_outcome(path):
    text = why(path, "2025-10-02 09:31")
    assert "K1 long enters: EUC 0.05 R" in text
    assert "long LIMIT, limit 6700.00; 1 × stop 6698.00, target 6703.00; 8 ticks at risk ($10.00), 1.50 R to win" in text
    assert "+0.05 R = edge +0.20 − uncertainty 0.05 − cost 0.10; probability of a win 0.46, break-even 0.40" in text
    assert "ENTRY OrderSubmitted × 1 price 6700.00  O1" in text
    assert "trade T1: TARGET at 2025-10-02 09:35" in text
    assert "net $13.76 (+1.38 R), best 12 and worst 3 ticks" in text


def test_a_refusal_is_told_with_every_gate_and_the_shadow_that_followed_it(path):
    text = why(path, "2025-10-02 09:31", "k2")
    assert "first gate  DVS_BELOW_MINIMUM: dvs=0.75, minimum=0.80, 0.05 away  [layer 2, quality]" in text
    assert "also fails  VWAP_Z: abs_z=0.83, minimum=1.50, 0.67 away  [layer 8, template and execution]" in text
    assert "shadow trade S1 (refused by DVS_BELOW_MINIMUM): TARGET" in text
    assert "to pass     the data validity score (DVS) would have to rise by 0.05; and the price's distance from VWAP" in text
    assert "K1" not in text


def test_a_managed_trade_finds_its_outcome_and_the_bar_says_what_lowered_dvs(path):
    text = why(path, "2025-10-02T13:32Z")
    assert "DVS     0.70: thin −0.30" in text
    assert "EQS     0.95: late_fill −0.05" in text
    assert "T1 hold: thesis holds" in text
    assert "trade T1: TARGET" in text
    assert "ENTRY bought 1 at 6700.00, slippage 0 ticks, fee $0.62" in text


def test_a_state_that_is_not_active_is_told_with_what_releases_it(tmp_path):
    def change(after, ts_ns):
        release = (
            "" if after == "ACTIVE" else "the first real win, or its evidence ages: in 20 sessions if no trade of it closes until then"
        )
        return Kind.STATE, ts_ns, StateRecord("K1", "QUARANTINED", after, 1, "2 shadow wins in a row", "wins", 2.0, 2, release), "K1"

    path = tmp_path / "journal.sqlite"
    with Journal.create(path, "backtest", contracts(), {}, lambda: 0) as journal:
        for number, after in enumerate(("THROTTLED", "", "ACTIVE")):
            if after:
                journal.add(*change(after, bar_ns(number)))
            for name in ("K1", "K2"):
                journal.add(Kind.DECISION, bar_ns(number), decision(name, Action.SKIP, f"{name} skipped"), name)
            journal.close_link(bar_ns(number))
    for number in (0, 1):
        text = why(path, new_york(bar_ns(number)))
        assert f"state       THROTTLED 1 since {new_york(bar_ns(0))}: 2 shadow wins in a row" in text
        assert "released by: the first real win, or its evidence ages: in 20 sessions" in text
        assert "state " not in text[text.index("K2 skipped") :].partition("Events")[0]
    assert "THROTTLED 1 since" not in why(path, new_york(bar_ns(2)))


@pytest.mark.parametrize(
    ("when", "nearest"),
    [("2025-10-02 08:00", "09:31"), ("2025-10-02 09:31:20", "09:31"), ("2025-10-02 09:35", "09:32"), ("2026-01-01 00:00", "09:32")],
)
def test_a_time_that_is_no_bar_gets_the_nearest_one_named(path, when, nearest):
    with pytest.raises(NoSuchBar) as told:
        why(path, when)
    said = f"is no bar of the trading window in {path} (a bar is named by its close). The nearest one is 2025-10-02 {nearest}."
    assert said in str(told.value) and told.value.exit_code == 1


def test_a_strategy_that_is_not_there_gets_the_ones_that_are(path):
    with pytest.raises(UsageError, match="it has K1, K2"):
        why(path, "2025-10-02 09:31", "K9")


def test_a_journal_without_decisions_says_so(tmp_path):
    run(tmp_path / "empty.sqlite", 0)
    with pytest.raises(NoSuchBar, match="no decision at all; name another journal with --journal"):
        why(tmp_path / "empty.sqlite", "2025-10-02 09:31")


def test_a_bar_that_was_not_finished_is_told_too(tmp_path):
    path = tmp_path / "cut.sqlite"
    with Journal.create(path, "backtest", contracts(), {}, lambda: 1) as journal:
        write(journal, 2)
        journal.add(Kind.DECISION, bar_ns(2), decision("K1", Action.SKIP, "K1 skipped: the last word"), "K1")
    assert "the last word" in why(path, "2025-10-02 09:33")


def test_a_bar_that_a_kill_has_chained_in_part_is_told_whole(tmp_path):
    path = tmp_path / "journal.sqlite"
    with Journal.create(path, "live", contracts(), {}, lambda: 1) as journal:
        journal.add(Kind.BAR, bar_ns(0), bar_record(0))
        journal.add(Kind.OPERATOR, bar_ns(0), OperatorRecord("kill", "enough"))
        journal.add(Kind.DECISION, bar_ns(0), decision("K1", Action.SKIP, "K1 skipped: KILL_SWITCH"), "K1")
        journal.add(Kind.RECONCILE, bar_ns(0) - 1, ReconcileRecord("JournalBehind", "records were kept"))
    text = why(path, "2025-10-02 09:31")
    assert "open 6700.00" in text and "kill: enough" in text
    assert "K1 skipped: KILL_SWITCH" in text and "JournalBehind: records were kept" in text


def test_any_bar_of_a_long_journal_answers_for_every_strategy(tmp_path):
    path = tmp_path / "long.sqlite"
    bars = 8000
    with Journal.create(path, "backtest", contracts(), {}, lambda: 1, flush_every_links=1000) as journal:
        write(journal, bars)
    for when in ("2025-10-02 09:31", "2025-10-05 03:00", "2025-10-07 22:50"):
        text = why(path, when)
        assert text.startswith(when)
        assert [name for name in ("K1", "K2", "K3", "K4", "K5") if f"\n{name} skipped" in text] == ["K1", "K2", "K3", "K4", "K5"]


def test_what_is_no_journal_is_said_in_one_sentence(tmp_path):
    with pytest.raises(JournalError, match="no such journal"):
        why(tmp_path / "none.sqlite", "2025-10-02 09:31")


def test_a_rejected_bar_is_told_with_what_it_had(tmp_path):
    path = tmp_path / "rejected.sqlite"
    nan = float("nan")
    with Journal.create(path, "backtest", contracts(), {}, lambda: 1) as journal:
        bar = BarRecord(nan, 6701, 6699, 6700, 9, True, "", 0, nan, 0.5, [("impossible", 0.5)], 1.0, [], {})
        journal.add(Kind.BAR, bar_ns(0), bar)
        refused = GateRecord("WARM_UP", 6, "atr_norm", nan, "minimum", 0.0, "", nan)
        skipped = DecisionRecord("K1", Action.SKIP, "K1 skipped: no bar", nan, 1.0, gate=refused)
        journal.add(Kind.DECISION, bar_ns(0), skipped, "K1")
        journal.close_link(bar_ns(0))
    text = why(path, "2025-10-02 09:31")
    assert "open unknown  high 6701.00" in text
    assert "REJECTED" in text
    assert "DVS     unknown: impossible −0.50" in text
    assert "WARM_UP: atr_norm=unknown" in text
    assert "signals that need more bars would have to be defined: atr_norm" in text
