"""The copy of a state folder is a state folder, without what was asked of the bot."""

from __future__ import annotations

from click.testing import CliRunner
from live_journal import INTENT, KillRecord, add, fill, intent_record, opened, order

from bot.cli.main import cli
from bot.journal.records import Kind
from bot.journal.run_lock import RunLock


def mesbot(home, *words: str):
    return CliRunner().invoke(cli, list(words), env={"MESBOT_HOME": str(home)})


def test_a_state_folder_is_copied_while_a_trade_is_open_and_the_copy_tells_the_same(tmp_path):
    home, to = tmp_path / "home", tmp_path / "backups" / "monday"
    path = home / "journals" / "paper-DU1234567-2025.sqlite"
    path.parent.mkdir(parents=True)
    (home / "order-ids.json").write_text("{}")
    with RunLock(path), opened(path) as journal:
        for kind, body in ((Kind.INTENT, intent_record(INTENT)), (Kind.ORDER, order("OrderSubmitted", "ENTRY", "1E")), (Kind.FILL, fill())):
            add(journal, kind, body)
        path.with_name(f"{path.name}.kill").write_text("asked while it ran")
        result = mesbot(home, "journal", "backup", "--to", str(to))
        assert result.exit_code == 0 and journal.head in result.output, result.output
    assert (to / "order-ids.json").exists() and not list(to.rglob("*.kill"))
    status = mesbot(to, "status").output
    assert INTENT.intent_id in status and "long 1" in status and "not running" in status


def test_a_folder_that_holds_a_backup_is_refused_and_so_is_an_empty_state_folder(tmp_path):
    home, to = tmp_path / "home", tmp_path / "to"
    nothing = mesbot(home, "journal", "backup", "--to", str(to))
    assert nothing.exit_code == 2 and "nothing to back up" in nothing.output
    (home / "journals").mkdir(parents=True)
    opened(home / "journals" / "paper-DU1234567-2025.sqlite").close()
    assert mesbot(home, "journal", "backup", "--to", str(to)).exit_code == 0
    again = mesbot(home, "journal", "backup", "--to", str(to))
    assert again.exit_code == 2 and "holds a backup already" in again.output


def test_a_kill_that_was_latched_is_latched_in_the_copy(tmp_path):
    home, to = tmp_path / "home", tmp_path / "to"
    (home / "journals").mkdir(parents=True)
    with opened(home / "journals" / "paper-DU1234567-2025.sqlite") as journal:
        add(journal, Kind.KILL, KillRecord("TRIPPED", "feed"))
    mesbot(home, "journal", "backup", "--to", str(to))
    assert "TRIPPED" in mesbot(to, "status").output
