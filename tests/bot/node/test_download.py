"""`mesbot data download` against the simulated gateway: whole, broken off and gone on with, refused, and never an order."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from builders import CONTRACTS, calendar
from click.testing import CliRunner

sys.path.append(str(Path(__file__).parents[1] / "ibkr"))
from ibkr_rig import DAY, TEN, gateway_config, on_a_loop

from bot.bars.files import read_bars
from bot.bars.synth import synthetic_bars
from bot.cli.main import cli
from bot.errors import MesbotError, UsageError
from bot.gateway.answers import ANSWERS
from bot.gateway.broker import Refusal
from bot.gateway.gateway import Gateway
from bot.ibkr.data import download as fetching
from bot.ibkr.data.part_file import PartFile
from bot.ibkr.errors import ContractNotFound, DataRefused
from bot.ibkr.link.endpoint import MAX_CLIENT_ID, Endpoint
from bot.market.bar import Bar
from bot.node.download import DownloadRequest, download, own_endpoint
from bot.units import HOUR_NS

FIRST = dt.date(2025, 9, 17)
LAST = DAY - dt.timedelta(days=1)
PACE = 500.0
PACING = "Historical Market Data Service error message:Historical data request pacing violation"


@lru_cache
def weeks() -> list[Bar]:
    """The sessions from 17 September to 2 October 2025; the gateway stands at ten on the last of them."""
    return synthetic_bars(7, 12, FIRST, calendar())


class Broker:
    """What the gateway was asked, and what it refuses: `refuse` gives the refusal of a request, by its number, or None."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[Any] = []
        self.refuse: Callable[[int], Refusal | None] = lambda _: None
        answer = ANSWERS["reqHistoricalData"]

        def listen(simulation: Any, client: Any, request: Any) -> None:
            self.asked.append(request)
            refusal = self.refuse(len(self.asked))
            if refusal is not None:
                raise refusal
            answer(simulation, client, request)

        monkeypatch.setitem(ANSWERS, "reqHistoricalData", listen)


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    return Broker(monkeypatch)


def request(gateway: Gateway, out: Path, **changes: Any) -> DownloadRequest:
    endpoint = Endpoint("127.0.0.1", gateway.port, "", 7)
    return DownloadRequest(**({"endpoint": endpoint, "out": out, "first": FIRST, "last": LAST} | changes))


async def fetched(out: Path, said: list[str] | None = None, gateway: dict[str, Any] | None = None, **changes: Any) -> str:
    """One download from a gateway of its own."""
    async with Gateway(gateway_config(bars=weeks(), **(gateway or {}))) as running:
        return await download(request(running, out, **changes), (said if said is not None else []).append, PACE)


def wanted() -> list[Bar]:
    """The bars of the days that have ended."""
    return [bar for bar in weeks() if bar.ts_ns < TEN - 16 * HOUR_NS]


def is_whole(path: Path) -> bool:
    return read_bars(path, CONTRACTS).to_list() == wanted()


def test_a_whole_download_gives_every_minute_of_the_days_asked_for_in_few_requests(tmp_path: Path, broker: Broker) -> None:
    said: list[str] = []
    assert asyncio.run(fetched(tmp_path / "bars.csv.gz", said)) == "MESZ5"
    found = read_bars(tmp_path / "bars.csv.gz", CONTRACTS)
    assert is_whole(tmp_path / "bars.csv.gz")
    assert (len(found.passport.sessions), found.passport.missing) == (11, [])
    assert said[-1] == "2025-09-28 to 2025-10-01: 4,140 minutes, week 3 of 3"
    assert len(broker.asked) <= 6
    assert [path.name for path in tmp_path.iterdir()] == ["bars.csv.gz"]


def test_broken_off_in_the_middle_and_gone_on_with_it_gives_equal_bytes_and_asks_for_nothing_twice(tmp_path: Path, broker: Broker) -> None:
    asyncio.run(fetched(tmp_path / "whole.csv.gz"))
    whole = len(broker.asked)

    @on_a_loop
    async def broken() -> None:
        async with Gateway(gateway_config(bars=weeks())) as gateway:
            task = asyncio.ensure_future(download(request(gateway, tmp_path / "bars.csv.gz"), lambda _: None, PACE))
            part = tmp_path / "bars.csv.gz.part"
            while not part.exists() or part.read_bytes().count(b"\n") < 2:
                await asyncio.sleep(0.002)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    broken()
    assert not (tmp_path / "bars.csv.gz").exists()
    with (tmp_path / "bars.csv.gz.part").open("ab") as file:
        file.write(b'{"after_ns":17')  # a line that the end of the process has cut
    broker.asked.clear()
    said: list[str] = []
    asyncio.run(fetched(tmp_path / "bars.csv.gz", said))
    assert (tmp_path / "bars.csv.gz").read_bytes() == (tmp_path / "whole.csv.gz").read_bytes()
    assert sum("(there already)" in line for line in said) >= 1
    assert len(broker.asked) < whole
    assert not (tmp_path / "bars.csv.gz.part").exists()


