"""What other hands do to our positions and orders, through the whole node: nothing is sold that is not held, nothing is forgotten."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from ibkr_rig import Draft, until
from test_ibkr_recovery import DECIDED, ENTRY, NAME, STOP, TARGET, Stage, on_stage, sent_in_the_last_moment

from bot.contracts import load_contracts
from bot.decision.snapshot import KillState
from bot.ibkr import errors as e
from bot.ibkr.orders import position_check
from bot.ibkr.orders.order_state import Phase
from bot.journal.latch import Latch, Latched
from bot.journal.read import opened, read
from bot.journal.records import Kind
from bot.journal.store import Journal
from bot.journal.verify import verify
from bot.messages import TOPIC_KILL_TRIGGER, KillTrigger
from bot.node.node import MesbotNode
from bot.runtime.past import past_of
from bot.units import TICK_POINTS


def held(stage: Stage) -> int:
    """Contracts that the broker holds for us."""
    (account,) = stage.gateway.broker.accounts.values()
    return account.position(stage.gateway.instruments.front).contracts


async def entered(stage: Stage) -> None:
    """A position with its bracket, which a run has left behind."""
    await stage.place()
    stage.do(f"fill {ENTRY}")
    stage.write("OrderSubmitted", "OrderAccepted", filled=True)


async def ghost(stage: Stage, node: MesbotNode) -> int:
    """Change the stop where the gateway takes that for an order of its own, and keeps both: the permId of the one that is followed."""
    orders = node.session.orders
    stage.do("ghost-modify")
    tracked = orders.orders[STOP].perm_id
    orders.modify(STOP, 1, None, orders.orders[STOP].draft.stop + TICK_POINTS)
    await until(lambda: "duplicate" in orders.halts)
    return tracked


async def goes_on(stage: Stage, bars: int = 4) -> None:
    """The market moves on."""
    for _ in range(bars * 12):
        await stage.do("step 1")
        await asyncio.sleep(0.01)


async def killed(stage: Stage, node: MesbotNode) -> None:
    """A person kills, and it is flat with nothing left."""
    node.kill("out")
    await goes_on(stage, 1)
    await until(lambda: not node.risk.open_trades(), lambda: stage.news())
    assert held(stage) == 0 and not stage.working


def closed_as(stage: Stage) -> list[str]:
    past = past_of([stage.path])
    assert not past.unfinished
    return [outcome.exit_reason for outcome in past.outcomes]


def over_before_the_kill(stage: Stage) -> bool:
    """Whether the start had found out by itself already, when the kill came: on a slow machine it may."""
    with opened(stage.path) as db:
        return next(read(db, Kind.OUTCOME, Kind.KILL)).kind is Kind.OUTCOME


@on_stage
async def test_a_position_that_a_person_closes_is_over_and_nothing_is_sold_again(stage: Stage) -> None:
    await entered(stage)
    async with stage.restarted() as node:
        stage.do("manual sell 1 MESZ5")
        await until(lambda: not node.risk.open_trades() and not stage.working, lambda: (stage.working, stage.news()))
        await goes_on(stage)
        assert held(stage) == 0 and not stage.working
        assert isinstance(node.session.entry_block(), e.ClosedElsewhere)
    assert closed_as(stage) == ["RECONCILED"]
    assert past_of([stage.path]).kill_state.value == "ARMED"


@pytest.mark.parametrize("kill", [False, True])
def test_a_position_that_a_person_closed_while_nobody_ran_is_over_even_if_a_kill_is_asked_at_once(tmp_path: Path, kill: bool) -> None:
    @on_stage
    async def play(stage: Stage) -> None:
        await entered(stage)
        stage.do("manual sell 1 MESZ5")
        async with stage.restarted() as node:
            if kill:
                node.kill("out")
            await until(lambda: not node.risk.open_trades() and not stage.working, lambda: (stage.working, stage.news()))
            await goes_on(stage)
            assert held(stage) == 0 and not stage.working
        assert closed_as(stage) == ["MANUAL" if kill and not over_before_the_kill(stage) else "RECONCILED"]
        assert past_of([stage.path]).kill_state.value == ("HALTED" if kill else "ARMED")

    play(tmp_path)


@pytest.mark.slow
@on_stage
async def test_a_stop_that_filled_in_a_night_that_executions_do_not_reach_back_to_is_booked(stage: Stage) -> None:
    stage = Stage(stage.gateway, stage.path.parent, target_ticks=400)  # so far that no minute reaches what is put back
    await entered(stage)
    stage.do(f"fill {STOP}")
    stage.gateway.broker.exchange.executions.clear()
    stage.gateway.broker.exchange.completed.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(position_check, "OUTLAST_SECONDS", 8.0)
        async with stage.restarted() as node:
            await until(lambda: isinstance(node.session.entry_block(), e.PositionMismatch))
            assert node.risk.open_trades(), "it may be there all the same"
            await until(lambda: not node.risk.open_trades(), lambda: stage.news())
            await goes_on(stage)
            assert held(stage) == 0 and not stage.working
    assert closed_as(stage) == ["RECONCILED"]


def covered(stage: Stage) -> bool:
    """Whether a stop of another name than the first works."""
    return any(ref.startswith(STOP) and ref != STOP for ref in stage.working)


@pytest.mark.parametrize("silent", ["contractDetailsEnd", "accountDownloadEnd"])
def test_a_stop_that_is_lost_while_a_new_connection_asks_other_things_is_missed_at_once(silent: str, tmp_path: Path) -> None:
    @on_stage
    async def play(stage: Stage) -> None:
        await entered(stage)
        async with stage.restarted(heartbeat_seconds=30.0) as node:
            link = node.session.link
            stage.do(f"swallow {silent} all")
            stage.do("drop")
            await until(lambda: link.generation == 2 and link.allows_way_out and "orders and executions" not in link.questions.open)
            await lost_with_a_word(stage)

    play(tmp_path)


@pytest.mark.parametrize("silent", ["openOrderEnd", "execDetailsEnd", "completedOrdersEnd"])
def test_a_stop_that_an_unknown_error_is_said_of_covers_for_two_seconds_whatever_is_not_answered(silent: str, tmp_path: Path) -> None:
    @on_stage
    async def play(stage: Stage) -> None:
        await entered(stage)
        async with stage.restarted(heartbeat_seconds=30.0):
            stage.do(f"swallow {silent} all")
            await lost_with_a_word(stage)

    play(tmp_path)


async def lost_with_a_word(stage: Stage) -> None:
    """The broker says an error of the stop that no list has, and has it no more."""
    stage.do(f"err 999 {STOP} something new")
    stage.do(f"forget {STOP}")
    await until(lambda: covered(stage), lambda: (stage.working, stage.news()), seconds=3)


@on_stage
async def test_a_stop_that_ended_while_no_connection_was_is_replaced_though_the_answer_about_open_orders_is_lost(stage: Stage) -> None:
    await entered(stage)
    async with stage.restarted(heartbeat_seconds=30.0) as node:
        await stage.do("refuse on")
        stage.do("drop")
        await until(lambda: not node.session.link.allows_way_out)
        stage.do(f"kill {STOP} mistake")
        stage.do("swallow openOrderEnd 1")
        await stage.do("refuse off")
        await until(lambda: covered(stage), lambda: (stage.working, stage.news()), seconds=5)


@on_stage
async def test_an_account_that_is_wrongly_empty_after_a_restart_takes_neither_trade_nor_stop(stage: Stage) -> None:
    await entered(stage)
    stage.gateway.broker.exchange.executions.clear()
    stage.gateway.broker.exchange.completed.clear()
    stage.do("position MESZ5 0")
    async with stage.restarted() as node:
        await until(lambda: isinstance(node.session.entry_block(), e.PositionMismatch))
        await asyncio.sleep(2.0)
        assert node.risk.open_trades() and stage.working == {STOP, TARGET}
        stage.do("position MESZ5 1")
        await until(lambda: node.session.entry_block() is None)
        assert node.risk.open_trades() and stage.working == {STOP, TARGET} and stage.news() == []


@on_stage
async def test_our_stop_that_cannot_be_read_at_a_restart_stays_the_only_one(stage: Stage) -> None:
    await entered(stage)
    stage.do(f"garble openOrder all {STOP}")
    async with stage.restarted() as node:
        await until(lambda: isinstance(node.session.entry_block(), e.NotSynced))
        await asyncio.sleep(3.0)
        assert stage.working == {STOP, TARGET} and len(node.risk.open_trades()) == 1
        assert node.session.link.allows_way_out


@on_stage
async def test_what_a_person_buys_beside_ours_locks_entries_and_keeps_our_bracket(stage: Stage) -> None:
    await entered(stage)
    async with stage.restarted() as node:
        stage.do("manual buy 1 MESZ5")
        await until(lambda: isinstance(node.session.entry_block(), e.PositionMismatch))
        await asyncio.sleep(0.5)
        assert len(node.risk.open_trades()) == 1 and stage.working == {STOP, TARGET} and held(stage) == 2
    assert past_of([stage.path]).kill_state.value == "ARMED"


@on_stage
async def test_a_position_that_nothing_explains_trips_the_kill_switch_while_we_hold_one(stage: Stage) -> None:
    await entered(stage)
    async with stage.restarted() as node:
        stage.do("position MESZ5 3")
        await until(lambda: any("-1X" in ref for ref in stage.working), lambda: (stage.working, stage.news()))
        await goes_on(stage, 1)
        await until(lambda: not node.risk.open_trades(), lambda: (stage.working, stage.news()))
        assert held(stage) == 2, "ours is left, what is not ours stays"
    assert past_of([stage.path]).kill_reason == "only a person starts trading again: mesbot resume"


@on_stage
async def test_an_entry_that_the_broker_calls_filled_is_no_cancelled_one_while_its_execution_is_late(stage: Stage) -> None:
    await stage.place()
    stage.write("OrderSubmitted", "OrderAccepted")
    async with stage.restarted() as node:
        stage.do("swallow execDetails all")
        stage.do("drop")
        stage.do(f"fill {ENTRY}")
        await until(lambda: isinstance(node.session.entry_block(), e.ExecutionMissing | e.PositionMismatch), lambda: stage.news())
        await node.session.order_sync.check()
        assert stage.working == {STOP, TARGET} and held(stage) == 1
        stage.do("calm")
        await node.session.order_sync.check()
        await until(lambda: len(node.risk.open_trades()) == 1)
        await until(lambda: node.session.entry_block() is None)
        await killed(stage, node)
    assert len(closed_as(stage)) == 1


@on_stage
async def test_a_fill_after_its_entry_was_told_as_cancelled_is_a_trade_like_any_other(stage: Stage) -> None:
    await stage.place()
    stage.write("OrderSubmitted", "OrderAccepted")
    async with stage.restarted() as node:
        order = node.session.orders.orders[ENTRY]
        node.session.orders.end(order)  # whatever made us believe it
        await until(lambda: not node.risk.entries_live)
        stage.do(f"fill {ENTRY}")
        await until(lambda: len(node.risk.open_trades()) == 1, lambda: stage.news())
        await until(lambda: held(stage) == 1 and any("-1S" in ref for ref in stage.working), lambda: stage.working)
        assert node.risk._situation.book.view(DECIDED).trades_today == 1
        await killed(stage, node)
    assert len(closed_as(stage)) == 1


@on_stage
async def test_a_replacement_stop_and_its_target_end_each_other_while_nobody_runs(stage: Stage) -> None:
    await entered(stage)
    again = {f"{NAME}-1S1", f"{NAME}-1T1"}
    async with stage.restarted():
        stage.do(f"kill {STOP} mistake")
        await until(lambda: stage.working == again, lambda: stage.working)
    stage.do(f"fill {NAME}-1T1")
    assert not stage.working and held(stage) == 0
    async with stage.restarted() as node:
        assert not node.risk.open_trades()
    assert closed_as(stage) == ["TARGET"]


@on_stage
async def test_a_fill_whose_execution_is_late_is_booked_once_status_and_account_agree_and_counts_once_when_it_comes(stage: Stage) -> None:
    await entered(stage)
    async with stage.restarted() as node:
        stage.do("swallow execDetails all")
        stage.do(f"fill {TARGET}")
        await until(lambda: "untold" in node.session.orders.halts, lambda: node.session.orders.halts)
        await until(lambda: not node.risk.open_trades() and not stage.working, lambda: (stage.working, stage.news()))
        stage.do("calm")
        await node.session.order_sync.check()
        await until(lambda: node.session.entry_block() is None)
        assert held(stage) == 0 and len(stage.gateway.broker.exchange.executions) == 2
    assert closed_as(stage) == ["TARGET"]


@on_stage
async def test_a_reading_of_the_position_that_is_wrong_takes_nothing_away(stage: Stage) -> None:
    await entered(stage)
    async with stage.restarted() as node:
        stage.do("position MESZ5 0")
        await until(lambda: "position" in node.session.orders.halts)
        assert stage.working == {STOP, TARGET} and len(node.risk.open_trades()) == 1
        stage.do("position MESZ5 1")
        await until(lambda: node.session.entry_block() is None)
        assert stage.working == {STOP, TARGET}
    assert past_of([stage.path]).kill_state.value == "ARMED"


@on_stage
async def test_a_kill_while_the_position_reads_too_low_keeps_its_stop_and_closes_when_it_reads_right(stage: Stage) -> None:
    await entered(stage)
    async with stage.restarted() as node:
        stage.do("position MESZ5 0")
        node.kill("out")
        loop = asyncio.get_running_loop()
        later = loop.time() + 4.0  # longer than any doubt
        while loop.time() < later:
            assert STOP in stage.working and not any("-1X" in ref for ref in stage.working), (stage.working, stage.news())
            await asyncio.sleep(0.01)
        assert stage.working == {STOP}
        stage.do("position MESZ5 1")
        await until(lambda: any("-1X" in ref for ref in stage.working), lambda: (stage.working, stage.news()), seconds=3)
        await goes_on(stage, 1)
        await until(lambda: not node.risk.open_trades() and not stage.working, lambda: (stage.working, stage.news()))
        assert held(stage) == 0
    assert closed_as(stage) == ["MANUAL"]


@on_stage
async def test_a_lost_closing_order_is_not_sent_again_once_its_stop_has_closed_the_trade(stage: Stage) -> None:
    await entered(stage)
    async with stage.restarted() as node:
        stage.do("swallow placeOrder 1")
        node.kill("out")
        await until(lambda: cover(stage), lambda: stage.news(), seconds=8)
        stage.do(f"fill {cover(stage)}")
        await until(lambda: not node.risk.open_trades(), lambda: stage.news())
        closing = node.session.orders.orders[f"{NAME}-1X1"]
        await until(lambda: not closing.live, lambda: closing)
        assert held(stage) == 0 and not stage.working and len(stage.gateway.broker.exchange.executions) == 2


@on_stage
async def test_a_closing_order_that_rests_goes_when_another_hand_has_closed_the_position(stage: Stage) -> None:
    await entered(stage)
    async with stage.restarted() as node:
        node.kill("out")
        await until(lambda: any("-1X" in ref for ref in stage.working), lambda: stage.news())
        stage.do("manual sell 1 MESZ5")
        await until(lambda: not node.risk.open_trades() and not stage.working, lambda: (stage.working, stage.news()))
        await goes_on(stage, 1)
        assert held(stage) == 0


@pytest.mark.slow
@on_stage
async def test_a_booking_before_any_bar_is_at_the_stop_and_not_at_nothing(stage: Stage) -> None:
    await entered(stage)
    stage.do(f"fill {STOP}")
    stage.gateway.broker.exchange.executions.clear()
    stage.gateway.broker.exchange.completed.clear()
    stage.do("delay historicalData 600 all")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(position_check, "OUTLAST_SECONDS", 8.0)
        starting = asyncio.ensure_future(stage.restarted().__aenter__())
        await until(lambda: past_of([stage.path]).outcomes, lambda: stage.news())
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
    (outcome,) = past_of([stage.path]).outcomes
    assert (outcome.exit_reason, outcome.exit_price) == ("RECONCILED", (stage.limit - 8) * TICK_POINTS)


@on_stage
async def test_a_leg_that_was_closed_twice_is_bought_back_and_the_kill_switch_trips(stage: Stage) -> None:
    await entered(stage)
    lone = f"{NAME}-1S1"  # a stop that nothing ties to the target
    stage.do(f"kill {STOP} mistake")
    await sent_in_the_last_moment(stage, Draft(lone, "SELL", 1, "STP", stop=(stage.limit - 8) * TICK_POINTS))
    stage.do(f"fill {TARGET}")
    stage.do(f"fill {lone}")
    assert held(stage) == -1
    async with stage.restarted() as node:
        await until(lambda: any("-1X" in ref for ref in stage.working), lambda: (stage.working, stage.news()))
        await goes_on(stage, 1)
        await until(lambda: not node.risk.open_trades() and held(stage) == 0, lambda: (stage.working, stage.news()))
    assert past_of([stage.path]).kill_state.value == "HALTED"
    with opened(stage.path) as db:
        kills = [record.body["reason"] for record in read(db, Kind.KILL) if record.body["state"] == "TRIPPED"]
    assert kills == ["a finished trade was filled again"]  # what a restart puts into Nautilus' cache is no other hand's


def cover(stage: Stage) -> str:
    """A stop that came later than the bracket's, "" if none works."""
    return next((ref for ref in stage.working if ref.startswith(STOP) and ref != STOP), "")


