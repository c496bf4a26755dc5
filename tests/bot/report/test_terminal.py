import io
import re

import pytest
import small_journal
from builders import CONTRACTS
from changed_contracts import changed
from click.testing import CliRunner
from rich.console import Console

from bot.cli.main import cli
from bot.decision.outcome import Mark
from bot.journal.store import Journal
from bot.journal.verify import verify
from bot.journal.why import why
from bot.report.summary import Summary
from bot.report.terminal import LEARNING_OFF, print_summary
from bot.report.why_number import list_numbers, why_number

NAMES = ["K1", "K2", "K3", "K4", "K5"]


def shown(path, width=120):
    console = Console(file=io.StringIO(), width=width)
    print_summary(path, console)
    return console.file.getvalue()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return small_journal.write(tmp_path_factory.mktemp("terminal") / "journal.sqlite", bars=100)


def test_the_summary_names_period_strategies_and_head(path):
    text = shown(path)
    assert "2025-10-01 to 2025-10-08, 6 sessions, 600 bars" in text
    assert [line.split()[0] for line in text.splitlines() if line.startswith((" K", " book"))] == [*NAMES, "book"]
    assert text.rstrip().endswith(verify(path).head)


def test_numbers_stand_with_their_intervals(path):
    line = next(line for line in shown(path).splitlines() if line.startswith(" K1 "))
    assert "50 %" in line
    assert "19–81" in line
    assert "+$3.81" in line


def test_k5_and_dvs_are_told_in_sentences(path):
    text = shown(path)
    assert "K5 vetoed 6 of the 12 bars that had a plan (50 %)." in text
    assert "DVS rejected 1 of 600 bars and was below the gate for entries on 10." in text
    assert "Of 18 plans 6 were chosen; refused: 12 by quality." in " ".join(text.split())


def test_learning_off_is_said_on_the_first_line(tmp_path):
    text = shown(small_journal.write(tmp_path / "off.sqlite", bars=5, learning=False))
    assert text.splitlines()[0] == LEARNING_OFF


def test_a_void_trade_and_an_interrupted_run_stand_before_everything_else(tmp_path):
    text = shown(small_journal.write(tmp_path / "void.sqlite", bars=80, ended=None, marks={0: Mark.VOID}, learning=False), width=300)
    first = text.splitlines()[:3]
    assert first[0].startswith("VOID: K1-2025-10-01 met another price level")
    assert first[1].startswith("INTERRUPTED: the run did not come to its end; its last record is of 2025-10-08 10:50 New York")
    assert first[2] == LEARNING_OFF


def test_a_trade_over_a_gap_and_one_that_is_still_open_are_told(tmp_path):
    ended = {"open": ["The run ends in a trade: K2 long 1."]}
    text = shown(small_journal.write(tmp_path / "gap.sqlite", bars=80, ended=ended, marks={0: Mark.HELD_OVER_GAP}), width=300)
    assert "HELD_OVER_GAP: bars stopped while K1-2025-10-01 was held; in net and limits, not in rates." in text
    assert "The run ends in a trade: K2 long 1." in text


def test_a_whole_run_is_not_called_otherwise(path):
    assert not {"VOID", "INTERRUPTED", "HELD_OVER_GAP"} & set(shown(path).replace(":", " ").split())


def test_every_reading_of_an_interrupted_run_says_so(tmp_path):
    path = small_journal.write(tmp_path / "cut.sqlite", bars=20, ended=None)
    for said in (why_number(path, "K1.net"), list_numbers(path, "K1"), why(path, "2025-10-01 09:45")):
        assert said.splitlines()[-1].startswith("INTERRUPTED: the run did not come to its end")
    told = CliRunner().invoke(cli, ["journal", "export", "--journal", str(path), "--out", str(tmp_path / "tables")])
    assert "INTERRUPTED" in told.stderr and "trades.csv" in told.stdout


def test_a_trade_over_a_gap_counts_in_money_and_not_in_rates_and_a_void_one_in_nothing(tmp_path):
    marked = Summary.from_journal(small_journal.write(tmp_path / "marked.sqlite", bars=80, marks={0: Mark.HELD_OVER_GAP, 1: Mark.VOID}))
    plain = Summary.from_journal(small_journal.write(tmp_path / "plain.sqlite", bars=80))
    for name in ("K1", "book"):
        assert (marked.value(f"{name}.trades"), marked.value(f"{name}.rated")) == (5, 4)
        assert marked.value(f"{name}.net") == plain.value(f"{name}.net") - plain.value("trades.2.net")
        assert marked.value(f"{name}.won") == 0.5
        assert marked.value(f"{name}.won.interval") != plain.value(f"{name}.won.interval")


def test_learning_on_is_not_mentioned(path):
    assert "LEARNING" not in shown(path)


def test_an_empty_run_is_printed_too(tmp_path):
    text = shown(small_journal.write(tmp_path / "empty.sqlite", days=()))
    assert "No regular session was in it, so nothing was decided." in text and "Next: mesbot data check FILE" in text


def test_it_fits_a_terminal_of_eighty_columns(path):
    assert "…\n" not in shown(path, width=80).replace("… ", "")
    assert max(len(line) for line in shown(path, width=80).splitlines()) <= 80
    assert "19–81" in shown(path, width=80)


def test_the_verdict_stands_first_and_all_of_it_fits_a_terminal_of_24_lines(path):
    lines = shown(path, width=80).splitlines()
    assert lines[2].startswith("Won $3.81 (0.0 % of $10,000) in 6 trades over 6 sessions. ")
    assert len(lines) <= 24 - 3, "report and journal follow with a line each, and the prompt"
    assert lines[0] == "" and all(line.strip() for line in lines[1:]), "no line of the 24 is spent on nothing"


def test_contracts_that_changed_within_the_journal_are_all_named(tmp_path):
    path = small_journal.write(tmp_path / "journal.sqlite", days=small_journal.DAYS[:2], bars=100)
    later = changed(("constitution.loss_limits.day_usd", 25.0))
    with Journal.append(path, "backtest", later, {}, lambda: 2) as journal:
        journal.close_link(small_journal.open_ns("2025-10-03"))
    assert f"Contracts: {CONTRACTS.sha256[:12]}, then {later.sha256[:12]}\n" in shown(path)


def test_a_single_bar_is_one_bar(tmp_path):
    text = shown(small_journal.write(tmp_path / "journal.sqlite", days=small_journal.DAYS[:1], bars=1))
    assert "1 session, 1 bar\n" in text and not re.search(r"\b1 bars", text)


def test_one_session_is_named_by_its_date_alone(tmp_path):
    text = shown(small_journal.write(tmp_path / "journal.sqlite", days=small_journal.DAYS[:1], bars=100))
    assert "Backtest  2025-10-01, 1 session, 100 bars" in text
