"""`mesbot status` and `mesbot resume` as a person runs them, on real journals."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from builders import CONTRACTS, ROOT, an_intent, new_york_ns
from click.testing import CliRunner, Result

from bot.calendar import new_york
from bot.cli.main import cli
from bot.errors import JournalError
from bot.journal.build import intent_record
from bot.journal.read import headers, opened, read
from bot.journal.records import KillRecord, Kind, ReconcileRecord
from bot.journal.run_lock import RunLock
from bot.journal.store import Journal
from bot.journal.verify import verify
from bot.node.journals import journals_of
from bot.node.kill_request import leave_request, request_path, waiting_request
from bot.runtime.past import past_of
from bot.units import HOUR_NS, MINUTE_NS

HALF_PAST_TEN = new_york_ns("2025-09-16 10:30")
HALTED = ("TRIPPED", "FLAT", "HALTED")
HOLD = """
import sys
from pathlib import Path
from bot.journal.run_lock import RunLock
with RunLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs `mesbot ...` in an empty folder with its own state."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "120")
    return lambda *words: CliRunner().invoke(cli, [str(word) for word in words])


def write(name: str, *states: str, open_intent: bool = False, ts_ns: int = HALF_PAST_TEN, **header: object) -> Path:
    """A journal in the state folder, such as paper-DU1-2025, with an intent that nobody answered if asked, and these kill steps."""
    path = Path(os.environ["MESBOT_HOME"]) / "journals" / f"{name}.sqlite"
    path.parent.mkdir(parents=True, exist_ok=True)
    mode, account, _ = name.rsplit("-", 2)
    with Journal.append(path, mode, CONTRACTS, {"account": account, "learning": True, **header}, lambda: 1) as journal:
        if open_intent:
            journal.add(Kind.INTENT, ts_ns, intent_record(an_intent(ts_ns=ts_ns, name="20250916-K1-1030")))
        for state in states:
            journal.add(Kind.KILL, ts_ns, KillRecord(state, "order state desync" if state == "TRIPPED" else f"then {state}"))
        journal.close_link(ts_ns)
    return path


def kills(path: Path) -> list[tuple[str, str]]:
    """State and reason of each kill record."""
    with opened(path) as db:
        return [(record.body["state"], record.body["reason"]) for record in read(db, Kind.KILL)]


# -------------------------------------------------------------------------- status


@pytest.mark.parametrize("verb", ["status", "resume"])
def test_help_has_examples(run, verb):
    result = run(verb, "--help")
    assert result.exit_code == 0
    assert "Examples:" in result.output and f"mesbot {verb} --" in result.output