def cancelled(stage: Stage, *refs: str) -> None:
    """The run before had heard that these are cancelled, and ended."""
    with Journal.append(stage.path, "paper", load_contracts(), {}, lambda: 0) as journal:
        for ref in refs:
            stage.do(f"kill {ref} leaving") if ref in stage.working else None
            journal.add(Kind.ORDER, DECIDED, stage._record(ref, "OrderCanceled"), "K1")


@on_stage
async def test_a_position_without_its_stop_does_not_wait_for_history(stage: Stage) -> None:
    await entered(stage)
    cancelled(stage, TARGET, STOP)
    stage.do("delay historicalData 600 all")
    starting = asyncio.ensure_future(stage.restarted().__aenter__())
    await until(lambda: f"{NAME}-1S1" in stage.working, lambda: stage.working, seconds=10)
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)


@pytest.mark.parametrize("silent", ["", "swallow openOrderEnd all", "swallow execDetailsEnd all"])
def test_a_closing_order_that_is_lost_leaves_the_position_covered_and_another_goes_when_its_doubt_is_over(
    silent: str, tmp_path: Path
) -> None:
    async def play(stage: Stage) -> None:
        await entered(stage)
        async with stage.restarted() as node:
            stage.do("swallow placeOrder 1")
            if silent:
                stage.do(silent)
            node.kill("out")
            await until(lambda: f"{NAME}-1X1" in node.session.orders.orders)
            sent = time.monotonic()
            await until(lambda: cover(stage), lambda: stage.news(), seconds=5)
            await until(lambda: [ref for ref in stage.working if "-1X" in ref], lambda: stage.news())
            assert time.monotonic() - sent < 6, "a second until it is in doubt, two of doubt, and a busy machine"
            await goes_on(stage, 1)
            await until(lambda: not node.risk.open_trades() and not stage.working, lambda: (stage.working, stage.news()))
            assert held(stage) == 0
        assert closed_as(stage) == ["MANUAL"]

    on_stage(play)(tmp_path)