def test_a_connection_that_is_lost_on_the_way_is_made_anew_and_nothing_is_missing(tmp_path: Path, broker: Broker) -> None:
    @on_a_loop
    async def fetch() -> None:
        async with Gateway(gateway_config(bars=weeks())) as gateway:

            def cut(number: int) -> None:
                if number == 2:
                    gateway.side.verbs.do("drop")

            broker.refuse = cut
            await download(request(gateway, tmp_path / "bars.csv"), lambda _: None, PACE)

    fetch()
    assert is_whole(tmp_path / "bars.csv")


@pytest.mark.parametrize("code", [162, pytest.param(420, marks=pytest.mark.slow), pytest.param(366, marks=pytest.mark.slow)])
def test_a_broker_that_says_we_ask_too_often_is_waited_for(tmp_path: Path, broker: Broker, code: int) -> None:
    broker.refuse = lambda number: Refusal(code, PACING) if 2 <= number <= 5 else None
    said: list[str] = []
    asyncio.run(fetched(tmp_path / "bars.csv", said))
    assert is_whole(tmp_path / "bars.csv")
    assert any("pacing violation" in line for line in said)


@pytest.mark.slow
def test_by_the_pacing_rules_counted_for_real_nothing_is_refused(tmp_path: Path) -> None:
    said: list[str] = []

    @on_a_loop
    async def fetch() -> None:
        async with Gateway(gateway_config(bars=weeks())) as gateway:
            gateway.side.verbs.do("pace on")
            await download(request(gateway, tmp_path / "bars.csv"), said.append)

    fetch()
    assert is_whole(tmp_path / "bars.csv")
    assert not any("Refused" in line for line in said)


def test_a_refusal_that_stays_ends_in_one_sentence_keeps_what_has_come_and_says_so(tmp_path: Path, broker: Broker) -> None:
    broker.refuse = lambda number: Refusal(162, PACING) if number >= 3 else None
    with pytest.raises(DataRefused, match="pacing violation"):
        asyncio.run(fetched(tmp_path / "bars.csv"))
    assert (tmp_path / "bars.csv.part").exists()
    broker.refuse = lambda _: None
    asyncio.run(fetched(tmp_path / "bars.csv"))
    assert is_whole(tmp_path / "bars.csv")


@pytest.mark.slow
def test_one_day_that_is_refused_among_others_is_not_left_out_in_silence(tmp_path: Path, broker: Broker) -> None:
    day = "20250924-21:00:00"

    def refuse(number: int) -> Refusal | None:
        asked = broker.asked[number - 1]
        return Refusal(162, PACING) if asked["duration"].endswith("D") or asked["endDateTime"] == day else None

    broker.refuse = refuse
    with pytest.raises(DataRefused, match="pacing violation"):
        asyncio.run(fetched(tmp_path / "bars.csv"))


def test_where_there_are_no_data_one_sentence_says_so_and_nothing_is_left(tmp_path: Path, broker: Broker) -> None:
    broker.refuse = lambda _: Refusal(162, "Historical Market Data Service error message:HMDS query returned no data: MESZ5@CME Trades")
    with pytest.raises(DataRefused, match="there are no minutes of MESZ5 from 2025-09-17 to 2025-10-01") as error:
        asyncio.run(fetched(tmp_path / "bars.csv"))
    assert "\n" not in str(error.value)
    assert not (tmp_path / "bars.csv").exists()


def test_it_connects_under_an_id_of_its_own_beside_the_bot_and_asks_for_no_order(tmp_path: Path) -> None:
    frames = tmp_path / "frames.jsonl"

    @on_a_loop
    async def fetch() -> None:
        async with Gateway(gateway_config(bars=weeks(), frames=frames)) as gateway:
            await download(request(gateway, tmp_path / "bars.csv", first=LAST), lambda _: None, PACE)

    fetch()
    lines = [json.loads(line) for line in frames.read_text(encoding="utf-8").splitlines()]
    kinds = {line["kind"] for line in lines if line.get("kind", "").startswith(("req", "place", "cancel", "start"))}
    assert kinds <= {"startApi", "reqCurrentTime", "reqContractDetails", "reqHistoricalData", "reqIds", "reqManagedAccts"}, kinds
    assert "reqHistoricalData" in kinds
    assert "1007" in frames.read_text(encoding="utf-8")