def test_without_a_journal_it_says_so_in_one_sentence_that_fits_the_terminal(run, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    result = run("status")
    assert (result.exit_code, result.stderr) == (0, "")
    assert " ".join(result.output.split()).startswith(f"No journal in {tmp_path / 'state'}; `mesbot paper`")
    longest = len(f"{tmp_path / 'state'};")  # no word is cut, a path is one
    assert max(map(len, result.output.splitlines())) <= max(80, longest)
    assert not (tmp_path / "state").exists()


def test_without_a_journal_json_is_an_empty_list(run):
    assert json.loads(run("status", "--json").output) == []


def test_every_thing_a_person_asks_stands_in_the_table(run):
    path = write("paper-DU1-2025", "TRIPPED", open_intent=True)
    result = run("status")
    assert result.exit_code == 0, result.output
    table = result.output
    assert not re.search(" \n", table), "no line that goes into a pipe ends in blanks"
    for row in (
        r"PAPER DU1\n",
        r"bot +not running",
        r"last record +2025-09-16 10:30 New York\n",
        r"kill switch +TRIPPED since 2025-09-16 10:30: order state desync",
        r"trading day +\d{4}-\d{2}-\d{2}\n",
        r"\nday +\$0\.00, limit −\$30\.00, may still lose \$30\.00",
        r"week +\$0\.00, limit −\$75\.00, may still lose \$75\.00",
        r"month +\$0\.00, limit −\$150\.00, may still lose \$150\.00",
        r"trades +\d of 2 today",
        r"submissions +0 of 6 today",
        r"losing streak +0 of 2",
        r"locks +none",
        r"K1 +ACTIVE, cost x 1; no trades",
        r"K4 +ACTIVE",
        r"unfinished +20250916-K1-1030, decided 2025-09-16 10:30: nothing held",
        r"STOP +NONE at 248\.00, 0 of 1 filled  20250916-K1-1030-1S",
        rf"contracts +{CONTRACTS.sha256} in force",
        rf"head +{verify(path).head}",
    ):
        assert re.search(row, table), row


def test_at_80_columns_hashes_and_paths_stay_whole_and_no_line_is_wider_than_one_of_them(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    path = write("paper-DU1-2025", "TRIPPED", open_intent=True)
    lines = run("status").output.splitlines()
    assert f"head           {verify(path).head}" in lines
    assert [line for line in lines if CONTRACTS.sha256 in line] and [line for line in lines if line.endswith(str(path))]
    assert all(len(line) <= 80 or str(path) in line for line in lines)


def test_at_40_columns_each_row_is_a_sentence_and_no_word_is_cut(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    path = write("paper-DU1-2025", "TRIPPED", open_intent=True)
    output = run("status").output
    words = (str(path), verify(path).head, CONTRACTS.sha256, "20250916-K1-1030-1S")
    assert all(len(line) <= 40 or any(word in line for word in words) for line in output.splitlines())
    assert "  day: $0.00, limit −$30.00, may still\n  lose $30.00\n" in output
    assert not re.search(" \n", output)


def test_json_says_the_same(run):
    path = write("live-U1-2025", *HALTED)
    (found,) = json.loads(run("status", "--json").output)
    assert (found["mode"], found["account"], found["path"], found["running"]) == ("LIVE", "U1", str(path), None)
    assert found["kill"] == {"state": "HALTED", "reason": "order state desync", "since_ns": HALF_PAST_TEN}
    assert found["counters"]["day"] == {"realised_cents": 0, "limit_cents": 3000, "left_cents": 3000}
    assert (found["last_ns"], found["last_record"], found["head"]) == (HALF_PAST_TEN, "2025-09-16 10:30", verify(path).head)


def test_mode_and_account_choose_among_journals(run):
    for name in ("paper-DU1-2025", "paper-DU2-2025", "live-U1-2025"):
        write(name)

    def shown(*words: str) -> list[tuple[str, str]]:
        return [(each["mode"], each["account"]) for each in json.loads(run("status", "--json", *words).output)]

    assert shown() == [("LIVE", "U1"), ("PAPER", "DU1"), ("PAPER", "DU2")]
    assert shown("--mode", "paper") == [("PAPER", "DU1"), ("PAPER", "DU2")]
    assert shown("--account", "DU2") == [("PAPER", "DU2")]


def test_a_name_that_has_no_journal_is_answered_with_those_that_have(run, tmp_path):
    write("paper-DU1-2025")
    result = run("status", "--mode", "live", "--account", "DU1")
    said = f"No journal of LIVE DU1 in {tmp_path / 'state'}; there are PAPER DU1."
    assert (result.exit_code, " ".join(result.output.split())) == (2, said)
    asked = run("status", "--mode", "live", "--account", "DU1", "--json")
    assert (asked.exit_code, json.loads(asked.output)) == (2, {"error": said})


def test_a_broken_journal_ends_with_its_sentence_after_the_others_were_told(run):
    write("live-U1-2025").write_bytes(b"no database at all" * 100)
    write("paper-DU1-2025")
    result = run("status")
    assert result.exit_code == 1
    assert "PAPER DU1" in result.output
    assert re.fullmatch(r".*live-U1-2025\.sqlite cannot be read as a journal: .*\n", result.stderr)


def test_other_contracts_than_the_newest_records_are_told(run, tmp_path):
    write("paper-DU1-2025")
    shutil.copytree(ROOT / "contracts", tmp_path / "mine")
    law = tmp_path / "mine" / "constitution.yaml"
    law.write_text(law.read_text(encoding="utf-8").replace("day_usd: 30.00", "day_usd: 25.00"), encoding="utf-8")
    result = run("status", "--contracts", "mine")
    assert result.exit_code == 0, result.output
    told = " ".join(result.output.split())
    assert f"{CONTRACTS.sha256} of the newest record; " in told and " counts from the next start" in told
    assert "limit −$25.00, may still lose $25.00" in result.output


# -------------------------------------------------------------------------- resume


@pytest.mark.parametrize("states", [HALTED, HALTED[:1], HALTED[:2]])
def test_a_person_arms_a_latched_kill_switch_and_the_journal_says_who_and_why(run, states):
    path = write("paper-DU1-2025", *states)
    before_ns = time.time_ns()
    result = run("resume", "--reason", "  looked at the account, flat ")
    assert result.exit_code == 0, result.output
    assert result.output.splitlines() == [
        f"PAPER DU1: {states[-1]} -> ARMED",
        "Tripped: order state desync",
        "Resumed: looked at the account, flat",
        f"Journal: {path}",
        f"Head:    {verify(path).head}",
    ]
    assert kills(path)[len(states) :] == [("ARMED", "resumed by a person: looked at the account, flat")]
    with opened(path) as db:
        (done,) = read(db, Kind.OPERATOR)
        assert headers(db)[-1]["verb"] == "resume"
    assert done.body == {"action": "resume", "reason": "looked at the account, flat", "detail": f"kill switch {states[-1]} -> ARMED"}
    assert before_ns <= done.ts_ns <= time.time_ns()
    assert verify(path).unlinked == 0
    assert past_of([path]).kill_state == "ARMED"


def test_resuming_twice_does_nothing_the_second_time(run):
    path = write("paper-DU1-2025", *HALTED)
    assert run("resume", "--reason", "flat").exit_code == 0
    head = verify(path).head
    again = run("resume", "--reason", "flat")
    assert (again.exit_code, again.output) == (0, "Nothing to resume: the kill switch of PAPER DU1 is ARMED.\n")
    assert verify(path).head == head


@pytest.mark.parametrize("verb", ["resume", "kill", "lock", "unlock"])
def test_without_any_journal_there_is_nothing_to_act_on(run, verb):
    result = run(verb, "--reason", "flat")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("No journal in ")
    told = json.loads(run(verb, "--reason", "flat", "--json").stdout)
    assert f"{told['error']}\n" == result.stderr


def test_an_account_without_a_journal_is_a_mistake(run):
    write("paper-DU1-2025", *HALTED)
    result = run("resume", "--reason", "flat", "--account", "DU2")
    assert result.exit_code == 2
    assert result.stderr.startswith("No journal of DU2 in ") and result.stderr.endswith("there are PAPER DU1.\n")


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_blank_reason_is_wrong_usage(run, reason):
    path = write("paper-DU1-2025", *HALTED)
    result = run("resume", "--reason", reason)
    assert (result.exit_code, result.stderr) == (2, "--reason is empty; say why trading may begin again.\n")
    assert len(kills(path)) == 3


def test_without_a_reason_it_is_wrong_usage_even_if_the_environment_has_one(run, monkeypatch):
    monkeypatch.setenv("MESBOT_RESUME_REASON", "always")
    result = run("resume")
    assert result.exit_code == 2
    assert "Missing option '--reason'" in result.stderr


@pytest.mark.parametrize("states", [HALTED[:1], HALTED[:2]])
def test_while_a_position_may_be_open_it_is_refused_and_nothing_is_written(run, states):
    path = write("paper-DU1-2025", *states, open_intent=True)
    head = verify(path).head
    result = run("resume", "--reason", "flat")
    assert result.exit_code == 3
    assert result.stderr == (
        f"PAPER DU1 is {states[-1]} with 20250916-K1-1030 unfinished, so a position may be open; "
        "start the bot to let it flatten first, then resume.\n"
    )
    assert verify(path).head == head


def test_a_halted_bot_has_flattened_so_it_may_be_resumed(run):
    path = write("paper-DU1-2025", *HALTED, open_intent=True)
    assert run("resume", "--reason", "flat").exit_code == 0
    assert past_of([path]).kill_state == "ARMED"


def test_while_a_bot_runs_on_the_journal_it_is_refused_and_once_that_is_killed_it_is_not(run):
    path = write("paper-DU1-2025", *HALTED)
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as bot:
        assert bot.stdout.readline() == "held\n"
        assert re.search(rf"bot +running, process {bot.pid}\n", run("status").output)
        refused = run("resume", "--reason", "flat")
        os.kill(bot.pid, signal.SIGKILL)
    assert refused.exit_code == 3
    assert refused.stderr.startswith(f"PAPER DU1 stays as it is: {path} is in use by process {bot.pid};")
    assert len(kills(path)) == 3
    assert run("resume", "--reason", "flat").exit_code == 0


def test_with_several_latched_journals_it_lists_them_and_asks_which(run):
    paths = [write("live-U1-2025", *HALTED), write("paper-DU1-2025", "TRIPPED")]
    write("paper-DU2-2025")
    result = run("resume", "--reason", "flat")
    assert result.exit_code == 2
    assert result.stderr == (
        "Several kill switches are latched: LIVE U1 (HALTED), PAPER DU1 (TRIPPED); name one with --mode and --account.\n"
    )
    assert [len(kills(path)) for path in paths] == [3, 1]
    assert run("resume", "--reason", "flat", "--mode", "live").exit_code == 0
    assert [len(kills(path)) for path in paths] == [4, 1]
    assert run("resume", "--reason", "flat").exit_code == 0  # only one is left
    assert [len(kills(path)) for path in paths] == [4, 2]


def test_a_clock_behind_the_last_record_resumes_at_the_last_records_time(run):
    ahead_ns = (time.time_ns() // MINUTE_NS + 1) * MINUTE_NS + HOUR_NS
    path = write(f"paper-DU1-{new_york(ahead_ns).year}", *HALTED, ts_ns=ahead_ns)
    assert run("resume", "--reason", "flat").exit_code == 0
    assert past_of([path]).last_ns == ahead_ns


def test_after_a_replay_it_resumes_at_the_replays_time_so_that_the_day_can_be_replayed_on(run):
    path = write("paper-DU1-2025", *HALTED, replayed_time=True)
    for _ in range(2):  # the resume's own header carries on that it is a replay
        assert run("resume", "--reason", "flat").exit_code == 0
        assert past_of([path]).last_ns == HALF_PAST_TEN
        write("paper-DU1-2025", *HALTED, replayed_time=True)
    assert json.loads(run("status", "--json").output)[0]["replayed"] is True


def test_a_journal_of_last_year_is_resumed_where_it_is(run):
    write("paper-DU1-2024")
    path = write("paper-DU1-2025", *HALTED)
    assert run("resume", "--reason", "flat").exit_code == 0
    assert kills(path)[-1][0] == "ARMED"
    assert len(list(path.parent.glob("*.sqlite"))) == 2


def test_broken_contracts_refuse_with_every_fault(run):
    write("paper-DU1-2025", *HALTED)
    for verb in (("status",), ("resume", "--reason", "flat")):
        result = run(*verb, "--contracts", "nowhere")
        assert result.exit_code == 2
        assert "nowhere" in result.stderr and "Traceback" not in result.output


def test_a_damaged_chain_is_not_written_on(run):
    path = write("paper-DU1-2025", *HALTED)
    with sqlite3.connect(path) as db:
        db.execute("DROP TRIGGER records_no_update")
    result = run("resume", "--reason", "flat")
    assert result.exit_code == 1
    assert "trigger records_no_update is missing" in result.stderr
    assert len(kills(path)) == 3


# ---------------------------------------------------------------------- a kill request that waits


def test_the_last_trouble_with_the_broker_is_shown_with_both_numbers(run):
    path = write("paper-DU1-2025")
    assert "last trouble" not in run("status").output and json.loads(run("status", "--json").output)[0]["trouble"] == ""
    with Journal.append(path, "paper", CONTRACTS, {"account": "DU1"}, lambda: 1) as journal:
        for held in (3, 2):
            record = ReconcileRecord("PositionMismatch", f"own fills sum to 0, the broker holds {held}")
            journal.add(Kind.RECONCILE, HALF_PAST_TEN, record)
    row = r"last trouble +2025-09-16 10:30 New York: PositionMismatch: own fills sum to 0, the broker holds 2"
    assert re.search(row, run("status").output)


def test_what_was_found_at_the_broker_may_lock_a_bot_that_runs_and_locks_none_that_does_not(run):
    path = write("paper-DU1-2025", *HALTED)
    with Journal.append(path, "paper", CONTRACTS, {"account": "DU1"}, lambda: 1) as journal:
        journal.add(Kind.RECONCILE, HALF_PAST_TEN, ReconcileRecord("PositionMismatch", "own fills sum to 1, the broker holds 0"))
    assert re.search(r"locks +none", run("status").output)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as bot:
        assert bot.stdout.readline() == "held\n"
        assert re.search(r"locks +perhaps by what was found at the broker: see last trouble", run("status").output)
        os.kill(bot.pid, signal.SIGKILL)


def test_what_was_last_said_of_the_link_is_shown_beside_the_last_trouble(run):
    path = write("paper-DU1-2025")
    with Journal.append(path, "paper", CONTRACTS, {"account": "DU1"}, lambda: 1) as journal:
        for found, text in (("Link", "the link is CUT"), ("ForeignOrder", "BUY 1 MESZ5"), ("Link", "the link is SYNCED again")):
            journal.add(Kind.RECONCILE, HALF_PAST_TEN, ReconcileRecord(found, text))
    (said,) = json.loads(run("status", "--json").output)
    assert said["link"] == "2025-09-16 10:30 New York: Link: the link is SYNCED again"
    assert said["trouble"] == "2025-09-16 10:30 New York: ForeignOrder: BUY 1 MESZ5"
    assert re.search(r"link +2025-09-16 10:30 New York: Link: the link is SYNCED again", run("status").output)


def test_a_kill_request_that_nobody_took_is_shown(run):
    path = write("paper-DU1-2025")
    assert "kill request" not in run("status").output and json.loads(run("status", "--json").output)[0]["kill_request"] is None
    leave_request(path, "enough")
    row = r"kill request +waits, the next start carries it out first, unless resume withdraws it: enough"
    assert re.search(row, run("status").output)
    assert json.loads(run("status", "--json").output)[0]["kill_request"] == "enough"
    with RunLock(path):
        assert re.search(r"kill request +waits, the bot is not through with it: enough", run("status").output)
    assert request_path(path).exists()


def test_resume_withdraws_a_kill_request_that_waits_and_journals_it(run):
    path = write("paper-DU1-2025")
    leave_request(path, "enough")
    result = run("resume", "--reason", "flat")
    assert result.exit_code == 0, result.output
    assert result.output.splitlines() == [
        "PAPER DU1: ARMED",
        "Withdrawn: the kill request that waited for the next start: enough",
        "Resumed: flat",
        f"Journal: {path}",
        f"Head:    {verify(path).head}",
    ]
    assert waiting_request(path) is None
    with opened(path) as db:
        (done,) = read(db, Kind.OPERATOR)
    assert done.body["detail"] == "kill switch ARMED -> ARMED; kill request withdrawn: enough"


def test_resume_arms_a_latched_switch_and_withdraws_the_request_beside_it(run):
    path = write("paper-DU1-2025", *HALTED)
    leave_request(path, "enough")
    told = run("resume", "--reason", "flat").output.splitlines()[:3]
    assert told[0] == "PAPER DU1: HALTED -> ARMED" and told[1].endswith(": enough") and told[2] == "Tripped: order state desync"
    assert (past_of([path]).kill_state, waiting_request(path)) == ("ARMED", None)


def test_a_request_with_a_position_that_may_be_open_is_for_the_bot_to_carry_out(run):
    path = write("paper-DU1-2025", open_intent=True)
    leave_request(path, "enough")
    result = run("resume", "--reason", "flat")
    assert result.exit_code == 3
    assert "is ARMED, and a kill request waits (enough), with 20250916-K1-1030 unfinished" in result.stderr
    assert request_path(path).exists()


def test_of_several_that_could_be_meant_the_one_with_a_request_is_told(run):
    write("live-U1-2025", *HALTED)
    leave_request(write("paper-DU1-2025"), "enough")
    result = run("resume", "--reason", "flat")
    assert "LIVE U1 (HALTED), PAPER DU1 (ARMED, a kill request waits); name one" in result.stderr


# ---------------------------------------------------------------------- a damaged file


def with_damaged_pages(path: Path) -> Path:
    """A journal whose first page is whole, so that it opens, and the rest is not."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = db.execute("PRAGMA page_size").fetchone()
    content = path.read_bytes()
    path.write_bytes(content[:page] + b"\xa5" * (len(content) - page))
    return path


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("resume", "--reason", "looked at"),
        ("journal", "verify", "--journal", "PATH"),
        ("journal", "export", "--journal", "PATH"),
        ("why", "2025-09-16 10:30", "--journal", "PATH"),
        ("why", "K1.net", "--journal", "PATH"),
        ("why", "--numbers", "--journal", "PATH"),
    ],
)
def test_damaged_pages_are_one_sentence_wherever_they_are_met(run, words):
    path = with_damaged_pages(write("paper-DU1-2025", open_intent=True))
    result = run(*(path if word == "PATH" else word for word in words))
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1), result.output
    assert str(path) in result.stderr and isinstance(result.exception, SystemExit)


def test_damaged_pages_end_a_start_on_a_broker_in_one_sentence(run):
    path = with_damaged_pages(write("paper-DU1-2025", open_intent=True))
    with pytest.raises(JournalError, match=f"{re.escape(str(path))} cannot be read as a journal"):
        journals_of(path.parents[1], "PAPER", "DU1", 2025)
