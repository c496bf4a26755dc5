"""Every mistake of a person on the command line is one sentence and an exit code: no stack trace, no class name, nothing ignored."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from builders import CONTRACTS
from click.testing import CliRunner, Result

from bot.asked_to_end import AskedToEnd
from bot.cli import said
from bot.cli.around import WRITERS
from bot.cli.main import cli
from bot.contracts.load import packaged_directory
from bot.ibkr import errors
from bot.journal.folder import fresh_journal
from bot.journal.run_lock import RunLock
from bot.journal.store import Journal

BARS = "bars.csv"
AMOUNTS = "e.g. 10000, 10,000 or 10000.50"
LARGEST = "must be an amount of dollars above 0 and up to 1,000,000,000 with at most two decimals, e.g. 10000."
SYNTHETIC = "speaks of synthetic sessions, and --bars names a file; leave one of the two out."
SAYS = "speaks of a file's times; name the file with --bars."
NO_JOURNAL = "No journal in ./out and no earlier run is known; name one with --journal FILE or run `mesbot backtest`."
NO_FOLDER = "there is no such folder"
STRATEGIES = "name a folder with k6.py and k6.yaml, or the like."
NO_BROKER = "no broker is configured; set TWS_HOST and TWS_PORT (and TWS_ACCOUNT) in the environment."
MISTAKES: list[tuple[str, int, str]] = [
    ("run", 2, "No such command: mesbot run; did you mean mesbot backtest or mesbot paper?"),
    ("start", 2, "No such command: mesbot start; did you mean mesbot paper or mesbot live?"),
    ("stop", 2, "No such command: mesbot stop; did you mean mesbot kill?"),
    ("verify", 2, "No such command: mesbot verify; did you mean mesbot journal verify?"),
    ("import", 2, "No such command: mesbot import; did you mean mesbot data import?"),
    ("restore", 2, "No such command: mesbot restore; did you mean mesbot strategy restore?"),
    ("backtset", 2, "No such command: mesbot backtset; did you mean mesbot backtest?"),
    ("data chek", 2, "No such command: mesbot data chek; did you mean mesbot data check?"),
    ("journal export2", 2, "No such command: mesbot journal export2; did you mean mesbot journal export?"),
    ("strategy forget K2", 2, "No such command: mesbot strategy forget; there is restore."),
    (
        "journal restore",
        2,
        "No such command: mesbot journal restore; there are backup, export, verify; restore is mesbot strategy restore.",
    ),
    ("config live", 2, "No such command: mesbot config live; there are backtest, node; live is mesbot live."),
    ("data run", 2, "No such command: mesbot data run; there are check, download, import, synth; run is mesbot alerts run."),
    ("data stop", 2, "No such command: mesbot data stop; there are check, download, import, synth."),
    ("journal statsu", 2, "No such command: mesbot journal statsu; there are backup, export, verify."),
    ("runs verify", 2, "No such command: mesbot runs verify; there is prune; verify is mesbot journal verify."),
    ("statsu", 2, "No such command: mesbot statsu; did you mean mesbot status or mesbot strategies?"),
    ("chekc", 2, "No such command: mesbot chekc; did you mean mesbot check?"),
    ("completion", 2, "Say which shell: bash, zsh or fish. See: mesbot completion --help"),
    ("BACKTEST", 2, "No such command: mesbot BACKTEST; did you mean mesbot backtest"),
    ("version", 2, "No such command: mesbot version; mesbot --version says which this is."),
    ("zzz", 2, "No such command: mesbot zzz; there are acceptance, alerts, backtest, check, compare,"),
    ("backtest --equiti 3", 2, "No such option: --equiti; did you mean --equity?"),
    ("backtest --jsno", 2, "No such option: --jsno; did you mean --json?"),
    ("backtest --qq", 2, "No such option: --qq. See: mesbot backtest --help"),
    (
        "backtest --equity",
        2,
        "--equity needs a value after it: account in dollars at the start; sets the tier. See:",
    ),
    ("backtest --out", 2, "--out needs a value after it: folder for journal and report. See: mesbot backtest --help"),
    ("backtest --bars --no-report", 2, "--bars needs a value after it, and --no-report stands there. See: mesbot backtest --help"),
    ("runs prune --keep --yes", 2, "--keep needs a value after it, and --yes stands there. See: mesbot runs prune --help"),
    ("backtest --resume=1", 2, "--resume takes no value; write it alone. See: mesbot backtest --help"),
    ("backtest --equity lots", 2, f"'lots' is not an amount of dollars, {AMOUNTS}."),
    ("backtest --equity 10.000", 2, "could be 10 dollars or 10,000: dollars have at most two decimals"),
    ("paper --equity $2.500", 2, "could be 2 dollars or 2,500: dollars have at most two decimals"),
    ("gateway --equity 10.0000", 2, "dollars have at most two decimals"),
    ("backtest --equity 10,00", 2, "a comma stands before each three digits and a point before cents"),
    ("backtest --equity 10.000,50", 2, "a comma stands before each three digits"),
    ("backtest --equity 0", 2, f"--equity 0: {LARGEST}"),
    ("backtest --equity nan", 2, f"--equity NaN: {LARGEST}"),
    ("backtest --equity 1e400", 2, LARGEST),
    ("paper --equity 1e400", 2, LARGEST),
    ("gateway --equity 1e400", 2, LARGEST),
    ("gateway --equity inf", 2, f"--equity Infinity: {LARGEST}"),
    ("help", 2, "No such command: mesbot help; type mesbot --help, or --help after any command."),
    ("data help", 2, "No such command: mesbot data help; type mesbot data --help, or --help after any command."),
    ("backtest --from 15.9.2025", 2, "--from '15.9.2025' must be a day that exists, as year-month-day, e.g. 2025-09-15."),
    ("backtest --from 2025-13-01", 2, "--from '2025-13-01' must be a day that exists, as year-month-day, e.g. 2025-09-15."),
    ("runs --out taken", 2, "--out taken: is a file; name a folder."),
    ("alerts run --journal .", 2, "--journal .: is a folder; name a file."),
    ("gateway --script nowhere", 2, "--script nowhere: there is no such file; name one that is."),
    ("backtest --from 2025-10-02 --to 2025-10-01", 2, "--from 2025-10-02 is after --to 2025-10-01; swap them."),
    ("backtest --sessions 2 --from 2031-01-01", 2, "there are 2, from 2025-03-10 to 2025-03-11."),
    ("backtest --sessions 1 --to 2020-01-01", 2, "there is one, on 2025-03-10."),
    ("backtest --sessions 0", 2, "--sessions 0: must be from 1 to 2000."),
    ("backtest --seed -1", 2, "--seed -1: must be 0 or more."),
    ("backtest --learning maybe", 2, "--learning 'maybe' must be on or off."),
    (f"backtest --bars {BARS} --seed 7", 2, f"--seed 7 {SYNTHETIC}"),
    (f"backtest --bars {BARS} --sessions 7", 2, f"--sessions 7 {SYNTHETIC}"),
    (f"paper --bars {BARS} --sessions 7", 2, f"--sessions 7 {SYNTHETIC}"),
    (f"config backtest --bars {BARS} --seed 7", 2, f"--seed 7 {SYNTHETIC}"),
    ("backtest --stamp open", 2, f"--stamp open {SAYS}"),
    ("backtest --zone Mars/Base", 2, f"--zone Mars/Base {SAYS}"),
    ("paper --bars-zone Mars", 2, "--bars-zone Mars speaks of a file's times; name the file with --bars."),
    ("paper --bars taken --bars-zone Mars", 2, "--bars-zone Mars: is no zone; "),
    ("gateway --zone Mars/Base", 2, f"--zone Mars/Base {SAYS}"),
    ("paper --zone Mars/Base", 2, "--zone is for a broker's account, and neither TWS_HOST nor TWS_PORT names one; leave --zone out"),
    ("drill --zone Mars/Base", 2, "--zone would be ignored, for neither TWS_HOST nor TWS_PORT names a broker; leave it out."),
    ("acceptance --zone Mars/Base", 2, "--zone would be ignored, for neither TWS_HOST nor TWS_PORT names a broker; leave it out."),
    ("acceptance --out taken", 2, "--out taken: is a file; name a folder."),
    ("acceptance --recording nowhere.jsonl", 2, "nowhere.jsonl: cannot be read (No such file or directory); name the frames.jsonl of an"),
    (f"acceptance --recording {BARS}x --out a", 2, "--out would be ignored, for --recording names one that was kept; leave it out."),
    ("acceptance --contracts nowhere", 2, f"--contracts nowhere: {NO_FOLDER}; name the folder that holds constitution.yaml."),
    ("drill --account DU9", 2, "--account chooses a paper bot that runs, and none of that account does."),
    ("drill --reason=", 2, "--reason is empty; say why."),
    (f"backtest --bars {BARS}", 2, f"{BARS}: there is no such file; name a file of one-minute bars."),
    ("backtest --out taken", 2, "--out taken: is a file; name a folder."),
    ("backtest --resume", 2, "--resume: there is no out/journal.sqlite to go on with; leave --resume away to begin it."),
    ("backtest --contracts nowhere", 2, f"--contracts nowhere: {NO_FOLDER}; name the folder that holds constitution.yaml."),
    ("contracts --contracts nowhere", 2, f"--contracts nowhere: {NO_FOLDER}; name the folder that holds constitution.yaml."),
    ("why", 2, "Name a TIME, a number or a code, or ask for --numbers or --codes. See: mesbot why --help"),
    ("why 2025-10-02T10:41", 2, NO_JOURNAL),
    ("why K1.net --strategy K1", 2, "--strategy would be ignored where a number is asked for; leave it out."),
    ("why 2025-10-02T10:41 --all", 2, "--all would be ignored where a bar is asked for; leave it out."),
    ("why THESIS --all", 2, "--all would be ignored where a code is asked for; leave it out."),
    ("why --codes --numbers", 2, "--codes lists every code, and --numbers would be ignored; leave one of the two out."),
    ("why --numbers --all", 2, "--numbers lists every number as it is, and --all would be ignored; leave one of the two out."),
    ("journal verify", 2, NO_JOURNAL),
    ("journal verify --journal nowhere.sqlite", 2, "nowhere.sqlite: no such journal"),
    ("journal verify --journal .", 2, "--journal .: is a folder; name the .sqlite file in it that a run has written."),
    ("journal export --journal taken.csv", 2, "taken.csv: no such journal"),
    (
        "why NO_SUCH_CODE",
        2,
        '"NO_SUCH_CODE" is no code, word, strategy or number; `mesbot why --codes` lists them all; the numbers of a run need one:',
    ),
    ("why K1.net --journal nowhere.sqlite", 2, "nowhere.sqlite: no such journal"),
    ("dashboard --journal nowhere.sqlite", 2, "nowhere.sqlite: no such journal"),
    ("report --journal nowhere.sqlite", 2, "nowhere.sqlite: no such journal"),
    ("journal export --format xml", 2, "--format 'xml' must be csv or parquet."),
    ("kill", 2, "Missing option '--reason'. See: mesbot kill --help"),
    ("kill --reason enough", 2, "No journal in "),
    ("kill --reason enough --yes", 2, "--yes answers what --include-foreign asks, and nothing is asked without it; leave --yes out."),
    ("kill --reason=", 2, "--reason is empty; say why."),
    ("resume --reason=", 2, "--reason is empty; say why trading may begin again."),
    ("live", 2, f"mesbot live: {NO_BROKER}"),
    ("data download --from 2025-09-15 --out a.csv", 2, f"mesbot data download: {NO_BROKER}"),
    ("data import --to bars", 2, "Missing argument 'FILE...'."),
    ("data synth --out bars.xlsx", 2, "--out bars.xlsx"),
    ("parity --days 0", 2, "--days '0' must be a whole number of 1 or more."),
    ("parity --days 9 --sessions 3", 2, "--days 9: 3 synthetic sessions, seed 1 holds 3 whole sessions; ask for at most as many."),
    ("parity --out taken", 2, "--out taken: is a file; name a folder."),
    (f"parity --bars {BARS} --sessions 7", 2, f"--sessions 7 {SYNTHETIC}"),
    (f"parity --bars {BARS}", 2, f"{BARS}: there is no such file; name a file of one-minute bars."),
    ("parity --date 2025-10-01", 2, "--date is a day of --journal; leave it out, or name the journal."),
    ("parity --journal nowhere.sqlite", 2, "nowhere.sqlite: its day is replayed over bars; name their file with --bars."),
    (f"parity --journal nowhere.sqlite --bars {BARS}", 2, "nowhere.sqlite: no such journal"),
    (f"parity --journal a.sqlite --bars {BARS} --days 2", 2, "--days speaks of runs over bars, and --journal names a day that was live;"),
    ("lookahead --cuts 0", 2, "--cuts '0' must be a whole number of 1 or more."),
    ("lookahead --days 9 --sessions 3", 2, "--days 9: 3 synthetic sessions, seed 1 holds 3 sessions; ask for at most as many."),
    ("lookahead --out taken", 2, "--out taken: is a file; name a folder."),
    (f"lookahead --bars {BARS} --sessions 7", 2, f"--sessions 7 {SYNTHETIC}"),
    (f"lookahead --bars {BARS}", 2, f"{BARS}: there is no such file; name a file of one-minute bars."),
    ("lookahead --contracts nowhere", 2, f"--contracts nowhere: {NO_FOLDER}; name the folder that holds constitution.yaml."),
    ("strategies new K6", 2, "--from is missing: say which strategy K6 starts as a copy of, K1, K2, K3 or K4."),
    ("strategies new k6 --from K1", 2, "and no word of the report. Did you mean K6?"),
    ("strategies new 6K --from K1", 2, "e.g. K6, and no word of the report."),
    ("strategies new K6 --from K9", 2, "--from K9: is no strategy that is known; name one that orders: K1, K2, K3 or K4."),
    ("strategy restore K2 --reason x", 2, "No journal in "),
    ("sweep K1.contracts", 3, "K1.contracts is a limit (strategies.yaml), and no research tries limits"),
    ("walk-forward max_risk_usd", 3, "max_risk_usd is a limit (constitution.yaml: risk_per_trade.max_risk_usd)"),
    ("sweep K1.exit_belief", 2, "K1.exit_belief has no bounds and cannot be tried; write them beside it, strategies.yaml: K1.bounds.exit"),
    ("sweep K1.min_abs_z", 2, "K1.min_abs_z is no number that is known; did you mean K1.min_abs_vwap_z?"),
    ("sweep --list --trials 9", 2, "--trials would be ignored, for --list only shows what may be tried; leave one of the two out."),
    ("sweep --list --from 2025-09-15", 2, "--from would be ignored, for --list only shows"),
    ("sweep K1 --trials 1", 2, "--trials 1: must be from 2 to 100000, the set in force among them."),
    ("sweep K1 --batch 0", 2, "--batch 0: must be from 1 to 10000."),
    ("sweep K1 --search-seed -1", 2, "--search-seed -1: must be 0 or more."),
    ("sweep K1 --study a/b", 2, "--study 'a/b': must be letters, digits, - and _, at most 60."),
    ("sweep K1 --workers 2 --ray 10.0.0.5:6379", 2, "--workers 2 speaks of this machine, and --ray names a cluster; leave one of the two"),
    ("sweep K1 --objective gain", 2, "--objective 'gain' must be net or plans."),
    ("sweep K1 --out taken", 2, "--out taken: is a file; name a folder."),
    (f"sweep K1 --bars {BARS} --seed 7", 2, f"--seed 7 {SYNTHETIC}"),
    ("walk-forward K1 --train 1", 2, "--train 1: must be 2 or more sessions."),
    ("completion tcsh", 2, "SHELL 'tcsh' must be bash, zsh or fish."),
    ("contracts --contracts taken", 2, "--contracts taken: is a file; name the folder that holds constitution.yaml."),
    ("contracts --contracts .", 2, "--contracts .: holds no contract; name the folder that holds constitution.yaml."),
    ("check --contracts nowhere", 2, f"--contracts nowhere: {NO_FOLDER}; name the folder"),
    ("backtest --strategies nowhere", 2, f"--strategies nowhere: {NO_FOLDER}; {STRATEGIES}"),
    ("strategies --strategies taken", 2, f"--strategies taken: is a file; {STRATEGIES}"),
    ("check --strategies .", 2, f"--strategies .: holds no strategy; {STRATEGIES}"),
    ("sweep K1 --strategies nowhere", 2, f"--strategies nowhere: {NO_FOLDER}; {STRATEGIES}"),
    ("backtest --out taken/deeper", 2, "--out taken/deeper: taken is a file; name a folder."),
    ("demo --out /dev/null", 2, "--out /dev/null: is a file; name a folder."),
    ("data synth --out taken/x.csv", 2, "--out taken/x.csv: taken is a file, and a folder is needed there; name another place."),
    ("journal backup --to copy", 2, "so there is nothing to back up; MESBOT_HOME names another state folder."),
    ("backtest --bars /dev/zero", 2, "/dev/zero: is a device or a pipe, which may never end; put what comes from it into a file."),
    ("data check /dev/zero", 2, "/dev/zero: is a device or a pipe; put what comes from it into a file of one-minute bars."),
    ("gateway --script /dev/zero", 2, "--script /dev/zero: is a device or a pipe; name a file."),
    ("report --journal /dev/zero", 2, "--journal /dev/zero: is a device or a pipe; name the .sqlite file that a run has written."),
    ("data check nowhere.csv", 2, "nowhere.csv: there is no such file; name a file of one-minute bars."),
    ("data import nowhere.csv --to bars", 2, "nowhere.csv: there is no such file; name a file of one-minute bars."),
    ("status --mode live", 2, "No journal of LIVE in "),
    ("status --account DU9", 2, "No journal of DU9 in "),
    ("gateway --port 70000", 2, "--port '70000' must be a whole number from 0 to 65535."),
    ("gateway --speed -3", 2, "'-3' must be a number above 0, e.g. 60, or max."),
]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs `mesbot ...` in an empty folder with its own state and no broker."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").touch()
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "state"))
    for name in ("TWS_HOST", "TWS_PORT", "TWS_ACCOUNT", "NO_COLOR", "MESBOT_STRATEGIES"):
        monkeypatch.delenv(name, raising=False)
    return lambda *words, **more: CliRunner().invoke(cli, [str(word) for word in words], prog_name="mesbot", **more)


@pytest.mark.parametrize(("words", "code", "sentence"), MISTAKES, ids=[words for words, _, _ in MISTAKES])
def test_a_mistake_is_one_sentence_and_its_code(run, words, code, sentence):
    result = run(*words.split())
    assert (result.exit_code, sentence in result.stderr) == (code, True), result.output
    assert result.stderr.count("\n") == 1 and "Error" not in result.stderr and "Traceback" not in result.output


def every_value(group: click.Group = cli, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Option]]:
    """Each verb's words with each of its options that takes what not every text and no path is."""
    for name, verb in group.commands.items():
        if isinstance(verb, click.Group):
            yield from every_value(verb, (*above, name))
        for param in verb.params:
            plain = isinstance(param.type, (type(click.STRING), type(click.BOOL), click.Path))
            if isinstance(param, click.Option) and not plain:
                yield (*above, name), param


