"""What mesbot keeps is one user's: made so, kept so, and refused where it is not."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from builders import CONTRACTS

from bot.errors import NotOurs, UsageError
from bot.ibkr.link.ids import IdSource
from bot.journal.folder import fresh_journal, report_of
from bot.journal.latch import latch_path
from bot.journal.run_lock import RunLock
from bot.journal.store import Journal
from bot.node.check.report import CheckReport, write_report
from bot.node.journals import FOLDER, journals_of
from bot.node.kill_request import KillRequests, leave_request, refused_request, request_path, waiting_request
from bot.node.status import journal_names
from bot.node.watchdog import open_quietly
from bot.own_files import own_file, own_folder, require_ours, tightened, why_not_ours, write_own
from bot.report import html
from bot.state_folder import remember_run, state_folder

SOMEBODY = 4242
pytestmark = pytest.mark.skipif(os.name == "nt", reason="files have no modes there")
as_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file to somebody else")


@pytest.fixture
def wide():
    """A user whose files everybody may read and write."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def another(monkeypatch):
    """This process runs as somebody else than who made the files before."""
    monkeypatch.setattr(os, "geteuid", lambda: SOMEBODY)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: mode(path) for path in folder.rglob("*") if path.is_file()}


# ------------------------------------------------------------------------ made


def test_everything_that_is_kept_is_made_for_one_user_whatever_the_umask(tmp_path, monkeypatch, wide):
    home = tmp_path / "deep" / "home"
    monkeypatch.setenv("MESBOT_HOME", str(home))
    assert tightened(home, home / FOLDER) == ""
    path = home / FOLDER / "paper-DU1-2025.sqlite"
    with RunLock(path), Journal.append(path, "paper", CONTRACTS, {"account": "DU1"}, lambda: 1) as journal:
        journal.reserve()
        leave_request(path, "enough")
        open_quietly(path.with_name("hung")).close()
        IdSource(home / "order-ids.json", "DU1:7").order_id()
        remember_run(path, CONTRACTS)
        write_report(CheckReport(1, "PAPER", "DU1", "", ()), home / "check-paper-DU1.json")
        made = modes(home)
        assert {f"{path.name}{end}" for end in ("", "-wal", "-shm", ".latch", ".lock", ".kill")} < set(made)
        assert {"hung", "order-ids.json", "last-run.json", "check-paper-DU1.json"} < set(made)
        assert set(made.values()) == {0o600}
    assert {mode(home), mode(home / FOLDER)} == {0o700}


def test_a_runs_folder_and_its_report_are_made_for_one_user_whatever_the_umask(tmp_path, monkeypatch, wide):
    monkeypatch.setattr(html, "Summary", SimpleNamespace(from_journal=lambda path: path))
    monkeypatch.setattr(html, "render", str)
    out = tmp_path / "deep" / "out"
    for _ in range(2):  # what the first has left is put aside
        path = fresh_journal(out)
        Journal.append(path, "backtest", CONTRACTS, {}, lambda: 1).close()
        html.write_report(path, report_of(path))
    aside = out / "earlier" / "1"
    assert {mode(folder) for folder in (out, aside.parent, aside)} == {0o700}
    assert {"journal.sqlite", "report.html"} <= set(modes(out)) and set(modes(out).values()) == {0o600}


def test_a_folder_that_is_there_stays_as_its_user_made_it(tmp_path, wide):
    fresh_journal(tmp_path / "mine")
    (tmp_path / "mine").chmod(0o750)
    fresh_journal(tmp_path / "mine")
    assert mode(tmp_path / "mine") == 0o750


@pytest.mark.parametrize("write", [remember_run, lambda *_: IdSource(state_folder() / "ids", "DU1:7").order_id()])
def test_whoever_comes_first_makes_the_folder_for_one_user(tmp_path, monkeypatch, wide, write):
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "home"))
    write(tmp_path / "journal.sqlite", CONTRACTS)
    assert mode(tmp_path / "home") == 0o700


