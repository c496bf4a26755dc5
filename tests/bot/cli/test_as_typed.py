"""Empty values and options given twice: a mistake with a sentence, of every verb."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from bot.cli.as_typed import STRICTER
from bot.cli.main import cli


def every_option(group: click.Group = cli, above: tuple[str, ...] = ()):
    for name, verb in group.commands.items():
        if isinstance(verb, click.Group):
            yield from every_option(verb, (*above, name))
        for param in verb.params:
            if isinstance(param, click.Option) and not param.is_flag:
                yield (*above, name), max(param.opts, key=len), param.multiple


OPTIONS = list(every_option())


@pytest.mark.parametrize(("verb", "option", "multiple"), OPTIONS, ids=[" ".join((*verb, option)) for verb, option, _ in OPTIONS])
def test_an_option_that_is_empty_or_given_twice_is_a_mistake(verb, option, multiple, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "home"))
    for said in ("", "  ") if option != "--reason" else ():  # which each verb refuses in words of its own
        result = CliRunner().invoke(cli, [*verb, option, said])
        assert (result.exit_code, result.output.split(".")[0]) == (2, f"{option} is empty; say what is meant, or leave it out")
    if not multiple:
        result = CliRunner().invoke(cli, [*verb, option, "one", option, "two"])
        if option == "--reason" and verb[0] in STRICTER:  # goes on, and finds no bot here
            assert "times" not in result.output
            return
        assert (result.exit_code, result.output.split(".")[0]) == (2, f"{option} is given 2 times; say it once")


@pytest.mark.parametrize(
    ("words", "name"), [(["compare", "", ""], "A"), (["why", ""], "TIME|NAME|CODE"), (["data", "check", ""], "FILE...")]
)
def test_an_empty_argument_is_a_mistake(words, name):
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 2 and result.output.startswith(f"{name} is empty; ")


def test_a_flag_and_an_option_of_several_values_may_stand_twice(tmp_path):
    asked = CliRunner().invoke(
        cli, ["backtest", "--no-report", "--no-report", "--strategies", "a", "--strategies", "b", "--out", str(tmp_path)]
    )
    assert "twice" not in asked.output and "times" not in asked.output
