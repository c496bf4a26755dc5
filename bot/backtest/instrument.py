"""MES as a Nautilus instrument, from the constitution."""

from __future__ import annotations

from decimal import Decimal

from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import AssetClass
from nautilus_trader.model.identifiers import InstrumentId, Symbol
from nautilus_trader.model.instruments import FuturesContract
from nautilus_trader.model.objects import Price, Quantity

from bot.contracts.models import Contracts

DAY_NS = 86_400_000_000_000


def mes_contract(contracts: Contracts, first_ns: int, last_ns: int) -> FuturesContract:
    """A MES future that is active from a year before `first_ns` to a year after `last_ns` (UTC ns).

    A bars file does not say which delivery month it holds; roll rules are for live.
    """
    mes = contracts.constitution.instrument
    instrument_id = InstrumentId.from_str(mes.id)
    return FuturesContract(
        instrument_id=instrument_id,
        raw_symbol=Symbol(instrument_id.symbol.value),
        asset_class=AssetClass.INDEX,
        currency=USD,
        price_precision=2,
        price_increment=Price(mes.tick_size, 2),
        multiplier=Quantity.from_int(mes.multiplier),
        lot_size=Quantity.from_int(1),
        underlying="ES",
        activation_ns=max(0, first_ns - 366 * DAY_NS),
        expiration_ns=last_ns + 366 * DAY_NS,
        ts_event=0,
        ts_init=0,
        margin_init=Decimal(0),
        margin_maint=Decimal(0),
    )


def minute_bars(instrument_id: InstrumentId) -> BarType:
    """The bar type that drives the run: one-minute, last price, made outside Nautilus."""
    return BarType.from_str(f"{instrument_id}-1-MINUTE-LAST-EXTERNAL")
