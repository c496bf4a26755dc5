"""Funds below zero trip the kill switch; one cent of them does not."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.enums import AccountType
from nautilus_trader.model.events import AccountState
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.objects import AccountBalance, Money

from bot.backtest.config import spec_of
from bot.backtest.request import BacktestRequest
from bot.backtest.run import BacktestRun
from bot.contracts import load_contracts
from bot.journal.read import opened, read
from bot.journal.records import Kind


def told(free_usd: str) -> AccountState:
    """An account event with these free funds."""
    money = Money(Decimal(free_usd), USD)
    balance = AccountBalance(total=money, locked=Money(0, USD), free=money)
    return AccountState(AccountId("CME-001"), AccountType.MARGIN, USD, True, [balance], [], {}, UUID4(), 0, 0)


@pytest.mark.parametrize(("free_usd", "states"), [("-0.01", ["TRIPPED", "FLAT", "HALTED"]), ("0.00", [])])
def test_available_funds_below_zero_trip_the_kill_switch(tmp_path: Path, free_usd, states):
    contracts, request = load_contracts(), BacktestRequest(out=tmp_path, sessions=1)
    bars = request.read(contracts)
    spec = spec_of(request, contracts, bars)
    with BacktestRun(spec, bars, request) as run:
        run.engine.kernel.msgbus.send("Portfolio.update_account", told(free_usd))
        run.through()
    with opened(spec.journal_path) as db:
        assert [record.body["state"] for record in read(db, Kind.KILL)] == states
