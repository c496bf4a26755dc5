"""`mesbot backtest --resume`: an interrupted run is derived again, compared, and gone on with to the same head; another is refused."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from whole_runs import ROOT

from bot.backtest import config as backtest
from bot.cli.main import cli
from bot.journal.read import headers, opened
from bot.journal.store import Journal
from bot.journal.verify import verify

INTERRUPTED_AT = 400  # transactions, of about 470

pytestmark = pytest.mark.slow


def mesbot(out: Path, *words: str, sessions: str = "6", seed: str = "4") -> Result:
    return CliRunner().invoke(cli, ["backtest", "--seed", seed, "--sessions", sessions, "--no-report", "--out", str(out), *words])


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MESBOT_HOME", str(tmp_path_factory.mktemp("home")))
        patch.chdir(tmp_path_factory.mktemp("elsewhere"))
        patch.setattr(backtest, "FLUSH_LINKS", 5)
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole")
    assert mesbot(out).exit_code == 0
    return out / "journal.sqlite"


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that a person has stopped with Ctrl-C."""
    out, flush, commits = tmp_path_factory.mktemp("interrupted"), Journal.flush, []

    def counted(journal: Journal, **how: bool) -> None:
        flush(journal, **how)
        commits.append(1)
        if len(commits) == INTERRUPTED_AT:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Journal, "flush", counted)
        assert mesbot(out).exit_code == 130
    return out


@pytest.fixture
def left(interrupted: Path, tmp_path: Path) -> Path:
    shutil.copytree(interrupted, tmp_path / "out")
    return tmp_path / "out"


def test_an_interrupted_run_is_gone_on_with_to_the_head_of_the_whole(whole: Path, left: Path) -> None:
    journal = left / "journal.sqlite"
    before = verify(journal)
    assert 0 < before.records < verify(whole).records
    result = mesbot(left, "--resume")
    assert result.exit_code == 0, result.output
    assert verify(journal) == verify(whole)
    said = re.search(r"Resumed: ([\d,]+) records .* stand; ([\d,]+) were added", " ".join(result.output.split()))
    there, added = (int(number.replace(",", "")) for number in said.groups())
    assert (there, there + added) == (before.records, verify(whole).records)
    assert not (left / "earlier").exists()
    with opened(journal) as db:
        assert len(headers(db)) == 2


def test_a_whole_run_comes_out_again_and_nothing_is_added(whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole.parent, tmp_path / "out")
    result = mesbot(tmp_path / "out", "--resume")
    assert result.exit_code == 0 and " 0 were added" in " ".join(result.output.split())
    assert verify(tmp_path / "out" / "journal.sqlite") == verify(whole)


def refused(out: Path, ask: Callable[[], Result]) -> str:
    before = verify(out / "journal.sqlite")
    with opened(out / "journal.sqlite") as db:
        said = headers(db)
    result = ask()
    assert result.exit_code == 1 and "Traceback" not in result.output
    assert verify(out / "journal.sqlite") == before
    with opened(out / "journal.sqlite") as db:
        assert headers(db) == said
    return result.stderr


def test_other_bars_are_refused_and_nothing_is_appended(left: Path) -> None:
    assert "does not re-derive what is stored" in refused(left, lambda: mesbot(left, "--resume", seed="5"))


def test_another_account_is_refused_and_nothing_is_appended(left: Path) -> None:
    assert "does not re-derive what is stored" in refused(left, lambda: mesbot(left, "--resume", "--equity", "2000"))


def test_other_contracts_are_refused_and_nothing_is_appended(left: Path, tmp_path: Path) -> None:
    other = tmp_path / "contracts"
    shutil.copytree(ROOT / "contracts", other)
    path = other / "risk_model.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("fee_per_side_usd: 0.62", "fee_per_side_usd: 0.63"), encoding="utf-8")
    assert "contracts" in refused(left, lambda: mesbot(left, "--resume", "--contracts", str(other)))


def test_fewer_bars_than_the_journal_holds_are_refused(whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole.parent, tmp_path / "out")
    said = refused(tmp_path / "out", lambda: mesbot(tmp_path / "out", "--resume", sessions="5"))
    assert "goes on beyond the end of this run" in said


def test_where_nothing_was_begun_there_is_nothing_to_go_on_with(tmp_path: Path) -> None:
    result = mesbot(tmp_path / "out", "--resume")
    assert result.exit_code == 2 and "leave --resume away" in result.stderr
    assert not (tmp_path / "out").exists()
