"""What would not count in a replay is refused in it, not passed over."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from bot.cli.main import cli
from bot.cli.paper import BROKER_OPTIONS


@pytest.mark.parametrize("name", BROKER_OPTIONS)
def test_an_option_of_a_brokers_account_is_refused_where_none_is_configured(monkeypatch, name):
    for each in ("TWS_HOST", "TWS_PORT"):
        monkeypatch.delenv(each, raising=False)
    told = CliRunner().invoke(cli, ["paper", f"--{name}", "7"])
    assert told.exit_code == 2
    assert told.stderr.startswith(f"--{name} is for a broker's account, and neither TWS_HOST nor TWS_PORT names one; leave")
    assert ("--bars-zone" in told.stderr) == (name == "zone")