BARE = [
    ("journal", "Say what mesbot journal is to do: backup, export or verify."),
    ("data", "Say what mesbot data is to do: check, download, import or synth."),
    ("alerts", "Say what mesbot alerts is to do: run or test."),
    ("config", "Say what mesbot config is to do: backtest or node."),
    ("strategy", "Say what mesbot strategy is to do: restore."),
]


@pytest.mark.parametrize(("words", "sentence"), BARE)
def test_a_group_without_a_verb_says_what_is_missing_before_its_help(run, words, sentence):
    told = run(words)
    assert (told.exit_code, told.stdout) == (2, "")
    assert told.stderr.splitlines()[:3] == [sentence, "", f"Usage: mesbot {words} [OPTIONS] COMMAND [ARGS]..."]
    assert "Examples:" in told.stderr


def test_every_group_says_what_is_missing_or_does_something_without_a_verb():
    groups = {name for name, verb in cli.commands.items() if isinstance(verb, click.Group)}
    assert groups - {words for words, _ in BARE} == {"runs", "strategies"}


def every_place(group: click.Group = cli, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each verb's words with each of its options."""
    for name, verb in group.commands.items():
        if isinstance(verb, click.Group):
            yield from every_place(verb, (*above, name))
        yield from (((*above, name), option) for param in verb.params for option in param.opts)


@pytest.mark.parametrize(("verb", "option"), [(verb, max(option.opts, key=len)) for verb, option in every_value()])
def test_no_option_answers_a_value_that_is_none_in_the_words_of_a_library(run, verb, option):
    result = run(*verb, option, "there is none")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert result.stderr.startswith(f"{option} 'there is none' ") and f"See: mesbot {' '.join(verb)} --help" in result.stderr
    assert not re.search(r"Invalid value|valid int|range|does not match|is not one of|[<%]", result.stderr)


def test_every_option_takes_one_of_our_kinds_of_values():
    assert {type(option.type).__module__ for _, option in every_value()} == {"bot.cli.values", "bot.cli.usd", "bot.cli.alerts"}


@pytest.mark.parametrize(("file", "words", "key"), [("backtest", "backtest", "seed"), ("alerts", "alerts run", "per-minute")])
def test_a_value_that_is_none_is_told_where_it_stands(run, tmp_path, monkeypatch, file, words, key):
    monkeypatch.setenv(f"MESBOT_{words}_{key}".upper().replace(" ", "_").replace("-", "_"), "x")
    assert run(*words.split()).stderr.startswith(f"MESBOT_{words.upper().replace(' ', '_')}_{key.upper().replace('-', '_')} 'x' must be ")
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / f"{file}.yaml").write_text(f"{key}: x\n")
    assert run(*words.split()).stderr.startswith(f"{tmp_path / 'config' / file}.yaml: {key} 'x' must be a whole number")


