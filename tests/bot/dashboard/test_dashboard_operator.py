"""The dashboard's verbs: refused without token, reason or the verb typed out, off in read-only mode, and else what the commands do."""

from __future__ import annotations

import pytest
from builders import CONTRACTS
from dashboard_journals import account_journal

from bot.dashboard.operator import Operator, Verb, whose_journal
from bot.dashboard.target import target_of
from bot.dashboard.token import Token
from bot.errors import MesbotError, UsageError
from bot.journal.read import opened, read
from bot.journal.records import Kind
from bot.journal.run_lock import RunLock
from bot.journal.store import Journal
from bot.node.kill_request import ALL, STOP_ENTRIES, request_path

SECRET = "correct-horse-battery"


def operator(*, read_only: bool = False) -> Operator:
    return Operator(Token(SECRET), lambda: CONTRACTS, read_only=read_only)


def operators(path) -> list[tuple[str, str]]:
    with opened(path) as db:
        return [(each.body["action"], each.body["reason"]) for each in read(db, Kind.OPERATOR)]


@pytest.fixture
def path(state):
    return account_journal(state)


@pytest.mark.parametrize(
    ("verb", "reason", "token", "confirmed", "said"),
    [
        (Verb.STOP_ENTRIES, "why", "guess", Verb.STOP_ENTRIES, "That is not the token"),
        (Verb.STOP_ENTRIES, "why", "", Verb.STOP_ENTRIES, "That is not the token"),
        (Verb.STOP_ENTRIES, " ", SECRET, Verb.STOP_ENTRIES, "Say why"),
        (Verb.STOP_ENTRIES, "why", SECRET, "stop entries", "Type STOP ENTRIES"),
        (Verb.STOP_ENTRIES, "why", SECRET, "", "Type STOP ENTRIES"),
        (Verb.FLATTEN, "why", SECRET, Verb.STOP_ENTRIES, "Type FLATTEN & HALT"),
        ("RESUME", "why", SECRET, "RESUME", "no verb of the dashboard"),
        ("", "why", SECRET, "", "no verb of the dashboard"),
    ],
)
def test_what_is_not_asked_for_as_it_must_be_is_not_done(path, verb, reason, token, confirmed, said):
    with pytest.raises(UsageError, match=said):
        operator().carry_out(verb, target_of(path), reason, token, confirmed)
    assert operators(path) == [] and not any(request_path(path, what).exists() for what in ALL)


@pytest.mark.parametrize("verb", list(Verb))
def test_in_read_only_mode_nothing_is_done(path, verb):
    with pytest.raises(UsageError, match="--read-only"):
        operator(read_only=True).carry_out(verb, target_of(path), "why", SECRET, verb)
    assert operators(path) == []


@pytest.mark.parametrize("verb", list(Verb))
def test_without_a_journal_nobody_is_meant(state, verb):
    with pytest.raises(UsageError, match="not known which bot"):
        operator().carry_out(verb, None, "why", SECRET, verb)


def test_entries_are_stopped_and_released_as_by_the_commands_and_journaled(path):
    done = [operator().carry_out(verb, target_of(path), "payrolls", SECRET, verb) for verb in (Verb.STOP_ENTRIES, Verb.RELEASE)]
    assert done == [
        ["PAPER DU1: no bot runs; entries are locked until mesbot unlock."],
        ["PAPER DU1: no bot runs; entries may pass again."],
    ]
    assert operators(path) == [("lock", "payrolls (dashboard)"), ("unlock", "payrolls (dashboard)")]


def test_a_kill_where_nobody_runs_is_latched(path):
    (said,) = operator().carry_out(Verb.FLATTEN, target_of(path), "enough", SECRET, Verb.FLATTEN)
    assert "no bot runs; latched HALTED: nothing is open" in said and operators(path) == [("kill", "enough (dashboard)")]


def test_a_running_bot_is_asked_by_the_same_file(path, monkeypatch):
    monkeypatch.setattr("bot.node.entry_lock.WAIT_SECONDS", 0.1)
    with RunLock(path), pytest.raises(MesbotError, match="has not answered"):
        operator().carry_out(Verb.STOP_ENTRIES, target_of(path), "payrolls", SECRET, Verb.STOP_ENTRIES)
    assert request_path(path, STOP_ENTRIES).read_text() == "payrolls (dashboard)"


def test_only_the_journal_that_is_shown_is_meant(path, tmp_path):
    other = path.with_name("paper-DU2-2025.sqlite")
    Journal.append(other, "paper", CONTRACTS, {"account": "DU2"}, lambda: 1).close()
    operator().carry_out(Verb.STOP_ENTRIES, target_of(path), "payrolls", SECRET, Verb.STOP_ENTRIES)
    assert operators(other) == [] and len(operators(path)) == 1


@pytest.mark.parametrize("verb", list(Verb))
def test_on_a_run_that_has_ended_there_is_nothing_to_carry_out(state, tmp_path, verb):
    path = tmp_path / "journal.sqlite"
    Journal.create(path, "backtest", CONTRACTS, {}, lambda: 1).close()
    with pytest.raises(UsageError, match="a run that has ended"):
        operator().carry_out(verb, target_of(path), "why", SECRET, verb)


def test_the_one_that_is_meant_is_named(path, tmp_path):
    other = tmp_path / "journal.sqlite"
    Journal.create(other, "backtest", CONTRACTS, {}, lambda: 1).close()
    replay = tmp_path / "replay.sqlite"
    Journal.create(replay, "paper", CONTRACTS, {}, lambda: 1).close()
    assert whose_journal(target_of(replay)) == f"PAPER replay, {replay}"
    assert [whose_journal(each) for each in (target_of(path), target_of(other))] == ["PAPER DU1", f"BACKTEST, {other}"]
    assert whose_journal(None) == "No journal can be read."


def test_a_kill_that_cannot_be_latched_says_that_its_request_waits(path):
    def unreadable() -> None:
        raise MesbotError("The contracts cannot be read.")

    made = Operator(Token(SECRET), unreadable, read_only=False)
    with pytest.raises(MesbotError, match=r"cannot be read..* It is not latched, but the request waits in"):
        made.carry_out(Verb.FLATTEN, target_of(path), "enough", SECRET, Verb.FLATTEN)
    assert request_path(path).read_text() == "enough (dashboard)"
