"""Amounts of dollars: what is read, what is asked back, and what an account of that size is told."""

from decimal import Decimal

import click
import msgspec
import pytest

from bot.cli.usd import Usd, equity_sentences
from bot.contracts import load_contracts
from bot.decision.limits import Limits


@pytest.mark.parametrize(
    ("typed", "usd"),
    [("10000", "10000"), ("10,000", "10000"), ("$1,234,567.89", "1234567.89"), ("10_000", "10000"), ("7500.5", "7500.5"), (10000, "10000")],
)
def test_an_amount_that_can_be_read_one_way_is_read(typed, usd):
    assert Usd().convert(typed, None, None) == Decimal(usd)


@pytest.mark.parametrize(
    "typed", ["10.000", "1.234.567", "10,00", "1,0000", "10.000,50", "1_0", "10,000.500", "ten", "\uff11\uff10", "", "$"]
)
def test_an_amount_that_could_be_two_or_none_is_asked_back(typed):
    with pytest.raises(click.BadParameter):
        Usd().convert(typed, None, None)


@pytest.mark.parametrize(
    ("equity", "told"),
    [
        ("10000", ["Equity $10,000.00: tier B."]),
        ("7500", ["Equity $7,500.00: tier B."]),
        ("7499.99", ["Equity $7,499.99: tier A."]),
        ("3600", ["Equity $3,600.00: tier A."]),
        ("3000", ["Equity $3,000.00: tier A.", "$3,000 is below the $3,600 that one contract needs: no entry is possible."]),
        ("3599.99", ["Equity $3,599.99: tier A.", "$3,599.99 is below the $3,600 that one contract needs: no entry is possible."]),
        ("10", ["Equity $10.00: tier S.", "$10 is below the $3,600 that one contract needs: no entry is possible."]),
    ],
)
def test_the_tier_and_what_margin_forbids_are_said(equity, told):
    assert equity_sentences(Decimal(equity), Limits.of(load_contracts())) == told


def test_a_tier_whose_contracts_margin_forbids_names_the_strategy():
    tight = msgspec.structs.replace(Limits.of(load_contracts()), initial_margin_cents=600_000)
    assert equity_sentences(Decimal(10_000), tight)[1:] == ["The 2 contracts of K4 need $18,000: no entry of K4 is possible."]
