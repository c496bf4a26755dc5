"""Around every verb: a place that the system refuses is told as the option that names it, and Ctrl-C says what was done."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from bot.cli.around import around, interrupted_with
from bot.cli.gateway import _gone_is_no_news
from bot.cli.main import cli
from bot.errors import Interrupted, MesbotError, UsageError


def refused_with(number: int, place: str) -> MesbotError | OSError:
    """What comes of a verb with `--out made/x.csv` whose work the system refuses at this place."""

    @click.command()
    @click.option("--out", type=click.Path(path_type=Path))
    def verb(out: Path) -> None:
        raise OSError(number, os.strerror(number), place)

    around(verb)
    with pytest.raises((MesbotError, OSError)) as told:
        verb.main(["--out", "made/x.csv"], standalone_mode=False)
    return told.value


@pytest.mark.parametrize("place", ["made/x.csv", "made", "made/x.csv/deeper", "made/.x.csv.a1b2", "made/x.csv.4711"])
def test_a_place_the_option_names_or_a_draft_beside_it_is_a_mistake_about_the_option(place):
    told = refused_with(errno.EACCES, place)
    assert isinstance(told, UsageError)
    assert str(told) == "--out made/x.csv: cannot be used (Permission denied); name another place."


def test_a_full_disk_is_no_wrong_usage():
    told = refused_with(errno.ENOSPC, "made/.x.csv.a1b2")
    assert (told.exit_code, str(told)) == (1, "--out made/x.csv: No space left on device; make room there, or name another place.")


@pytest.mark.parametrize("place", ["elsewhere", "made/y.csv", "/proc/x"])
def test_another_place_stays_the_systems_own_word(place):
    assert isinstance(refused_with(errno.EACCES, place), OSError)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs `mesbot ...` in an empty folder with its own state."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "state"))
    return lambda *words: CliRunner().invoke(cli, words, prog_name="mesbot")


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


PROOFS = [(("parity",), "bot.proofs.parity.run_backtest"), (("lookahead", "--days", "1"), "bot.proofs.lookahead.BacktestRun")]


@pytest.mark.parametrize(("words", "work"), PROOFS, ids=["parity", "lookahead"])
def test_ctrl_c_in_a_proof_says_in_which_step_and_what_is_kept(run, monkeypatch, words, work):
    monkeypatch.setattr(work, interrupted)
    result = run(*words, "--sessions", "3", "--out", "proof")
    last = result.stderr.strip().splitlines()[-1]
    assert result.exit_code == 130
    assert last.startswith("Interrupted in step 1 (") and "2025-03-12): there is no verdict; the journals so far are in proof" in last


@pytest.mark.parametrize(("words", "work"), [("parity", "bot.proofs.parity.day_of"), ("lookahead", "bot.proofs.lookahead.load_contracts")])
def test_ctrl_c_before_the_first_step_says_that_nothing_was_begun(run, monkeypatch, words, work):
    monkeypatch.setattr(work, interrupted)
    result = run(words, "--sessions", "3")
    assert (result.exit_code, result.stderr) == (130, "Interrupted before the first step: there is no verdict, and nothing was begun.\n")


SEARCHES = [
    (lambda progress: None, "Interrupted before anything was tried: nothing is kept, and the same command begins anew."),
    (
        lambda progress: progress(0, 40),
        "Interrupted before the first set was through; the same command with --resume goes on with the study",
    ),
    (lambda progress: progress(7, 40), "Interrupted after 7 of 40 sets: the study"),
]


@pytest.mark.parametrize(
    ("verb", "work"), [("sweep", "bot.research.sweep.sweep"), ("walk-forward", "bot.research.walk_forward.walk_forward")]
)
@pytest.mark.parametrize(("came", "told"), SEARCHES, ids=["before", "begun", "within"])
def test_ctrl_c_in_a_search_says_how_far_it_came_and_how_it_goes_on(run, monkeypatch, verb, work, came, told):
    pytest.importorskip("optuna")

    def searched(request: object, progress: Callable[[int, int], None], say: object) -> None:
        came(progress)
        raise KeyboardInterrupt

    monkeypatch.setattr(work, searched)
    result = run(verb, "K1")
    assert result.exit_code == 130 and result.stderr.strip().splitlines()[-1].startswith(told), result.output


def test_what_is_said_is_made_when_it_is_interrupted():
    done: list[int] = []
    with pytest.raises(Interrupted, match="after 2"), interrupted_with(lambda: f"after {len(done)}"):
        done += [1, 2]
        interrupted()


@pytest.mark.parametrize(("error", "told"), [(ConnectionResetError("gone"), False), (ValueError("a fault of ours"), True)])
def test_a_client_that_goes_at_the_gateways_end_prints_nothing_and_a_fault_does(caplog, error, told):
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(_gone_is_no_news)
    waited = loop.create_future()
    waited.set_exception(error)
    del waited
    gc.collect()
    loop.close()
    assert ("never retrieved" in caplog.text) is told


@pytest.mark.parametrize(("words", "named"), [(("backtest", "--sessions", "2", "--out"), "--out"), (("check",), "MESBOT_HOME")])
def test_a_name_that_is_not_utf_8_is_a_mistake_about_the_place_that_has_it(run, monkeypatch, tmp_path, words, named):
    place = str(tmp_path / "d") + "\udcff"
    if named == "MESBOT_HOME":
        monkeypatch.setenv("MESBOT_HOME", place)
    result = run(*words, *([place] if named == "--out" else []))
    assert (result.exit_code, isinstance(result.exception, SystemExit)) == (2, True)
    assert f"{named} {place!a}: the name is not UTF-8; name another place, or rename it." in result.stderr
