"""What Nautilus' cache must hold for us is put back, and told."""

from __future__ import annotations

from typing import Any

import pytest
from nautilus_trader.model.instruments import FuturesContract
from nautilus_trader.test_kit.providers import TestInstrumentProvider

from bot.risk_engine.kept import Kept

ES = TestInstrumentProvider.es_future(2025, 12)


class Cache:
    """As much of Nautilus' cache as is looked at."""

    def __init__(self) -> None:
        self.found: Any = None
        self.put: list[Any] = []

    def instrument(self, name: Any) -> Any:
        assert name == ES.id
        return self.found

    def add_instrument(self, instrument: Any) -> None:
        self.found = instrument
        self.put.append(instrument)


def copy(**changes: Any) -> FuturesContract:
    return FuturesContract.from_dict(FuturesContract.to_dict(ES) | changes)


def looked(*found: Any) -> tuple[list[Any], list[str]]:
    """What was put back, and what was told, after each of these was in the cache."""
    cache, told = Cache(), []
    kept = Kept(cache, ES.id, told.append)
    for each in found:
        cache.found = each
        kept.look()
    return cache.put, told


def test_what_stays_as_it_is_needs_nothing():
    assert looked(ES, ES) == ([], [])


def test_nothing_is_missed_before_there_was_anything():
    assert looked(None, ES, ES) == ([], [])


@pytest.mark.parametrize("changes", [{"ts_event": 1}, {"ts_init": 2}])
def test_an_instrument_that_is_told_again_is_the_same(changes):
    assert looked(ES, copy(**changes)) == ([], [])


@pytest.mark.parametrize("changes", [{"lot_size": "100"}, {"price_increment": "0.50"}, {"multiplier": "50"}, {"expiration_ns": 1}])
def test_another_instrument_gives_way_to_the_first(changes):
    assert looked(ES, copy(**changes)) == ([ES], [f"{ES.id} was replaced"])


def test_what_is_of_another_kind_is_another():
    assert looked(ES, object()) == ([ES], [f"{ES.id} was replaced"])


def test_an_instrument_that_is_taken_away_comes_back():
    assert looked(ES, None) == ([ES], [f"{ES.id} was taken away"])


def test_it_is_put_back_before_it_is_told():
    cache = Cache()
    cache.found = ES
    kept = Kept(cache, ES.id, lambda _: seen.append(cache.found))
    seen: list[Any] = []
    kept.look()
    cache.found = None
    kept.look()
    assert seen == [ES]
