"""The page Now says what `mesbot status` and the journal say, and says when that is not of this moment."""

from __future__ import annotations

import msgspec
import pytest
from builders import CONTRACTS
from dashboard_journals import EVIL, TEN_31, account_journal, bar, decision

from bot.calendar import SessionCalendar
from bot.dashboard.facts import Fact, Tone, cards
from bot.dashboard.kept import trusted
from bot.dashboard.now import Now, now_of, why_stale, window
from bot.dashboard.target import path_to_show, target_of
from bot.dashboard.today import to_enter
from bot.errors import UsageError
from bot.journal.records import Action, GateRecord, Kind, OperatorRecord
from bot.journal.run_lock import RunLock, sign_of_life
from bot.journal.store import Journal
from bot.node.status import journal_names, status_of
from bot.state_folder import remember_replay
from bot.units import MINUTE_NS, SECOND_NS


def now(state, **how) -> Now:
    return now_of(target_of(account_journal(state, **how)), CONTRACTS, TEN_31)


def facts(found: Now) -> dict[tuple[str, str], Fact]:
    return {(title, fact.name): fact for title, each in cards(found).items() for fact in each}


def test_it_is_the_status_that_mesbot_status_says(state):
    found = now(state, held=True)
    (name,) = journal_names(state)
    assert found.status == status_of(state, name, CONTRACTS, TEN_31)


def test_every_thing_a_person_asks_stands_on_it(state):
    said = facts(now(state))
    assert said["Bot", "mode"].text == "PAPER DU1" and said["Bot", "bot"] == Fact("bot", "not running", Tone.BAD)
    assert said["Bot", "clock"].text == "2025-09-16 10:31 New York, of replayed time"
    assert said["Bot", "last bar"].text == "2025-09-16 10:31, close 250.50"
    assert said["Bot", "kill switch"] == Fact("kill switch", "ARMED", Tone.GOOD)
    assert said["Bot", "entry window"].text.startswith("open until 11:30")
    assert said["Budgets", "day"].text == "$0.00; may still lose $30.00 (limit −$30.00)"
    assert said["Position", "position"].text == "flat" and said["Locks", ""].text == "none"
    assert said["Scores", "DVS"].text == "0.90: gap −0.10" and said["Scores", "EQS"].text == "0.80: late_fill −0.20"


def test_a_position_stands_there_with_stop_target_and_what_it_is_worth(state):
    said = facts(now(state, held=True))
    assert said["Position", "position"].text == "K1 long 1 at 250.00, stop 248.00, target 254.00"
    assert said["Position", "open"].text == "+2 ticks, +$2.50, +0.25 R, before fees, at the close of 2025-09-16 10:31"
    assert said["Position", "stop"].text == "WORKING at 248.00, 0 of 1 filled" and ("Position", "cover") not in said


def test_what_would_have_let_each_strategy_enter_is_said(state):
    found = now(state)
    assert [each.strategy for each in found.headroom] == ["K1", "K2", "K3", "K4", "K5"]
    assert found.headroom[0].said == "K1 long skipped: FRICTION_SHARE: share=0.41, limit=0.30"
    assert found.headroom[0].to_enter == "the share of the way to the target that fees and slippage take would have to fall by 0.11"


def test_a_lock_is_shown_with_who_since_when_why_and_its_end(state):
    path = account_journal(state)
    with Journal.append(path, "paper", CONTRACTS, {"account": "DU1"}, lambda: 1) as journal:
        journal.write_ahead(Kind.OPERATOR, TEN_31, OperatorRecord("lock", EVIL))
    said = facts(now_of(target_of(path), CONTRACTS, TEN_31))
    lock = said["Locks", ""]
    assert lock == Fact("", f"by a person since 2025-09-16 10:31: {EVIL}; until mesbot unlock", Tone.BAD)


def test_a_lockout_of_the_regime_is_shown_once_with_its_end_and_one_that_is_unknown_too(state):
    path = account_journal(state)
    with Journal.append(path, "paper", CONTRACTS, {"account": "DU1"}, lambda: 1) as journal:
        journal.add(Kind.BAR, TEN_31 + MINUTE_NS, bar())
        for name, code in (("K1", "NEWS_SHOCK"), ("K2", "NEWS_SHOCK"), ("K3", "MOON_SHOCK")):
            gate = GateRecord(code, 4, "minutes_since", 68.0, "minimum", 90.0, "minutes", 22.0)
            if name == "K3":
                gate = GateRecord(code, 4, "phase", "full", "minutes_left", 5.0, "minutes", None)
            journal.add(Kind.DECISION, TEN_31 + MINUTE_NS, msgspec.structs.replace(decision(name), others=[gate]), name)
    found = now_of(target_of(path), CONTRACTS, TEN_31)
    news, other = found.lockouts
    assert (
        news == "NEWS_SHOCK: a news shock is too recent; until 2025-09-16 10:54"
        and other == "MOON_SHOCK: a lockout; until 2025-09-16 10:37"
    )
    assert [fact.text for fact in cards(found)["Locks"]] == [news, other]


@pytest.mark.parametrize(
    ("running", "after_seconds", "market_open", "said"),
    [
        (7, 1, True, ""),
        (7, 80, True, ""),
        (None, 1, True, "No bot runs"),
        (7, -30, True, "The clocks are apart"),
        (7, 120, True, "has written nothing for 120 s"),
        (7, 120, False, ""),
    ],
)
def test_what_is_no_picture_of_this_moment_says_so(state, running, after_seconds, market_open, said):
    found = now(state, wall_ns=TEN_31)
    found = found._replace(status=msgspec.structs.replace(found.status, running=running))
    why = why_stale(found, TEN_31 + after_seconds * SECOND_NS, market_open)
    assert said in why and bool(why) == bool(said) and "\n" not in why