@on_stage
async def test_a_closing_order_whose_confirmation_and_fill_are_told_too_late_is_not_followed_by_another(stage: Stage) -> None:
    await entered(stage)
    async with stage.restarted() as node:
        closing = f"{NAME}-1X1"
        for kind in ("openOrder", "orderStatus", "execDetails"):
            stage.do(f"delay {kind} 5s all {closing}")
        node.kill("out")
        await until(lambda: closing in stage.working, lambda: stage.news())
        await goes_on(stage, 1)
        assert held(stage) == 0
        await until(lambda: not node.session.orders.orders[closing].live, lambda: stage.news(), seconds=8)
        await until(lambda: not node.risk.open_trades() and not stage.working, lambda: (stage.working, stage.news()))
        assert held(stage) == 0 and len(stage.gateway.broker.exchange.executions) == 2
    assert closed_as(stage) == ["MANUAL"]


@on_stage
async def test_a_gateway_that_stands_still_while_a_position_is_closed_closes_it_once(stage: Stage) -> None:
    await entered(stage)
    async with stage.restarted(heartbeat_seconds=30.0) as node:
        stage.do("freeze")
        node.kill("out")
        closing = node.session.orders.orders
        await until(lambda: f"{NAME}-1X1" in closing and not closing[f"{NAME}-1X1"].live, lambda: stage.news(), seconds=12)
        assert closing[f"{NAME}-1X1"].phase is Phase.CANCELED, "which is no refusal: what it fills all the same is heard"
        await asyncio.sleep(1.0)
        assert [ref for ref in closing if "-1X" in ref] == [f"{NAME}-1X1"], "nobody has told of the position since it left"
        stage.do("thaw")
        await until(lambda: any("-1X" in ref for ref in stage.working), lambda: (stage.working, stage.news()))
        for _ in range(3):
            await goes_on(stage, 1)
            assert held(stage) >= 0
        await until(lambda: not node.risk.open_trades() and not stage.working, lambda: (held(stage), stage.working, stage.news()))
        assert held(stage) == 0 and len(stage.gateway.broker.exchange.executions) == 2