@pytest.mark.parametrize("words", ["status", "kill --reason x", "lock --reason x", "check", "report", "journal backup --to copy", "drill"])
def test_a_state_folder_that_is_a_file_is_a_mistake_in_every_verb(run, monkeypatch, words):
    monkeypatch.setenv("MESBOT_HOME", "taken")
    result = run(*words.split())
    assert (result.exit_code, result.stderr) == (2, "MESBOT_HOME=taken: is a file; name a folder, there or not yet, or unset it.\n")


@pytest.mark.parametrize("words", ["run --json", "backtest --equity lots --json", "contracts --contracts nowhere --json", "why --json"])
def test_with_json_a_mistake_is_a_document_with_the_same_sentence_and_code(run, words):
    plain, told = run(*words.removesuffix(" --json").split()), run(*words.split())
    assert (json.loads(told.stdout)["error"], told.exit_code) == (plain.stderr.strip(), plain.exit_code)
    assert told.stderr == ""


def test_mistakes_are_red_unless_no_colour_is_wanted(run, monkeypatch):
    red = click.style("x", fg="red").split("x")[0]
    monkeypatch.setenv("TERM", "xterm")
    assert run("stop", color=True).stderr.startswith(red)
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in run("stop", color=True).stderr
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run("stop", color=True).stderr


