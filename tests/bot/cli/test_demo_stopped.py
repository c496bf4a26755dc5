"""`mesbot demo` that a person stops: how far it came, where its journal is, and the exit code of what was interrupted."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from bot.cli.main import cli
from bot.node.demo import Demo, DemoStopped


@pytest.mark.parametrize(
    ("stopped", "where"),
    [
        (DemoStopped("Stopped at 10:31 New York of 2025-04-30"), "Stopped at 10:31 New York of 2025-04-30"),
        (KeyboardInterrupt(), "Interrupted"),
    ],
)
def test_a_demo_that_is_stopped_says_which_sessions_are_through_and_where_the_journal_is(tmp_path, monkeypatch, stopped, where):
    calls = iter(("0" * 64, stopped))

    async def play(demo: Demo, session: object) -> str:
        came_to = next(calls)
        if isinstance(came_to, BaseException):
            raise came_to
        return came_to

    monkeypatch.setattr(Demo, "play", play)
    result = CliRunner().invoke(cli, ["demo", "--fast", "--out", str(tmp_path)])
    assert result.exit_code == 130
    assert f"{where}, after 1 of 3 sessions; nothing was journaled yet. The next demo begins anew." in " ".join(result.output.split())
