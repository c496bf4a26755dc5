"""`mesbot strategies` as a person runs it; and the verbs that stop or only read, which a broken strategy does not stop."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import CONTRACTS, new_york_ns
from click.testing import CliRunner, Result
from foreign import spoil, with_own_belief, write
from outcome_makers import outcome
from test_operate_command import HALTED, kills
from test_operate_command import write as write_journal

from bot.backtest.request import BacktestRequest
from bot.backtest.run import run_backtest
from bot.cli.main import cli
from bot.contracts import load_contracts
from bot.decision.outcome import TradeOutcome
from bot.journal.records import DayRecord, Kind, StateRecord
from bot.journal.store import Journal
from bot.node.kill_request import request_path
from bot.state_folder import remember_run
from bot.units import MINUTE_NS


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs `mesbot ...` in an empty folder with its own state."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("MESBOT_STRATEGIES", raising=False)
    return lambda *words: CliRunner().invoke(cli, [str(word) for word in words])


def lines(result: Result) -> dict[str, str]:
    """What is listed, by strategy."""
    assert result.exit_code == 0, result.output
    return lines_of(result.output)


def lines_of(output: str) -> dict[str, str]:
    """Each strategy's lines as one; those after the first are set in."""
    found: list[str] = []
    for line in output.splitlines():
        if line.startswith(" "):
            found[-1] += f" {line.strip()}"
        else:
            found.append(line)
    return dict(line.split(": ", 1) for line in found if not line.startswith("States:"))


# ------------------------------------------------------------------------ the list


def test_each_strategy_is_listed_with_summary_belief_contracts_tiers_state_and_place(run):
    found = lines(run("strategies"))
    assert list(found) == ["K1", "K2", "K3", "K4", "K5"]
    may = "belief F4; 2 contracts, tier B; from strategies/"
    assert found["K4"] == f"Momentum extension: follows a break of the range {may} no journal yet"
    noise = "Noise filter: orders nothing, and vetoes every entry of a bar that is noise"
    assert found["K5"] == f"{noise} belief F5; orders nothing; from strategies/ no journal yet"


def test_nothing_listed_is_wider_than_the_terminal_and_no_word_is_cut(run, monkeypatch):
    wide = " ".join(run("strategies").output.split())
    monkeypatch.setenv("COLUMNS", "80")
    narrow = run("strategies").output
    assert max(map(len, narrow.splitlines())) <= 80
    assert " ".join(narrow.split()) == wide


def test_as_json_a_program_reads_the_same(run):
    told = json.loads(run("strategies", "--json").stdout)
    assert told["journal"] is None
    assert [each["name"] for each in told["strategies"]] == ["K1", "K2", "K3", "K4", "K5"]
    assert (told["strategies"][3]["contracts"], told["strategies"][3]["tiers"]) == (2, ["B"])


def test_it_says_that_no_journal_tells_of_states_yet(run):
    assert run("strategies").output.splitlines()[-1] == "States: no journal yet."


def test_the_state_is_that_of_the_newest_journal(run, tmp_path):
    (tmp_path / "out").mkdir()
    law = load_contracts(strategies=[write(tmp_path / "mine")])
    change = StateRecord("Z6", "ACTIVE", "QUARANTINED", 0, "two losses", "losses", 2.0, 2, "two wins")
    with Journal.create(tmp_path / "out" / "journal.sqlite", "backtest", law, {}, lambda: 0) as journal:
        journal.add(Kind.STATE, 60_000_000_000, change, "Z6")
        journal.close_link(60_000_000_000)
    with_own_belief(tmp_path / "mine", name="K7")
    told = run("strategies", "--strategies", "mine")
    assert told.output.splitlines()[-1] == "States: out/journal.sqlite"
    found = lines(told)
    assert found["K1"].endswith("tiers S A B; from strategies/ active")
    assert found["Z6"].endswith("belief F2; 1 contract, tiers S A B; from mine quarantined; released by two wins")
    assert found["K7"].endswith("belief F6, its own; 1 contract, tiers S A B; from mine not journaled yet")


