"""A replay of two sessions in this process, and a person who types beside it once it has begun."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli.main import cli
from bot.journal.folder import JOURNAL

PATIENCE_SECONDS = 120.0


def bars(journal: Path) -> int:
    """How many minutes were decided so far."""
    try:
        with sqlite3.connect(f"{journal.absolute().as_uri()}?mode=ro", uri=True) as db:
            return db.execute("SELECT count(*) FROM records WHERE kind = 'bar'").fetchone()[0]
    except sqlite3.Error:
        return 0


def replayed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, speed: int, *typed: Sequence[str], after: int = 3
) -> tuple[Path, Result, list[Result]]:
    """The journal, what the replay said, and what each verb said, typed `after` so many minutes; after 0 until it is heeded."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "state"))
    for name in ("TWS_HOST", "TWS_PORT", "TWS_ACCOUNT"):
        monkeypatch.delenv(name, raising=False)
    journal, said = tmp_path / "out" / "paper" / JOURNAL, []

    def person() -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while (bars(journal) < after or not journal.exists()) and time.monotonic() < until:
            time.sleep(0.1)
        for words in typed:
            answer = CliRunner().invoke(cli, list(words))
            while not after and answer.exit_code and time.monotonic() < until:  # it has not begun to listen
                answer = CliRunner().invoke(cli, list(words))
            said.append(answer)

    typing = threading.Thread(target=person)
    typing.start()
    result = CliRunner().invoke(cli, ["paper", "--sessions", "2", "--speed", str(speed), "--no-report"])
    typing.join()
    return journal, result, said