def test_what_could_be_read_by_others_is_tightened_and_told_once(tmp_path, wide):
    home, journals = tmp_path / "home", tmp_path / "home" / FOLDER
    journals.mkdir(parents=True)
    for name in ("paper-DU1-2025.sqlite", "paper-DU1-2025.sqlite.latch"):
        (journals / name).write_bytes(b"")
    (home / "order-ids.json").write_bytes(b"{}")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"")
    (journals / "link").symlink_to(elsewhere)
    told = tightened(home, journals)
    assert told == f"{home}: others on this machine could read 5 of its files and folders; from now on only this user can."
    assert {mode(home), mode(journals)} == {0o700} and mode(elsewhere) == 0o666
    assert tightened(home, journals) == ""


def test_what_is_written_is_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "kept"
    write_own(path, b"old")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        write_own(path, b"new")
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


# --------------------------------------------------------------------- refused


def in_place_of(path: Path, kind: str) -> None:
    """Put something else where a file of ours belongs."""
    if kind == "link":
        path.symlink_to(path.parent / "elsewhere")
    elif kind == "link to a file of ours":
        (path.parent / "elsewhere").write_bytes(b"")
        path.symlink_to(path.parent / "elsewhere")
    elif kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)


KINDS = ["link", "link to a file of ours", "folder", "pipe"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_another_kind_is_refused_wherever_one_is_written(tmp_path, kind):
    path = tmp_path / "paper-DU1-2025.sqlite"
    in_place_of(path, kind)
    with pytest.raises(NotOurs, match=r"symbolic link|no plain file"):
        Journal.append(path, "paper", CONTRACTS, {}, lambda: 1)
    other = tmp_path / "other.sqlite"
    (tmp_path / "elsewhere").unlink(missing_ok=True)
    in_place_of(latch_path(other), kind)
    with pytest.raises(NotOurs, match=r"symbolic link|no plain file"):
        Journal.append(other, "paper", CONTRACTS, {}, lambda: 1)
    third = tmp_path / "third.sqlite"
    (tmp_path / "elsewhere").unlink(missing_ok=True)
    in_place_of(third.with_name(f"{third.name}.lock"), kind)
    with pytest.raises(UsageError, match=r"symbolic link|no plain file"), RunLock(third):
        pass


def test_a_link_or_a_file_in_place_of_the_state_folder_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "home"))
    (tmp_path / "target").mkdir()
    (tmp_path / "home").symlink_to(tmp_path / "target")
    with pytest.raises(NotOurs, match=r"home is a symbolic link.*name what it leads to"):
        state_folder()
    (tmp_path / "home").unlink()
    (tmp_path / "home").write_bytes(b"")
    with pytest.raises(UsageError, match="home: is a file; name a folder, there or not yet, or unset it"):
        state_folder()
    (tmp_path / "home").unlink()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / FOLDER).symlink_to(tmp_path / "target")
    for asked in (lambda: journals_of(state_folder(), "PAPER", "DU1", 2025), lambda: journal_names(state_folder())):
        with pytest.raises(NotOurs, match="journals is a symbolic link"):
            asked()


def test_what_another_user_owns_is_refused_with_both_names(tmp_path, monkeypatch, another):
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path))
    with pytest.raises(
        NotOurs,
        match=rf"{tmp_path} belongs to .*, and mesbot is run as user {SOMEBODY}; run it as .*, or use .* MESBOT_HOME",
    ):
        state_folder()
    with pytest.raises(NotOurs, match="belongs to"):
        tightened(tmp_path)
    with pytest.raises(NotOurs, match="belongs to"):
        own_folder(tmp_path)