def test_no_sentence_of_the_broker_begins_with_the_name_of_a_class():
    for trouble in (each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.BrokerError)):
        made = trouble.__new__(trouble)
        errors.BrokerError.__init__(made, "what it says", code=504, order_ref="20251002-K1-1041-1S")
        assert made.told.partition(" (504): ")[0] == made.told[:1] + made.words[1:] and trouble.__name__ not in made.told
        assert made.told.endswith(f"what it says. {made.hint}")


@pytest.mark.parametrize(
    "words",
    [
        ("backtest", "--bars", "missing.csv"),
        ("backtest", "--sessions", "2", "--from", "2031-01-01"),
        ("backtest", "--sessions", "1", "--out", "taken/out"),
        ("paper", "--bars", "missing.csv"),
        ("paper", "--sessions", "2", "--date", "2031-01-01"),
        ("sweep", "K1", "--bars", "missing.csv"),
        ("sweep", "K1", "--sessions", "2", "--from", "2031-01-01"),
        ("lookahead", "--bars", "missing.csv"),
        ("parity", "--bars", "missing.csv"),
    ],
)
def test_a_mistake_is_the_first_thing_and_the_only_thing_that_is_told(run, words):
    told = run(*words)
    assert (told.exit_code, told.stdout) == (2, "")
    assert told.stderr.count("\n") == 1, told.stderr