def test_what_releases_is_told_with_the_sessions_that_are_left_also_over_a_new_year(run, tmp_path):
    """K1 comes back on the last session of 2025; a session of 2026 later 19 are left."""
    state = StateRecord("K1", "QUARANTINED", "THROTTLED", 1, "2 shadow wins in a row", "shadow_win_streak", 2.0, 2, "the first real win")
    folder = tmp_path / "state" / "journals"
    folder.mkdir(parents=True)
    closed = [lost_or_won(minute, r, shadow=shadow) for minute, r, shadow in ((1, -1, False), (2, -1, False), (20, 1, True), (21, 1, True))]
    for year, days in ((2025, ["2025-12-31"]), (2026, ["2026-01-02"])):
        path = folder / f"paper-DU1-{year}.sqlite"
        with Journal.append(path, "paper", CONTRACTS, {"account": "DU1", "learning": True}, lambda: 1) as journal:
            for day in days:
                ts_ns = new_york_ns(f"{day} 09:31")
                journal.add(Kind.DAY, ts_ns, DayRecord(day, 1_000_000))
                for outcome in closed if year == 2025 else []:
                    journal.add(Kind.OUTCOME, outcome.closed_ns, outcome, "K1")
                if year == 2025:
                    journal.add(Kind.STATE, closed[-1].closed_ns, state, "K1")
                journal.close_link(ts_ns)
    remember_run(path, CONTRACTS)
    told = run("strategies").output
    age = "its evidence ages: in 19 sessions, on 2026-01-30, if no trade of it closes until then"
    assert lines_of(told)["K1"].endswith(f"throttled; released by the first real win, or {age}")


def lost_or_won(minute: int, r: float, shadow: bool) -> TradeOutcome:
    start = new_york_ns("2025-12-31 10:00") // MINUTE_NS
    return outcome(r, day="2025-12-31", minute=start + minute, shadow=shadow)


def test_folders_come_from_the_environment_as_in_a_path(run, tmp_path, monkeypatch):
    one, two = write(tmp_path / "one"), write(tmp_path / "two", "K7")
    monkeypatch.setenv("MESBOT_STRATEGIES", f"{one}:{two}")
    assert {"Z6", "K7"} <= lines(run("strategies")).keys()
    assert "K7" not in lines(run("strategies", "--strategies", one))


def test_a_configuration_may_name_them(run, tmp_path):
    write(tmp_path / "mine")
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "contracts.yaml").write_text("strategies: [mine]\n")
    assert "Z6" in run("contracts").output
    (tmp_path / "config" / "contracts.yaml").write_text("strategies: mine\n")
    assert "Z6" in run("contracts").output


# ------------------------------------------------------------------------ a new one


def test_new_writes_three_files_that_hold_and_says_what_to_run(run, tmp_path):
    result = run("strategies", "new", "Fade2", "--from", "K1")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (tmp_path / "my-strategies").glob("*.*")) == ["fade2.py", "fade2.yaml", "test_fade2.py"]
    assert "Next: mesbot backtest --strategies my-strategies" in result.output
    law = load_contracts(strategies=[tmp_path / "my-strategies"])
    assert law.rules["Fade2"].model_dump() == law.rules["K1"].model_dump()


def test_new_can_start_from_one_of_ones_own_whose_belief_it_names_anew(run, tmp_path):
    with_own_belief(tmp_path / "mine")
    result = run("strategies", "--strategies", "mine", "new", "K8", "--from", "Z6", "--to", "mine")
    assert result.exit_code == 0, result.output
    law = load_contracts(strategies=[tmp_path / "mine"])
    assert {name: law.declared[name].belief for name in ("Z6", "K8")} == {"Z6": "F6", "K8": "F8"}


def test_new_may_be_told_a_folder_that_is_not_there_yet(run, tmp_path, monkeypatch):
    monkeypatch.setenv("MESBOT_STRATEGIES", str(tmp_path / "my-strategies"))
    assert run("strategies", "new", "Z6", "--from", "K2").exit_code == 0
    assert "Z6" in lines(run("strategies"))
    assert run("strategies", "new", "K7", "--from", "Z6").exit_code == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("Z6", "--from", "K5"), "--from K5: is the filter, which never orders; name one that orders: K1, K2, K3 or K4."),
        (("Z6", "--from", "K9"), "--from K9: is no strategy that is known; name one that orders: K1, K2, K3 or K4."),
        (("z6", "--from", "K2"), "'z6' cannot be a strategy's name: it must be a capital letter and up to seven more letters or digits"),
        (("K3", "--from", "K2"), "K3: there is a strategy K3 already; choose another name."),
        (("Trades", "--from", "K2"), "'Trades' cannot be a strategy's name"),
        (("Z6", "--from", "K2", "--to", "here"), "here/z6.yaml: there already, and nothing is overwritten"),
    ],
)
def test_new_refuses_in_one_sentence_and_writes_nothing(run, tmp_path, words, sentence):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "z6.yaml").write_text("mine\n")
    result = run("strategies", "new", *words)
    assert result.exit_code == 2 and result.stderr.startswith(sentence), result.output
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["z6.yaml"]
    assert (tmp_path / "here" / "z6.yaml").read_text() == "mine\n"