def test_a_journal_a_latch_and_a_lock_of_another_user_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "paper-DU1-2025.sqlite"
    Journal.append(path, "paper", CONTRACTS, {}, lambda: 1).close()
    with RunLock(path):
        pass
    monkeypatch.setattr(os, "geteuid", lambda: SOMEBODY)
    with pytest.raises(NotOurs, match=r"2025.sqlite belongs to"):
        Journal.append(path, "paper", CONTRACTS, {}, lambda: 1)
    with pytest.raises(NotOurs, match=r"lock belongs to"), RunLock(path):
        pass
    with pytest.raises(NotOurs):
        own_file(path)
    with pytest.raises(NotOurs):
        require_ours(latch_path(path))


def test_an_id_file_that_is_not_ours_locks_entries_and_hands_ids_out_all_the_same(tmp_path):
    (tmp_path / "ids").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").write_text("{}")
    ids = IdSource(tmp_path / "ids", "DU1:7")
    assert ids.order_id() == 1 and "symbolic link" in str(ids.trouble)


@as_root
def test_a_run_in_a_folder_of_another_user_is_a_mistake_about_the_folder_and_in_the_state_folder_a_refusal(tmp_path, monkeypatch):
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "state"))
    for folder, kind, code in ((tmp_path / "out", UsageError, 2), (tmp_path / "state" / "journals", NotOurs, 3)):
        with RunLock(folder / "journal.sqlite"):
            pass
        os.chown(folder / "journal.sqlite.lock", SOMEBODY, -1)
        with pytest.raises(kind, match=f"journal.sqlite.lock belongs to user {SOMEBODY}") as told, RunLock(folder / "journal.sqlite"):
            pass
        assert told.value.exit_code == code


@as_root
def test_a_folder_given_to_somebody_else_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path))
    assert state_folder() == tmp_path
    os.chown(tmp_path, SOMEBODY, SOMEBODY)
    with pytest.raises(NotOurs, match=f"belongs to user {SOMEBODY}, and mesbot is run as root"):
        state_folder()


# -------------------------------------------------------------------- requests


@as_root
def test_a_kill_request_of_another_user_is_refused_and_says_why(tmp_path):
    journal = tmp_path / "paper-DU1-2025.sqlite"
    leave_request(journal, "not mine")
    os.chown(request_path(journal), SOMEBODY, SOMEBODY)
    assert waiting_request(journal) is None and KillRequests(journal).take() is None
    assert f"belongs to user {SOMEBODY}" in refused_request(journal)
    assert request_path(journal).exists()


@pytest.mark.parametrize("kind", KINDS)
def test_a_kill_request_of_another_kind_is_refused_and_says_why(tmp_path, kind):
    journal = tmp_path / "paper-DU1-2025.sqlite"
    in_place_of(request_path(journal), kind)
    assert waiting_request(journal) is None and KillRequests(journal).take() is None
    assert refused_request(journal).startswith("No request is taken from there: ")


def test_a_request_of_ours_is_taken_and_none_is_no_refusal(tmp_path):
    journal = tmp_path / "paper-DU1-2025.sqlite"
    assert refused_request(journal) == ""
    leave_request(journal, "enough")
    assert (refused_request(journal), KillRequests(journal).take(), waiting_request(journal)) == ("", "enough", "enough")


@pytest.mark.parametrize("kind", ["link", "link to a file of ours", "pipe"])
def test_our_own_kill_takes_the_place_of_what_lies_in_its_way(tmp_path, kind):
    journal = tmp_path / "paper-DU1-2025.sqlite"
    in_place_of(request_path(journal), kind)
    leave_request(journal, "enough")
    assert KillRequests(journal).take() == "enough"


def test_a_journal_that_is_read_meanwhile_keeps_its_locks(tmp_path):
    path = tmp_path / "journal.sqlite"
    with Journal.append(path, "paper", CONTRACTS, {}, lambda: 1), sqlite3.connect(path) as reader:
        reader.execute("BEGIN").execute("SELECT count(*) FROM records").fetchone()
        own_file(path)
        assert why_not_ours(path) == ""
        script = f"import sqlite3; sqlite3.connect({str(path)!r}, timeout=0).execute('PRAGMA journal_mode = DELETE')"
        ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)
        assert "database is locked" in ended.stderr, "another process must still see that it is in use"
