"""What each state of the link allows: the way out depends on the connection alone, entries on everything."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import tempfile
from pathlib import Path

import pytest
from ibkr_rig import Ear, Rig, bracket, gateway_config, new_session, on_a_loop, rig, until
from test_ibkr_live_node import held, minutes, text_of
from test_ibkr_recovery import ENTRY, STOP, TARGET, Stage, on_stage

from bot.gateway.gateway import Gateway
from bot.ibkr import errors as e
from bot.ibkr.link.link_state import LinkState
from bot.ibkr.orders.order_state import Draft
from bot.node.kill_request import leave_request

EXIT = f"{ENTRY[:-1]}X1"
QUESTIONS = {  # the message that ends an answer -> what is then not known
    "execDetailsEnd": "orders and executions",
    "openOrderEnd": "orders and executions",
    "positionEnd": "positions",
    "accountDownloadEnd": "account values",
    "contractDetailsEnd": "contract months",
}


@pytest.mark.parametrize("state", list(LinkState))
def test_what_a_state_allows_is_listed_and_entries_need_more_than_the_way_out(state: LinkState):
    assert state.allows_way_out is (state in ("CONNECTED", "SYNCED", "DEGRADED"))
    assert state.allows_entries is (state == "SYNCED")


async def lives(r: Rig) -> None:
    """The loop turns, and the broker is heard."""
    async with asyncio.timeout(5.0):
        await r.session.link.connection.ask_named("reqCurrentTime", "currentTime", anew=True)


@on_a_loop
async def test_a_doubt_that_arises_while_the_broker_is_away_starves_nobody():
    async with rig() as r:
        r.place(*bracket(r.price - 20))
        await r.working("B-E", "B-S", "B-T")
        await r.do("err 1100")
        await until(lambda: r.session.link.state is LinkState.CUT)
        await r.do(f"err 9999 {r.session.orders.orders['B-S'].order_id}")
        await until(lambda: r.ear.heard(e.UnclassifiedBrokerMessage), seconds=5)
        await lives(r)
        await r.do("err 1102")
        await until(lambda: r.session.link.allows_entries)


@on_a_loop
async def test_a_fill_that_is_told_as_a_status_first_after_a_cut_starves_nobody():
    async with rig() as r:
        r.place(*bracket(r.price - 20))
        await r.working("B-E", "B-S", "B-T")
        await r.do("err 1100")
        await until(lambda: r.session.link.state is LinkState.CUT)
        await r.do("fill B-E")
        await r.do("err 1102")
        await r.do("status Filled B-E")
        await until(lambda: r.ear.of("B-E")[-1] == "filled", lambda: r.ear.events, seconds=5)
        await lives(r)


@pytest.mark.parametrize(("end", "what"), QUESTIONS.items())
def test_a_question_that_is_never_answered_locks_entries_and_leaves_the_way_out_open(end: str, what: str):
    @on_a_loop
    async def run() -> None:
        async with rig(pace=20.0, request_timeout_seconds=0.2) as r:
            r.place(Draft("A-E", "BUY", 1, "LMT", limit=r.price - 5))
            await r.working("A-E")
            await r.do(f"swallow {end} all")
            await r.do("drop")
            await until(lambda: r.session.link.state is LinkState.DEGRADED, lambda: r.ear.states)
            block = r.session.entry_block()
            assert isinstance(block, e.NotSynced) and f"{what} not known since 10:00:00 New York" in block.text
            assert r.ear.heard(e.NotSynced) and r.session.link.generation == 2
            r.place(Draft("A-X", "SELL", 1, "LMT", limit=r.price + 50))
            r.session.orders.cancel("A-E")
            await until(lambda: r.refs() == ["A-X"], r.refs)
            await r.do("calm")
            await until(lambda: r.session.link.state is LinkState.SYNCED, lambda: r.session.entry_block())
            assert not isinstance(r.session.entry_block(), e.NotSynced) and r.session.link.generation == 2

    run()


@on_a_loop
async def test_a_question_is_asked_three_times_before_it_counts_as_missing_and_then_every_minute():
    async with rig(pace=50.0, request_timeout_seconds=0.2) as r:
        link = r.session.link
        await r.do("swallow execDetailsEnd all")
        r.session.orders.doubtful()
        await until(lambda: link.state is LinkState.DEGRADED, lambda: r.ear.states)
        assert [question.tries for question in link.questions.open.values()] == [3]
        began = link.seconds()
        await until(lambda: [question.tries for question in link.questions.open.values()] == [4])
        assert 55 <= link.seconds() - began <= 90
        assert r.ear.states == ["CONNECTED", "SYNCED", "CONNECTED", "DEGRADED"] and r.ear.charges == []


@pytest.mark.parametrize("end", ["accountDownloadEnd", "positionEnd", "contractDetailsEnd"])
def test_no_silence_of_another_question_holds_up_what_an_exit_waits_for(end: str):
    @on_a_loop
    async def run() -> None:
        async with rig(request_timeout_seconds=5.0) as r:
            link = r.session.link
            await r.do(f"swallow {end} all")
            await r.do("drop")
            await until(lambda: link.generation == 2 and "orders and executions" not in link.questions.open, seconds=3)
            assert QUESTIONS[end] in link.questions.open
            assert (end == "positionEnd") == ("positions" in link.questions.open)

    run()


@pytest.mark.parametrize("way_out", [True, False])
@pytest.mark.parametrize("surprising", [ValueError("surprise"), asyncio.CancelledError("surprise")])
def test_a_question_that_fails_in_a_way_nobody_foresaw_is_unanswered_and_the_others_are_asked(surprising: BaseException, way_out: bool):
    on_a_loop(lambda: surprised(surprising, way_out))()


async def surprised(surprising: BaseException, way_out: bool) -> None:
    async with rig(pace=50.0) as r:
        link, asked = r.session.link, []

        async def surprise(_: object) -> None:
            raise surprising

        async def after(_: object) -> None:
            asked.append(True)

        link.questions.add("what is new", surprise, way_out=way_out)
        link.questions.add("the one after it", after)
        await r.do("err 1102")
        await until(lambda: link.state is LinkState.DEGRADED, lambda: r.ear.states)
        assert asked and "surprise" in r.ear.heard(e.ProtocolError).text
        assert "what is new not known" in r.session.entry_block().text and link.generation == 1


@on_a_loop
async def test_a_socket_on_which_not_even_the_heartbeat_is_answered_is_replaced_while_questions_are_open():
    async with rig(pace=50.0, request_timeout_seconds=0.3) as r:
        await r.do("swallow execDetailsEnd all")
        r.session.orders.doubtful()
        await until(lambda: r.session.link.state is LinkState.DEGRADED, lambda: r.ear.states)
        await r.do("swallow currentTime 1")
        await until(lambda: r.session.link.generation == 2)


@on_a_loop
async def test_a_cut_whose_end_is_never_told_ends_once_ibkr_itself_answers():
    async with rig(pace=50.0) as r:
        link = r.session.link
        await r.do("err 1100")
        await until(lambda: link.state is LinkState.CUT)
        began = link.seconds()
        await until(lambda: link.seconds() - began > 70)
        assert link.state is LinkState.CUT, "it was asked, and the gateway alone cannot answer"
        await r.do("swallow error 1")
        await r.do("err 1102")
        await lives(r)
        assert link.state is LinkState.CUT, "nobody has heard of it"
        await until(lambda: link.state is LinkState.SYNCED, lambda: r.ear.states)
        assert link.generation == 1 and r.ear.states[-3:] == ["CUT", "CONNECTED", "SYNCED"]


@on_a_loop
async def test_what_is_asked_to_be_cancelled_while_the_broker_is_away_goes_before_any_question():
    async with rig() as r:
        r.place(*bracket(r.price - 5))
        await r.working("B-E", "B-S", "B-T")
        await r.do("err 1100")
        await until(lambda: r.session.link.state is LinkState.CUT)
        r.session.orders.cancel("B-E")
        sent, send = [], r.session.link.connection.send
        r.session.link.connection.send = lambda request, *arguments: (sent.append(request), send(request, *arguments))
        await r.do("err 1102")
        await until(lambda: "canceled" in r.ear.of("B-E") and r.session.link.allows_entries)
        assert sent[0] == "cancelOrder" and {"reqPositions", "reqAllOpenOrders", "reqExecutions"} < set(sent)


@pytest.mark.parametrize("away", ["err 1100", "refuse on", "swallow execDetailsEnd all"])
def test_a_kill_goes_out_as_soon_as_there_is_a_way(tmp_path, away):
    @on_stage
    async def run(stage: Stage) -> None:
        await held(stage)
        async with stage.restarted() as node:
            link = node.session.link
            told = stage.do(away)
            if told is not None:
                await told
            if away != "err 1100":
                stage.do("drop")
                await until(lambda: link.generation == 2 or not link.allows_way_out)
            else:
                await until(lambda: link.state is LinkState.CUT)
            leave_request(stage.path, "test")
            await until(lambda: node.risk._supervisor.kill_state.value == "TRIPPED")
            if not link.allows_way_out:
                assert stage.working == {STOP, TARGET}
                back = stage.do("err 1102" if away == "err 1100" else "refuse off")
                if back is not None:
                    await back
            await until(lambda: EXIT in stage.working, lambda: (stage.working, stage.news(), link.state))
            stage.do(f"fill {EXIT}")
            await until(lambda: node.risk._supervisor.kill_state.value == "HALTED", lambda: stage.news())
            stage.do("calm")
        assert stage.working == set()

    run(tmp_path)


@on_stage
async def test_the_state_of_the_link_is_shown_said_decided_and_journaled(stage: Stage) -> None:
    stage.write()
    async with stage.restarted() as node:
        said: list[str] = []
        node.say = said.append
        stage.do("err 1100")
        await until(lambda: node.session.link.state is LinkState.CUT)
        assert "the link is CUT since 10:00:00 New York: the gateway has lost IBKR" in " ".join(text_of(node.screen.glance).split())
        await minutes(stage, 1)
        stage.do("err 1102")
        await until(lambda: node.session.link.state is LinkState.SYNCED)
        assert any("SYNCED again" in line for line in said)
    with sqlite3.connect(stage.path) as db:
        records = [json.loads(body) for (body,) in db.execute("SELECT body FROM records WHERE kind = 'reconcile' ORDER BY seq")]
    assert [record["found"] for record in records] == ["Link", "Link"]
    assert "CUT" in records[0]["text"] and records[1]["text"] == "the link is SYNCED again"


@on_stage
async def test_a_position_in_a_contract_that_has_ended_is_a_kill_and_not_a_retry_without_end(stage: Stage) -> None:
    await held(stage)
    async with stage.restarted() as node:
        stage.do("expire MESZ5")
        await until(lambda: node.risk._supervisor.kill_state.value == "TRIPPED", lambda: stage.news())
    with sqlite3.connect(stage.path) as db:
        (body,) = db.execute("SELECT body FROM records WHERE kind = 'kill'").fetchone()
    assert "refused" in json.loads(body)["reason"]


# ------------------------------------------------------------------------------ ids


@on_a_loop
async def test_order_ids_that_are_too_high_refuse_the_start_with_the_remedy():
    async with Gateway(gateway_config()) as gateway:
        session = new_session(gateway.port, Ear())
        gateway.side.verbs.do("next-id 1000000000")
        with pytest.raises(e.OrderIdsUsedUp, match=r"1,000,000,000.*Reset the API order id sequence"):
            await session.start()


@on_a_loop
async def test_order_ids_that_become_too_high_while_we_run_lock_entries_and_leave_the_way_out_open():
    async with rig() as r:
        await r.do("next-id 1000000500")
        await r.do("drop")
        await until(lambda: r.session.link.generation == 2 and r.session.link.allows_entries)
        assert isinstance(r.session.entry_block(), e.OrderIdsUsedUp) and r.ear.heard(e.OrderIdsUsedUp)
        r.place(Draft("A-X", "SELL", 1, "LMT", limit=r.price + 50))
        await r.working("A-X")


@on_a_loop
async def test_ids_that_cannot_be_kept_lock_entries_until_they_are_and_hold_up_nothing_else():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "state"
        async with rig(ids_path=folder / "ids.json") as r:
            (folder / "ids.json").unlink()
            folder.rmdir()
            folder.write_text("in the way")
            await r.do("drop")
            await until(lambda: r.session.link.generation == 2 and r.session.link.allows_entries)
            assert isinstance(r.session.entry_block(), e.OrderIdsNotKept) and r.ear.heard(e.OrderIdsNotKept)
            r.place(Draft("A-X", "SELL", 1, "LMT", limit=r.price + 50))
            await r.working("A-X")
            folder.unlink()
            await until(lambda: r.session.entry_block() is None)
            assert json.loads((folder / "ids.json").read_text()) == {"DU1234567:7": 53}, "a question and an order so far"
