"""Verbs are declared once: found, documented and done from their declaration, each by its own example."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType

import pytest
from builders import ROOT
from gateway_harness import Side, insync, on_a_loop, running, side_of, until

from bot.gateway import verbs, words
from bot.gateway.errors import GatewayError
from bot.gateway.verbs.form import fits, pattern_of
from bot.gateway.words import VERBS, find_verbs, read

WIDEN = '''
"""Verbs about width."""

from bot.gateway.host import Host
from bot.gateway.verbs.verb import verb


@verb("widen TICKS", "bid and ask go that much further apart.", example="widen 2")
def _widen(host: Host, words: list[str]) -> None:
    host.feed.faults.spread_ticks += int(words[0])
'''


STRETCH = WIDEN.replace("widen", "stretch")  # the manual's verb may be there: somebody followed the manual


def script() -> ModuleType:
    """scripts/make_gateway_verbs.py, as it reads the verbs now."""
    spec = importlib.util.spec_from_file_location("make_gateway_verbs", ROOT / "scripts" / "make_gateway_verbs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def declare(tmp_path, monkeypatch) -> Iterator[Callable[[str, str], Path]]:
    """Adds a file to the folder of verbs."""
    before = set(sys.modules)
    monkeypatch.setattr(verbs, "__path__", [*verbs.__path__, str(tmp_path)])

    def add(name: str, text: str) -> Path:
        (file := tmp_path / name).write_text(text)
        importlib.invalidate_caches()
        return file

    yield add
    for name in set(sys.modules) - before:
        if name.startswith(verbs.__name__):
            del sys.modules[name]


@asynccontextmanager
async def stage() -> AsyncIterator[tuple[Side, object]]:
    """What the examples speak of: client 1, its order R that rests and its order F that has filled."""
    from ib_insync import Future, LimitOrder, MarketOrder

    async with running() as gateway, side_of(gateway) as side, insync(gateway) as ib:
        [contract] = await ib.qualifyContractsAsync(Future("MES", "202512", "CME"))
        ib.reqRealTimeBars(contract, 5, "TRADES", False)
        ib.reqMktData(contract)
        resting = ib.placeOrder(contract, LimitOrder("BUY", 3, 6300.0, tif="DAY", orderRef="R"))
        filled = ib.placeOrder(contract, MarketOrder("BUY", 1, tif="DAY", orderRef="F"))
        await until(lambda: resting.orderStatus.permId and filled.orderStatus.permId, "the acknowledgements")
        await side.do("step")
        await until(lambda: filled.fills, "the fill")
        yield side, gateway


@pytest.mark.parametrize("verb", VERBS.values(), ids=list(VERBS))
@on_a_loop
async def test_the_example_of_a_verb_does_it(verb):
    assert read(verb.example)[0] is verb
    async with stage() as (side, _):
        await side.do(verb.example)


def test_the_page_of_the_gateway_has_the_verbs_as_they_are_declared():
    page = script().page()
    assert (ROOT / "docs" / "gateway.md").read_text(encoding="utf-8") == page, "run scripts/make_gateway_verbs.py"
    assert [verb.name for verb in VERBS.values() if f"`{verb.form}`".replace("|", "\\|") not in page] == []


@on_a_loop
async def test_without_the_verb_of_the_manual_there_is_none_of_its_name():
    async with running() as gateway, side_of(gateway) as side:
        assert "'stretch' is no verb" in (await side.ask(do="stretch 2"))["error"]


def test_a_verb_in_a_new_file_is_found_documented_and_done(declare, monkeypatch):
    declare("width.py", STRETCH)
    monkeypatch.setattr(words, "VERBS", find_verbs())

    @on_a_loop
    async def run() -> None:
        async with stage() as (side, gateway):
            await side.do(words.VERBS["stretch"].example)
            assert gateway.feed.faults.spread_ticks == 3
            assert "`stretch TICKS`: bid and ask go" in (await side.ask(do="stretch far"))["error"]

    run()
    page = script().page()
    assert "### Width\n" in page and "| `stretch TICKS` | bid and ask go that much further apart. | `stretch 2` |\n" in page


def test_the_verb_that_the_manual_shows_is_the_one_that_is_tested():
    assert WIDEN.partition("\n\n\n")[2] in (ROOT / "docs" / "gateway.md").read_text(encoding="utf-8")


def test_two_verbs_of_one_name_refuse_the_start_with_both_their_files(declare):
    declare("width.py", WIDEN.replace("widen", "spread"))
    with pytest.raises(GatewayError, match=r"two verbs are called 'spread' \(bot\.gateway\.verbs\.market and bot\.gateway\.verbs\.width\)"):
        find_verbs()


def test_a_form_with_a_kind_of_word_that_is_none_refuses_the_start(declare):
    declare("width.py", WIDEN.replace("TICKS", "INCHES"))
    with pytest.raises(GatewayError, match=r"INCHES is no kind of word .* there are .*PRICE, "):
        find_verbs()


@pytest.mark.parametrize("form", ["widen [TICKS", "widen TICKS]", "swap KIND KIND"])
def test_a_form_that_cannot_be_read_is_refused(form):
    with pytest.raises(GatewayError, match="cannot be read"):
        pattern_of(form)


@pytest.mark.parametrize(
    ("form", "taken", "refused"),
    [
        ("x", [""], ["a"]),
        ("x on|off", ["on", "off"], ["", "on off", "onoff", "ON"]),
        ("x [on|off]", ["", "on"], ["on off", "no"]),
        ("x SIZE [of TOTAL]", ["1", "01", "1 of 3"], ["0", "1 of", "of 3", "1 3"]),
        ("x [a|b]...", ["", "a", "b a b"], ["c", "a c"]),
        ("x md [1|2] or off", ["md", "md 2", "off"], ["md off", "off 1", "md 3", ""]),
        ("x *|WORD code=CODE", ["* code=1", "w code=0"], ["* code=", "* code=x", "* CODE=1"]),
        ("x ORDER [TEXT]", ["R", "R some more words"], [""]),
        ("x PRICE", ["6300", "6300.25", "-1.5"], ["6300.1", "6300.", "a"]),
        ("x SHIFT", ["+5s", "-5s", "5m", "0"], ["s", "+-5s", "5w"]),
    ],
)
def test_a_form_takes_what_it_says(form, taken, refused):
    pattern = pattern_of(form)
    assert [said for said in taken if not fits(pattern, said.split())] == []
    assert [said for said in refused if fits(pattern, said.split())] == []