# ------------------------------------------------------ verbs that only stop or read


@pytest.fixture
def broken(tmp_path, monkeypatch) -> Path:
    """A folder whose strategy cannot even be read as Python, and whose block is no YAML."""
    folder = spoil(write(tmp_path / "mine"), "import math", "import maths (")
    monkeypatch.setenv("MESBOT_STRATEGIES", str(folder))
    (folder / "z6.yaml").write_text("Z6: [\n")
    return folder


def test_a_broken_strategy_does_not_stop_a_kill_its_resume_nor_a_look(run, broken):
    path = write_journal("paper-DU1-2025")
    killed = run("kill", "--reason", "enough")
    assert killed.exit_code == 0, killed.output
    assert [state for state, _ in kills(path)] == list(HALTED) and not request_path(path).exists()
    looked = run("status")
    assert looked.exit_code == 0 and "K4" in looked.output and "HALTED" in looked.output
    resumed = run("resume", "--reason", "looked at it")
    assert resumed.exit_code == 0 and "HALTED -> ARMED" in resumed.output
    assert run("journal", "verify", "--journal", path).exit_code == 0
    refused = run("check")
    assert refused.exit_code == 1 and "cannot be imported" in refused.output


def test_a_kill_reaches_the_bot_before_anything_is_looked_at(run, broken, monkeypatch):
    path = write_journal("paper-DU1-2025")
    monkeypatch.setattr("bot.node.kill.latch", lambda *words: "")
    assert run("kill", "--reason", "enough").exit_code == 0
    assert request_path(path).is_file()


def test_a_journal_with_a_strategy_of_ones_own_is_read_without_it(run, tmp_path):
    folder = write(tmp_path / "mine")
    result = run_backtest(BacktestRequest(out=tmp_path / "out", sessions=6, strategies=(folder,)))
    for file in folder.iterdir():
        if file.is_file():
            file.unlink()
    counted = run("why", "Z6.plans", "--journal", result.journal)
    assert counted.exit_code == 0 and counted.output.startswith("Z6.plans"), counted.output
    bar = run("why", "2025-03-14 10:41", "--strategy", "z6", "--journal", result.journal)
    assert bar.exit_code == 0 and "Z6 " in bar.output, bar.output
    assert run("journal", "export", "--journal", result.journal).exit_code == 0


def test_a_status_tells_of_the_strategies_that_a_journal_knows(run, tmp_path, monkeypatch):
    law = load_contracts(strategies=[write(tmp_path / "mine")])
    monkeypatch.setattr("test_operate_command.CONTRACTS", law)
    path = write_journal("paper-DU1-2025")
    shown = run("status")
    assert shown.exit_code == 0 and "Z6 " in shown.output
    assert f"{law.sha256} of the newest record; " in shown.output
    assert f"{law.sha256} in force" in run("status", "--strategies", tmp_path / "mine").output
    assert run("kill", "--reason", "enough").exit_code == 0  # without the folder: a stop changes no law
    with Journal.append(path, "paper", law, {}, lambda: 0):
        pass
    import sqlite3

    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM records WHERE kind = 'contracts'").fetchone() == (1,)


@pytest.mark.parametrize("words", [["status"], ["kill", "--help"], ["why", "--help"]])
def test_what_only_looks_does_not_wait_for_nautilus(words, tmp_path):
    program = (
        f"import sys; sys.argv[1:] = {words!r}\n"
        "from bot.cli.main import cli\n"
        "cli(standalone_mode=False)\n"
        "print([name for name in sys.modules if name.startswith(('nautilus_trader', 'strategies'))])\n"
    )
    environment = {"MESBOT_HOME": str(tmp_path), "PATH": "", "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=60)
    assert done.stdout.rstrip().endswith("[]"), done.stdout + done.stderr