@pytest.mark.parametrize(("seconds", "said"), [(3, ""), (5, "has given no sign of life for 5 s"), (-5, "")])
def test_a_bot_whose_loop_does_not_turn_is_no_live_picture(state, seconds, said):
    path = account_journal(state)
    with RunLock(path):
        found = now(state, wall_ns=TEN_31)
        sign_of_life(path)
        last_ns = path.with_name(f"{path.name}.lock").stat().st_mtime_ns
        now_ns = last_ns + seconds * SECOND_NS
        why = why_stale(found._replace(written_ns=now_ns), now_ns, True)
    assert said in why and bool(why) == bool(said)


@pytest.mark.parametrize(
    ("mode", "header", "ended", "over"),
    [
        ("backtest", {}, True, "This backtest is over: it ended at 2025-09-16 10:31 New York"),
        ("paper", {"replayed_time": True}, True, "This replay is over: it ended at 2025-09-16 10:31 New York"),
        ("backtest", {}, False, ""),  # it broke off: what is there may not be all
        ("paper", {"account": "DU1"}, True, ""),  # a bot of an account that does not run is no good news
    ],
)
def test_a_run_that_came_to_its_end_is_over_and_nothing_else_is(tmp_path, state, mode, header, ended, over):
    path = tmp_path / "journal.sqlite"
    with Journal.create(path, mode, CONTRACTS, header, lambda: 1) as journal:
        journal.add(Kind.BAR, TEN_31, bar())
        journal.close_link(TEN_31)
        if ended:
            journal.end({})
    found = now_of(target_of(path), CONTRACTS, TEN_31)
    assert found.over.startswith(over) and bool(found.over) == bool(over)
    why, said = why_stale(found, TEN_31 + 3600 * SECOND_NS, True), facts(found)
    if over:
        assert why == "" and said["Bot", "bot"] == Fact("bot", "none: the run is over") and ("Bot", "entry window") not in said
    else:
        assert why.startswith("No bot runs") and said["Bot", "bot"] == Fact("bot", "not running", Tone.BAD)


def test_which_run_it_is_stands_on_it(tmp_path, state):
    path = tmp_path / "journal.sqlite"
    Journal.create(path, "paper", CONTRACTS, {}, lambda: 1).close()
    kinds = [facts(now_of(target_of(each), CONTRACTS, TEN_31)) for each in (path, account_journal(state))]
    assert [said["Bot", "mode"].text for said in kinds] == ["PAPER replay", "PAPER DU1"]
    assert kinds[0]["Bot", "journal"].text == str(path)


@pytest.mark.parametrize(
    ("strategy", "action", "failed", "said"),
    [
        ("K5", Action.SKIP, True, "nothing: it never enters, it only vetoes, and it let this bar pass"),
        ("K5", Action.VETO, True, "the share of the way to the target that fees and slippage take would have to fall by 0.11"),
        ("K1", Action.SKIP, True, "the share of the way to the target that fees and slippage take would have to fall by 0.11"),
        ("K1", Action.ENTER, False, "nothing: it entered"),
        ("K1", Action.MANAGE, False, "nothing: it has a trade open"),
        ("K1", Action.EXIT, False, "nothing: it left its trade"),
        ("K1", Action.SKIP, False, "no gate refused it"),
    ],
)
def test_what_would_let_it_enter_is_never_left_empty(strategy, action, failed, said):
    made = decision(strategy, action)
    body = msgspec.to_builtins(made if failed else msgspec.structs.replace(made, gate=None))
    assert to_enter(body, "K5") == said


def test_every_card_has_its_column(state):
    from bot.dashboard.pages.now import COLUMNS_OF_CARDS

    titles = [title for column in COLUMNS_OF_CARDS for title in column]
    assert sorted(titles) == sorted(cards(now(state)))


def test_the_filter_stands_beside_the_strategies_that_are_trusted_or_not(state):
    found = now(state)
    rows = trusted(found.status, found.vetoer)
    assert [row.strategy for row in rows] == ["K1", "K2", "K3", "K4", "K5"]
    assert rows[-1].state == "vetoes only" and rows[-1].evidence.startswith("never orders")


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2025-09-16 10:31", "open until 11:30"),
        ("2025-09-16 11:45", "next from 2025-09-16 13:"),
        ("2025-09-19 16:30", "shut (outside session); next from 2025-09-22 09:"),
    ],
)
def test_the_next_window_is_the_calendars(at, said):
    import datetime as dt

    from builders import new_york_ns

    calendar = SessionCalendar(CONTRACTS.session, dt.date(2025, 9, 10), dt.date(2025, 9, 30))
    assert said in window(calendar, new_york_ns(at))


def test_the_journal_of_who_runs_is_shown_before_a_newer_one(state, tmp_path):
    account = account_journal(state)
    replay = tmp_path / "out" / "journal.sqlite"
    replay.parent.mkdir()
    Journal.create(replay, "paper", CONTRACTS, {}, lambda: 2).close()
    remember_replay(replay)
    assert path_to_show(None, lambda: None) == replay
    with RunLock(account):
        assert path_to_show(None, lambda: None) == account
    assert path_to_show(account, lambda: None) == account


def test_without_any_journal_it_is_one_sentence(state, tmp_path):
    for named in (None, tmp_path / "nowhere.sqlite"):
        with pytest.raises(UsageError):
            path_to_show(named, lambda: None)
