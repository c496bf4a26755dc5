"""`mesbot why` asks for a bar by its time, or for a number by its name."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli.main import cli

sys.path.append(str(Path(__file__).parents[1] / "report"))
import small_journal


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What the verb asked for, in place of reading a journal."""
    calls: list[tuple[object, ...]] = []

    def answer(*words: object, **options: object) -> str:
        calls.append((*words, options))
        return "so\n"

    for name in ("bot.journal.why.why", "bot.report.why_number.why_number", "bot.report.why_number.list_numbers"):
        monkeypatch.setattr(name, lambda *words, name=name, **options: answer(name.rpartition(".")[2], *words[1:], **options))
    return calls


@pytest.fixture
def why(tmp_path: Path) -> Callable[..., Result]:
    small_journal.write(tmp_path / "j.sqlite", days=())
    return lambda *words: CliRunner().invoke(cli, ["why", *words, "--journal", str(tmp_path / "j.sqlite")])


@pytest.mark.parametrize(
    ("words", "call"),
    [
        (["2025-10-02 10:41"], ("why", "2025-10-02 10:41", None, {})),
        (["2025-10-02 10:41", "--strategy", "K1"], ("why", "2025-10-02 10:41", "K1", {})),
        (["K1.net"], ("why_number", "K1.net", {"everything": False})),
        (["days.2025-10-02.net", "--all"], ("why_number", "days.2025-10-02.net", {"everything": True})),
        (["--numbers"], ("list_numbers", "", {})),
        (["ledger", "--numbers"], ("list_numbers", "ledger", {})),
    ],
)
def test_a_time_asks_for_a_bar_and_a_name_for_a_number(
    why: Callable[..., Result], asked: list[tuple[object, ...]], words: list[str], call: tuple[object, ...]
) -> None:
    result = why(*words)
    assert (result.exit_code, result.output) == (0, "so\n")
    assert asked == [call]


def test_nothing_asked_is_wrong_usage(why: Callable[..., Result], asked: list[tuple[object, ...]]) -> None:
    result = why()
    assert result.exit_code == 2
    assert "Name a TIME, a number or a code" in result.stderr
    assert asked == []