def test_a_folder_that_another_run_writes_into_is_told_before_anything_of_the_new_one(run, tmp_path):
    with RunLock(tmp_path / "out" / "journal.sqlite"), RunLock(tmp_path / "demo" / "journal.sqlite"):
        for words in (("backtest", "--sessions", "1"), ("paper", "--sessions", "1", "--out", "out"), ("demo", "--out", "demo")):
            told = run(*words)
            assert (told.exit_code, told.stdout) == (1, ""), words
            assert f"is in use by process {os.getpid()}; stop that run first" in told.stderr and told.stderr.count("\n") == 1


def test_ctrl_c_in_any_verb_ends_with_130(run, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bot.journal.verify.verify", interrupted)
    Journal.create("any.sqlite", "backtest", CONTRACTS, {}, lambda: 1).close()
    result = run("journal", "verify", "--journal", "any.sqlite")
    assert (result.exit_code, result.stderr) == (130, "Interrupted before it was through.\n")


def test_only_a_verb_that_writes_says_that_what_it_has_written_stays(run, monkeypatch):
    def terminated(*_: object, **__: object) -> None:
        raise AskedToEnd

    Journal.create("any.sqlite", "backtest", CONTRACTS, {}, lambda: 1).close()
    monkeypatch.setattr("bot.report.html.write_report", terminated)
    result = run("report", "--journal", "any.sqlite")
    assert (result.exit_code, result.stderr) == (143, "Interrupted before it was through; what it has written by then stays.\n")
    monkeypatch.setattr("bot.cli.codes.every_code", terminated)
    assert run("why", "--codes").stderr == "Interrupted before it was through.\n"


def test_ctrl_c_at_a_question_says_that_nothing_was_done(run, monkeypatch):
    for number in (1, 2, 3):
        Journal.create(fresh_journal(Path("out")), "backtest", CONTRACTS, {}, lambda number=number: number).close()

    for signal, code in ((KeyboardInterrupt, 130), (AskedToEnd, 143)):

        def interrupted(*_: object, signal: type[BaseException] = signal, **__: object) -> None:  # as click ends a question
            try:
                raise signal
            except signal:
                raise click.Abort from None

        monkeypatch.setattr("click.confirm", interrupted)
        result = run("runs", "prune", "--keep", "0")
        assert (result.exit_code, result.stderr.strip()) == (code, "Interrupted where an answer was asked for: nothing was done.")
    assert len(list(Path("out/earlier").iterdir())) == 2


def test_every_verb_that_is_said_to_write_exists_and_so_does_every_one_that_names_a_place_for_it():
    words = {path.removeprefix("mesbot ") for path, _ in every_verb(cli)}
    assert set(WRITERS) <= words
    places = {" ".join(verb) for verb, option in every_place() if option in ("--out", "--to", "--reason")}
    only_read = {"runs", "compare", "dashboard", "config node"}
    assert places - set(WRITERS) == only_read


# ------------------------------------------------------------------------ contracts


@pytest.mark.parametrize(
    ("old", "new", "allowed"), [("rth: XNYS", "rth: XLON", "XNYS"), ("CME Globex Equity", "CBOE Moon", "CME Globex Equity")]
)
def test_a_calendar_that_is_not_the_markets_is_refused_when_the_contracts_are_loaded(run, tmp_path, old, new, allowed):
    result = run("contracts", "--contracts", changed(tmp_path, "session", old, new))
    assert result.exit_code == 3
    assert "session.yaml: calendars." in result.stderr and allowed in result.stderr
    assert len(result.stderr) < 400


def test_a_fee_of_nothing_is_warned_of(run, tmp_path):
    folder = changed(tmp_path, "risk_model", "fee_per_side_usd: 0.62", "fee_per_side_usd: 0")
    assert "Warning: risk_model.yaml: fee_per_side_usd = 0: no broker trades for nothing" in run("contracts", "--contracts", folder).output
    assert json.loads(run("contracts", "--contracts", folder, "--json").stdout)["warnings"]
    assert "Warning" not in run("contracts").output


def changed(tmp_path: Path, file: str, old: str, new: str) -> Path:
    folder = tmp_path / "law"
    shutil.copytree(packaged_directory(), folder)
    path = folder / f"{file}.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return folder


# ----------------------------------------------------------------- help, completion


def every_verb(verb: click.Command, above: click.Context | None = None, name: str = "mesbot") -> Iterator[tuple[str, str]]:
    """Each verb's words, and its help on a terminal of 80 columns."""
    context = click.Context(verb, info_name=name, parent=above, terminal_width=80, help_option_names=["-h", "--help"])
    yield context.command_path, verb.get_help(context)
    for each in verb.commands.values() if isinstance(verb, click.Group) else ():
        yield from every_verb(each, context, str(each.name))


@pytest.mark.parametrize(("words", "text"), list(every_verb(cli)), ids=[words for words, _ in every_verb(cli)])
def test_every_help_fits_80_columns_and_has_an_example(words, text):
    assert max(map(len, text.splitlines())) <= 80
    assert f"{words} " in f"{text.partition('Examples:')[2]} ".replace("\n", " ")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_what_the_shell_needs(run, shell):
    result = run("completion", shell)
    assert result.exit_code == 0
    assert f"_MESBOT_COMPLETE={shell}_complete" in result.output


def test_what_completion_prints_completes_verbs_and_options(tmp_path):
    for words, found in (("mesbot back", "backtest"), ("mesbot strategy re", "restore"), ("mesbot backtest --eq", "--equity")):
        asked = {"_MESBOT_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
        environment = {**os.environ, "MESBOT_HOME": str(tmp_path), **asked}
        program = "from bot.cli.main import main; main()"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
        assert f"plain,{found}" in done.stdout.splitlines(), (words, done.stderr)


def test_on_a_terminal_a_long_sentence_is_cut_between_its_words_alone(run, monkeypatch):
    plain = run("zzz").stderr
    monkeypatch.setenv("COLUMNS", "60")
    assert plain.count("\n") == 1
    monkeypatch.setattr(said, "sys", SimpleNamespace(stderr=SimpleNamespace(isatty=lambda: True)))
    shown = run("zzz").stderr
    assert max(map(len, shown.splitlines())) <= 60 and " ".join(shown.split()) == plain.strip()