@pytest.mark.parametrize("way", ["trigger", "person"])
def test_a_kill_while_the_journal_cannot_be_written_flattens_and_is_written_later(tmp_path: Path, way: str) -> None:
    @on_stage
    async def play(stage: Stage) -> None:
        await entered(stage)
        async with stage.restarted() as node:
            with closing(sqlite3.connect(stage.path, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")  # stands for a full disk, or any program that holds the file
                if way == "person":
                    node.kill("out")
                else:
                    node.node.kernel.msgbus.publish(TOPIC_KILL_TRIGGER, KillTrigger("connection lost for too long", "30 s"))
                await until(lambda: any("-1X" in ref for ref in stage.working), lambda: stage.working)
                other.execute("ROLLBACK")
            await goes_on(stage, 1)
            await until(lambda: not node.risk.open_trades() and held(stage) == 0)
        assert past_of([stage.path]).kill_state.value == "HALTED"
        with opened(stage.path) as db:
            assert [record.body["found"] for record in read(db, Kind.RECONCILE)] == ["JournalBehind"]
        assert verify(stage.path).told == ()

    play(tmp_path)


@on_stage
async def test_a_kill_that_only_the_latch_kept_is_carried_out_by_the_next_start(stage: Stage) -> None:
    await entered(stage)
    cancelled(stage)  # a run that did nothing, and left a latch
    Latch.of(stage.path, Latched(KillState.TRIPPED, "connection lost for too long"))
    async with stage.restarted() as node:
        await until(lambda: any("-1X" in ref for ref in stage.working), lambda: stage.news())
        await goes_on(stage, 1)
        await until(lambda: not node.risk.open_trades() and held(stage) == 0, lambda: (stage.working, stage.news()))
    past = past_of([stage.path])
    assert (past.kill_state.value, past.told) == ("HALTED", ())


@on_stage
async def test_an_adopted_pair_keeps_its_group_so_that_its_stop_can_still_be_moved(stage: Stage) -> None:
    await entered(stage)
    cancelled(stage, TARGET, STOP)
    stop = f"{NAME}-1S1"
    async with stage.restarted():
        await until(lambda: len(stage.working) == 2)
    async with stage.restarted() as node:
        monitor = node.session.orders
        assert monitor.orders[stop].draft.oca_group == stop
        monitor.modify(stop, 1, None, (stage.limit - 4) * 0.25)
        await until(lambda: monitor.orders[stop].draft.stop == (stage.limit - 4) * 0.25, lambda: monitor.orders[stop])