def test_the_own_id_is_another_than_the_bots_at_both_ends_of_what_there_are() -> None:
    for number in (1, 7, MAX_CLIENT_ID):
        own = own_endpoint(Endpoint("127.0.0.1", 4002, "", number)).client_id
        assert own != number and 1 <= own <= MAX_CLIENT_ID


@pytest.mark.parametrize("month", ["MESZ5", "2025-12"])
def test_a_month_can_be_named_and_one_that_does_not_exist_names_those_that_do(tmp_path: Path, month: str) -> None:
    assert asyncio.run(fetched(tmp_path / "bars.csv", first=LAST, month=month)) == "MESZ5"
    with pytest.raises(ContractNotFound, match=r"no month MESZ9 is listed; found MES.*Name one of them with --month"):
        asyncio.run(fetched(tmp_path / "other.csv", first=LAST, month="MESZ9"))


def test_a_part_of_another_month_or_of_nothing_is_refused(tmp_path: Path) -> None:
    part = tmp_path / "bars.csv.part"
    PartFile(part, 4711).add(1, 2, [])
    with pytest.raises(UsageError, match=r"bars\.csv\.part: is a part of another contract's download; remove it"):
        asyncio.run(fetched(tmp_path / "bars.csv", first=LAST))
    part.write_text("a letter\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"bars\.csv\.part: is no part of a download"):
        asyncio.run(fetched(tmp_path / "bars.csv", first=LAST))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"last": DAY}, r"--to 2025-10-02: that trading day has not ended at the gateway; the last one that has is 2025-10-01"),
        ({"first": DAY, "last": None}, r"--from 2025-10-02: that trading day has not ended"),
        ({"last": FIRST - dt.timedelta(days=1)}, r"--from 2025-09-17 is after --to 2025-09-16; swap them"),
    ],
)
def test_days_that_cannot_be_had_are_refused(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        asyncio.run(fetched(tmp_path / "bars.csv", **changes))


def test_without_an_end_the_last_day_that_has_ended_is_the_last(tmp_path: Path) -> None:
    asyncio.run(fetched(tmp_path / "bars.csv", first=dt.date(2025, 9, 30), last=None))
    assert read_bars(tmp_path / "bars.csv", CONTRACTS).to_list()[-1] == wanted()[-1]


def test_a_gateway_that_never_answers_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broker: Broker) -> None:
    monkeypatch.setattr(fetching, "PATIENCE_SECONDS", 200.0)

    @on_a_loop
    async def fetch() -> None:
        async with Gateway(gateway_config(bars=weeks())) as gateway:

            def cut(_: int) -> None:
                gateway.side.verbs.do("drop")

            broker.refuse = cut
            with pytest.raises(MesbotError) as error:
                await download(request(gateway, tmp_path / "bars.csv"), lambda _: None, PACE)
            assert "\n" not in str(error.value)

    fetch()


@pytest.mark.parametrize(
    ("environ", "code", "said"),
    [
        ({}, 2, "mesbot data download: no broker is configured; set TWS_HOST and TWS_PORT"),
        ({"TWS_PORT": "1"}, 1, "Gateway unreachable: nothing answers at 127.0.0.1:1"),
        ({"TWS_PORT": "x"}, 2, "TWS_PORT=x must be a whole number"),
    ],
)
def test_without_a_gateway_it_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], code: int, said: str
) -> None:
    for name in ("TWS_HOST", "TWS_PORT", "TWS_ACCOUNT", "TWS_CLIENT_ID"):
        monkeypatch.delenv(name, raising=False)
    words = ["data", "download", "--from", "2025-09-15", "--out", str(tmp_path / "bars.csv")]
    result = CliRunner().invoke(cli, words, env=environ)
    assert result.exit_code == code
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "bars.csv").write_text("mine", encoding="utf-8")
    words = ["data", "download", "--from", "2025-09-15", "--out", str(tmp_path / "bars.csv")]
    result = CliRunner().invoke(cli, words, env={"TWS_PORT": "1"})
    assert (result.exit_code, "is there already and is not replaced" in result.stderr) == (2, True)
