"""What an acceptance does not begin with: each is a sentence that says what was found and what to do, and nothing is sent."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from builders import CONTRACTS, new_york_ns

from bot.gateway.gateway import Gateway
from bot.gateway.source import SYNTHETIC_DATE
from bot.ibkr.link.endpoint import Endpoint
from bot.journal.run_lock import RunLock
from bot.node.acceptance.contact import AcceptanceRefused, refuse_beside_a_bot, refuse_hour, refuse_unfinished
from bot.node.acceptance.hand import until
from bot.node.acceptance.place import config_at
from bot.node.acceptance.run import AcceptanceRequest, accept
from bot.trading_hours import clock_ns


def refused(folder: Path, prepare: Callable[[Gateway], object] = lambda _: None, **changes: Any) -> str:
    """The sentence of an acceptance at a gateway of this kind; it has been sent no order but the question for the margin."""

    async def ask() -> str:
        config = dataclasses.replace(config_at(CONTRACTS, SYNTHETIC_DATE, None, begin="subscribed"), **changes)
        async with Gateway(config) as gateway:
            prepare(gateway)
            before = len(gateway.broker.orders)
            endpoint = Endpoint("127.0.0.1", gateway.port, "", 7)
            with pytest.raises(AcceptanceRefused) as error:
                await accept(AcceptanceRequest(folder / "out", folder / "state", endpoint), lambda _: None)
            assert (error.value.exit_code, len(gateway.broker.orders)) == (2, before)
            assert await until(lambda: not gateway.clients(), 5.0)
            return str(error.value)

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("changes", "words", "sentence"),
    [
        ({"accounts": ("U1234567",)}, "", "U***567 is a live account, and the mode is PAPER"),
        ({"accounts": ("DU1234567", "DU7654321")}, "", "the gateway manages 2 accounts"),
        ({}, "position MES 1", "The account is not flat: it holds +1 MESZ5; close that in TWS, then begin again."),
        ({}, "manual buy 1 MES 6000", "Orders work in the account that are not of this acceptance: BUY 1 MESZ5 by a person in TWS"),
        ({}, "readonly on", "Read-Only"),
        ({"start_ns": clock_ns(SYNTHETIC_DATE, dt.time(10))}, "", "It is 10:00 New York, and strategies may enter or may soon"),
    ],
    ids=["live", "two accounts", "not flat", "orders of others", "read-only", "an entry window"],
)
def test_it_is_refused_with_a_sentence_and_nothing_is_sent(tmp_path: Path, changes: dict[str, Any], words: str, sentence: str) -> None:
    said = refused(tmp_path, lambda gateway: gateway.side.verbs.do(words) if words else None, **changes)
    assert sentence in said and "DU1234567" not in said, said
    assert not list((tmp_path / "out").glob("acceptance.*"))


def test_a_gateway_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    request = AcceptanceRequest(tmp_path / "out", tmp_path / "state", Endpoint("127.0.0.1", 1, "", 7))
    with pytest.raises(AcceptanceRefused, match=r"No acceptance: .*nothing answers at 127\.0\.0\.1:1"):
        asyncio.run(accept(request, lambda _: None))


def test_beside_a_bot_of_the_same_state_folder_none_is_begun(tmp_path: Path) -> None:
    journal = tmp_path / "journals" / "paper-DU1-2025.sqlite"
    journal.parent.mkdir()
    journal.touch()
    refuse_beside_a_bot(tmp_path)
    with RunLock(journal), pytest.raises(AcceptanceRefused, match=r"A bot runs on this state folder .paper-DU1-2025\.sqlite, process"):
        refuse_beside_a_bot(tmp_path)


def test_an_unfinished_trade_of_the_journal_is_closed_by_the_bot_first(monkeypatch: pytest.MonkeyPatch) -> None:
    story = SimpleNamespace(intent=SimpleNamespace(intent_id="20251002-K1-1041"))
    monkeypatch.setattr("bot.node.acceptance.contact.past_of", lambda _: SimpleNamespace(unfinished=(story,)))
    with pytest.raises(AcceptanceRefused, match="20251002-K1-1041 unfinished; start `mesbot paper` to have it closed"):
        refuse_unfinished(SimpleNamespace(journals=SimpleNamespace(earlier=())))


@pytest.mark.parametrize(
    ("when", "refusal"),
    [
        ("2025-10-02 11:29", "strategies may enter"),
        ("2025-10-02 11:30", ""),
        ("2025-10-02 13:23", ""),
        ("2025-10-02 13:24", "strategies may enter"),
        ("2025-10-02 09:31", "strategies may enter"),
        ("2025-10-02 15:55", "the session is not open or ends too soon"),
        ("2025-10-02 03:00", "the session is not open or ends too soon"),
        ("2025-10-04 12:00", "the session is not open or ends too soon"),
    ],
)
def test_it_needs_some_minutes_of_the_session_outside_the_entry_windows(when: str, refusal: str) -> None:
    if not refusal:
        refuse_hour(CONTRACTS, new_york_ns(when))
        return
    with pytest.raises(AcceptanceRefused, match=refusal):
        refuse_hour(CONTRACTS, new_york_ns(when))
