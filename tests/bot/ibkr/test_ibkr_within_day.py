"""A restart within the trading day under other contracts: the product's own node on the simulated gateway."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from changed_contracts import edited
from ibkr_rig import TEN, until
from plain_journal import plain
from test_ibkr_live_node import minutes
from test_ibkr_recovery import DECIDED, ENTRY, NAME, STOP, TARGET, Stage, on_stage

from bot.contracts import Contracts, load_contracts
from bot.errors import JournalError
from bot.ibkr.link.endpoint import Endpoint
from bot.journal.contracts import TRADING_DAY, last_law, newest_contracts
from bot.journal.records import Kind, QualityRecord
from bot.journal.store import Journal
from bot.journal.verify import verify
from bot.node import broker_run
from bot.node.broker_run import Meeting, broker_config, broker_node_config, meet, trade
from bot.node.journals import FOLDER
from bot.node.node import MesbotNode
from bot.node.request import BrokerRequest, Mode
from bot.node.turn import Turn
from bot.runtime.runtime import runtime_of
from bot.units import HOUR_NS, MINUTE_NS

EVENING_NS = TEN + 8 * HOUR_NS  # 18:00 New York
LOOSER = ("constitution.yaml", "max_trades_per_day: 2", "max_trades_per_day: 4")
STRICTER = ("constitution.yaml", "max_losses: 2", "max_losses: 1")
NEITHER = ("strategies.yaml", "prior_weight: 20.0", "prior_weight: 10.0")
GATES = "{{enter: {}, hold: {}, kill: 0.30}}"
HOLD = [  # EQS is held above 0.9, and an order that is unknown takes 0.25 of it
    (file, GATES.format("0.75", "0.60"), GATES.format("0.95", "0.90")) for file in ("constitution.yaml", "execution_contract.yaml")
]


@pytest.fixture(autouse=True)
def ids_are_kept_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path))


class Home:
    """The stage with its journal where a run looks for it, and a folder of contracts that a person edits."""

    def __init__(self, stage: Stage) -> None:
        self.state = stage.path.parent
        (self.state / FOLDER).mkdir()
        self.stage = Stage(stage.gateway, self.state / FOLDER, target_ticks=400)  # so far that no minute reaches it
        self.contracts = edited(self.state / "contracts")

    def edit(self, *edits: tuple[str, str, str]) -> Contracts:
        """Change the files; what they say then."""
        return load_contracts(edited(self.contracts, *edits))

    @property
    def request(self) -> BrokerRequest:
        where = Endpoint("127.0.0.1", self.stage.gateway.port, "", 7)
        return BrokerRequest(where, Mode.PAPER, False, self.state, self.contracts, warm_up_days=1, start_seconds=20)

    def turn(self, met: Meeting, node: MesbotNode, say: Callable[[str], None]) -> Turn:
        """What takes up what waits after this start."""
        calendar = runtime_of(node.desk._config.runtime).calendar
        return Turn(self.request, met.contracts, met.law.waits_until_ns, met.journals.year, calendar, say)

    @asynccontextmanager
    async def started(self, met: Meeting) -> AsyncIterator[MesbotNode]:
        """The node of a start."""
        broker = broker_config(self.request, met)
        node = MesbotNode(broker_node_config(self.request, met, broker), broker)
        try:
            await node.start(20.0)
            await node.warmed_up()
            yield node
        finally:
            await node.stop()

    async def held(self, under: Contracts) -> None:
        """A run under these contracts that ended with an open position, its bracket at the broker, and an EQS of 0.75."""
        await self.stage.place()
        self.stage.do(f"fill {ENTRY}")
        self.stage.write("OrderSubmitted", "OrderAccepted", filled=True, under=under)
        with Journal.append(self.stage.path, "paper", under, {}, time.time_ns) as journal:
            journal.add(Kind.QUALITY, DECIDED, QualityRecord("EQS", "order_unknown", 0.25))

    async def first_management(self, met: Meeting) -> str:
        """What the restarted node does with the open trade on its first bars."""
        async with self.started(met) as node:
            await minutes(self.stage, 2)
            await until(lambda: node.screen.last_bar_ns >= TEN + 2 * MINUTE_NS and node.risk.idle())
        with plain(self.stage.path) as db:
            rows = db.execute("SELECT body FROM records WHERE kind = 'decision' AND strategy = 'K1' ORDER BY seq").fetchall()
        return next(body["sentence"] for (text,) in rows if (body := json.loads(text))["action"] in ("MANAGE", "EXIT"))


SHIPPED = load_contracts()


# -------------------------------------------------------------------- within the day


@on_stage
async def test_looser_contracts_are_read_and_those_of_the_day_stay_in_force(stage: Stage) -> None:
    home = Home(stage)
    stage = home.stage
    stage.write()
    home.edit(LOOSER, NEITHER)
    met = await meet(home.request)
    assert "2 keys are looser or neither and wait until 18:00 New York of 2025-10-02" in met.law.told
    async with home.started(met) as node:
        runtime = runtime_of(node.desk._config.runtime)
        assert (runtime.limits.max_trades, runtime.limits.euc.prior_weight) == (2, 20.0)
    assert last_law([stage.path]).sha256 == SHIPPED.sha256 and last_law([stage.path]).trading_day == "2025-10-02"


@on_stage
async def test_stricter_keys_count_at_once_in_a_set_of_their_own_in_the_journal(stage: Stage) -> None:
    home = Home(stage)
    stage = home.stage
    stage.write()
    read = home.edit(LOOSER, STRICTER)
    met = await meet(home.request)
    async with home.started(met) as node:
        runtime = runtime_of(node.desk._config.runtime)
        assert (runtime.limits.max_trades, runtime.limits.max_losses) == (2, 1)
    law = newest_contracts(stage.path)
    assert law.sha256 == met.law.contracts.sha256 == law.hashed().sha256 not in (read.sha256, SHIPPED.sha256)
    assert (law.constitution.frequency.max_trades_per_day, law.constitution.losing_streak.max_losses) == (2, 1)
    verify(stage.path)
    again = await meet(home.request)
    assert again.law.contracts.sha256 == law.sha256 and "counts now" not in again.law.told


@on_stage
async def test_contracts_of_the_day_that_nobody_can_read_refuse_the_start_before_the_node_is_made(stage: Stage) -> None:
    home = Home(stage)
    stage = home.stage
    elsewhere = SHIPPED.session.model_copy(update={"timezone": "Europe/Berlin"})
    strange = SHIPPED.model_copy(update={"sha256": "feed" * 16, "session": elsewhere})
    stage.write(under=strange)
    with pytest.raises(JournalError, match=r"feedfeedfeed were recorded .* until 18:00 New York of 2025-10-02: start again after that"):
        await meet(home.request)


# --------------------------------------------------------------------- an open trade


@on_stage
async def test_an_open_trade_is_not_managed_by_contracts_that_became_stricter_since(stage: Stage) -> None:
    home = Home(stage)
    stage = home.stage
    await home.held(SHIPPED)
    home.edit(*HOLD)
    met = await meet(home.request)
    assert "4 keys are stricter and count now" in met.law.told
    assert met.law.told.endswith(f"the open trade {NAME} keeps those that it was opened under ({SHIPPED.sha256[:12]}).")
    assert "below hold" not in await home.first_management(met)


@on_stage
async def test_an_open_trade_is_managed_by_its_own_contracts_when_looser_ones_are_in_force(stage: Stage) -> None:
    home = Home(stage)
    stage = home.stage
    await home.held(load_contracts(edited(home.state / "strict", *HOLD)))
    with Journal.append(stage.path, "paper", SHIPPED, {TRADING_DAY: "2025-10-02"}, time.time_ns):
        pass  # as a run of the day before today's would have left it: the trade is older than the law of the day
    met = await meet(home.request)
    assert (met.law.contracts.sha256, met.law.waits_until_ns) == (SHIPPED.sha256, 0) and NAME in met.law.told
    assert "EQS 0.7" in (said := await home.first_management(met)) and "below hold 0.90" in said


# -------------------------------------------------------------- the end of the day


def made_nodes(monkeypatch: pytest.MonkeyPatch) -> list[MesbotNode]:
    """Every node that a run makes from now on."""
    made: list[MesbotNode] = []

    def noted(*args: object) -> MesbotNode:
        made.append(MesbotNode(*args))
        return made[-1]

    monkeypatch.setattr(broker_run, "MesbotNode", noted)
    return made


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch) -> list[MesbotNode]:
    return made_nodes(monkeypatch)


def test_a_running_node_takes_up_at_18_00_what_waited(tmp_path: Path, nodes: list[MesbotNode]) -> None:
    @on_stage
    async def run(stage: Stage) -> None:
        home, said = Home(stage), []
        stage = home.stage
        stage.write()
        read = home.edit(LOOSER, NEITHER)
        running = asyncio.ensure_future(trade(home.request, await meet(home.request), say=said.append))
        await until(lambda: running.done() or (nodes and nodes[0].desk.begun.is_set()))
        assert newest_contracts(stage.path).sha256 == SHIPPED.sha256
        stage.do("clock +8h")
        stage.do("drop")
        await until(lambda: running.done() or (len(nodes) == 2 and nodes[1].desk.begun.is_set()), lambda: said)
        assert newest_contracts(stage.path).sha256 == read.sha256 and said[-1].startswith("The contracts that waited count now")
        nodes[1].stopping.set()
        result = await running
        assert result.notes == ("Stopped; nothing is open.",) and len(nodes) == 2
        verify(stage.path)

    run(tmp_path)


def test_a_person_who_stops_the_run_stops_it_though_contracts_wait(tmp_path: Path, nodes: list[MesbotNode]) -> None:
    @on_stage
    async def run(stage: Stage) -> None:
        home = Home(stage)
        stage = home.stage
        stage.write()
        home.edit(LOOSER)
        running = asyncio.ensure_future(trade(home.request, await meet(home.request)))
        await until(lambda: running.done() or (nodes and nodes[0].desk.begun.is_set()))
        nodes[0].stopping.set()
        assert (await running).notes == ("Stopped; nothing is open.",) and len(nodes) == 1

    run(tmp_path)


def at(moment_ns: int) -> SimpleNamespace:
    """The clock of a session that stands at a moment."""
    return SimpleNamespace(now_ns=lambda: moment_ns, replay=True)


@on_stage
async def test_the_turn_comes_at_18_00_and_not_before_and_only_for_the_files_that_were_read(stage: Stage) -> None:
    home, said = Home(stage), []
    stage = home.stage
    stage.write()
    home.edit(LOOSER)
    met = await meet(home.request)
    async with home.started(met) as node:
        calendar = runtime_of(node.desk._config.runtime).calendar
        turn = Turn(home.request, met.contracts, met.law.waits_until_ns, 2025, calendar, said.append)
        none = Turn(home.request, met.contracts, 0, 2025, calendar, said.append)
        node.session.clock = at(EVENING_NS - 1)
        assert not turn.due(node)
        node.session.clock = at(EVENING_NS)
        await until(lambda: turn.due(node))
        assert not none.due(node) and said == []
        home.edit(STRICTER)
        assert not turn.due(node) and not turn.due(node)
        assert len(said) == 1 and "changed again since the start and are not taken up; the contracts in force stay" in said[0]


@on_stage
async def test_files_that_are_broken_at_18_00_leave_the_contracts_in_force(stage: Stage) -> None:
    home, said = Home(stage), []
    stage = home.stage
    stage.write()
    home.edit(LOOSER)
    met = await meet(home.request)
    async with home.started(met) as node:
        turn = home.turn(met, node, said.append)
        node.session.clock = at(EVENING_NS)
        (home.contracts / "session.yaml").unlink()
        await until(lambda: turn.due(node) or said)
        assert not turn.due(node) and "cannot be taken up" in said[0] and "session.yaml: the file is missing" in said[0]


@on_stage
async def test_the_turn_waits_for_the_link_and_never_comes_with_an_open_trade(stage: Stage) -> None:
    home = Home(stage)
    stage = home.stage
    await home.held(SHIPPED)
    home.edit(LOOSER)
    met = await meet(home.request)
    async with home.started(met) as node:
        turn = home.turn(met, node, pytest.fail)
        clock, node.session.clock = node.session.clock, at(EVENING_NS)
        assert not turn.due(node) and stage.working == {STOP, TARGET}
        node.session.clock = clock
        stage.do(f"fill {STOP}")
        await until(lambda: not node.risk.open_trades() and not stage.working and node.risk.idle())
        node.session.clock = at(EVENING_NS)
        await until(lambda: turn.due(node))
        node.session.clock = clock
        await stage.do("refuse on")
        stage.do("drop")
        await until(lambda: not node.session.link.allows_entries)
        node.session.clock = at(EVENING_NS)
        assert not turn.due(node)


@on_stage
async def test_a_turn_that_the_next_session_has_overtaken_waits_for_the_end_of_that_day(stage: Stage) -> None:
    home, said = Home(stage), []
    stage = home.stage
    stage.write()
    home.edit(LOOSER)
    met = await meet(home.request)
    async with home.started(met) as node:
        turn = home.turn(met, node, said.append)
        node.session.clock = at(TEN + 24 * HOUR_NS)
        await until(lambda: turn.due(node) or said)
        assert not turn.due(node) and "until this trading day ends too" in said[0]
        node.session.clock = at(EVENING_NS + HOUR_NS)
        assert not turn.due(node)
        node.session.clock = at(EVENING_NS + 24 * HOUR_NS)
        assert turn.due(node) and len(said) == 1
