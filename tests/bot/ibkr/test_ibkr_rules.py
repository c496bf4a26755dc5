"""The adapter's rules that need no socket: the table of codes, minutes, gaps, ids, pacing, the roll, fills, time."""

from __future__ import annotations

import ast
import asyncio
import datetime as dt
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import test_ibkr_situations_connection as connection_rows
import test_ibkr_situations_data as data_rows
import test_ibkr_situations_orders as order_rows
from builders import CONTRACTS, ROOT, calendar
from nautilus_trader.model.identifiers import TradeId

from bot.errors import MesbotError
from bot.ibkr import errors as e
from bot.ibkr.data.bar_flow import BarFlow
from bot.ibkr.data.front_month import Month, front_month
from bot.ibkr.data.history import History
from bot.ibkr.data.minutes import Minute, MinuteBuilder, Piece
from bot.ibkr.data.quotes import ASK, BID, QuoteBook
from bot.ibkr.link import settings
from bot.ibkr.link.classify import Action, classify_order, classify_request, classify_system
from bot.ibkr.link.ids import BLOCK, IdSource
from bot.ibkr.link.market_clock import MarketClock
from bot.ibkr.link.pacing import HistoryPacer, MessageLimiter
from bot.ibkr.link.settings import LinkSettings, chosen_account, wait_seconds
from bot.ibkr.orders.fills import FillLedger, News
from bot.ibkr.orders.order_wire import moment_ns, utc_text
from bot.masking import masked
from bot.trading_hours import clock_ns
from bot.units import MINUTE_NS, SECOND_NS

TEN = clock_ns(dt.date(2025, 10, 2), dt.time(10))
LAST = 4  # the tick of a last price


# ------------------------------------------------------------------------- the table


def test_every_row_of_the_acceptance_table_is_shown_over_the_socket() -> None:
    shown = {number for rows in (connection_rows, order_rows, data_rows) for number, *_ in rows.situation.shown}
    assert shown == set(range(1, 50))


@pytest.mark.parametrize(
    ("code", "error", "action"),
    [
        (201, e.OrderRejectedByBroker, Action.REJECT),
        (10148, e.CancelRejected, Action.CANCEL_REJECT),
        (161, e.CancelRejected, Action.CANCEL_REJECT),
        (135, e.UnknownOrder, Action.NOT_FOUND),
        (10147, e.UnknownOrder, Action.NOT_FOUND),
        (202, e.OrderCancelledByBroker, Action.CANCELED),
        (104, e.ModifyRejected, Action.MODIFY_REJECT),
        (110, e.InvalidPrice, Action.INVALID_PRICE),
        (103, e.DuplicateOrderId, Action.DUPLICATE_ID),
        (10349, e.OrderWarning, Action.WARN),
        (424242, e.UnclassifiedBrokerMessage, Action.QUERY),
    ],
)
def test_an_order_code_means_what_the_table_says(code: int, error: type[e.BrokerError], action: Action) -> None:
    rule = classify_order(code, "text")
    assert (rule.error, rule.action) == (error, action)


def test_margin_and_read_only_are_told_by_their_words() -> None:
    assert classify_order(201, "... MUST EXCEED THE INITIAL MARGIN").error is e.MarginRejected
    assert classify_order(321, "The API interface is currently in Read-Only mode.").action is Action.READ_ONLY
    assert classify_system(321, "cause - The API interface is currently in Read-Only mode.").action is Action.READ_ONLY
    assert classify_order(321, "something else").action is Action.REJECT


def test_no_code_of_the_connection_ends_an_order_and_no_farm_closes_a_socket() -> None:
    for code in (2103, 2105, 2157, 2119):
        assert classify_system(code, "").action is Action.FARM_DOWN
    assert classify_request(10182, "").action is Action.DATA_RETRY
    assert classify_system(2150, "").action is Action.NOTICE


def test_every_error_is_for_people_and_says_what_to_do() -> None:
    classes = [item for item in vars(e).values() if isinstance(item, type) and issubclass(item, e.BrokerError)]
    assert len(classes) > 35
    for kind in classes:
        assert issubclass(kind, MesbotError)
        error = kind(1, 2) if kind is e.PositionMismatch else kind("what happened", code=7, order_ref="A-1")
        assert error.hint and error.hint.endswith(".")
        assert error.hint in str(error) and kind.__name__ in str(error)


def test_one_module_alone_loads_the_library_and_never_at_import() -> None:
    users = []
    for path in sorted((ROOT / "bot" / "ibkr").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.split(".")[0] in ("ib_insync", "ib_async", "nest_asyncio") for name in names):
                users.append((path.name, node.col_offset > 0))
    assert users == [("connection.py", True), ("connection.py", True)]


# ------------------------------------------------------------------------- settings


def test_a_live_account_is_traded_only_where_a_person_has_confirmed_it_in_this_process(monkeypatch) -> None:
    monkeypatch.setattr(settings, "_confirmed", set())
    settings.require_confirmed("DU1", paper=True, observe=False)
    settings.require_confirmed("U1", paper=False, observe=True)  # it only looks
    with pytest.raises(e.WrongAccountKind, match=r"U1 is a live account that nobody has confirmed .* `mesbot live` alone"):
        settings.require_confirmed("U1", paper=False, observe=False)
    settings.confirm_live("U1")
    settings.require_confirmed("U1", paper=False, observe=False)
    with pytest.raises(e.WrongAccountKind, match="U2"):
        settings.require_confirmed("U2", paper=False, observe=False)


def test_the_account_is_chosen_or_refused() -> None:
    paper = LinkSettings()
    assert chosen_account(paper, ["DU1"]) == "DU1"
    with pytest.raises(e.AccountNotFound, match="DU1, DU2"):
        chosen_account(paper, ["DU1", "DU2"])
    with pytest.raises(e.WrongAccountKind, match="live"):
        chosen_account(paper, ["U1"])
    with pytest.raises(e.WrongAccountKind, match="paper"):
        chosen_account(LinkSettings(paper=False), ["DU1"])


def test_the_back_off_is_the_contracts_with_jitter_and_longer_for_a_silent_gateway() -> None:
    settings = LinkSettings.under(CONTRACTS.execution_contract)
    lost = e.ConnectionLost("")
    assert [wait_seconds(settings, lost, n, 0.0) for n in range(7)] == [2, 4, 8, 16, 32, 60, 60]
    assert wait_seconds(settings, lost, 0, 0.5) == pytest.approx(2.2)
    assert wait_seconds(settings, e.GatewayNotResponding(""), 0, 0.0) == 30
    assert wait_seconds(settings, e.ClientIdInUse(""), 9, 0.9) == 5


# -------------------------------------------------------------------------- minutes


def piece(number: int, price: float = 100.0, volume: float = 10.0) -> Piece:
    """The piece that opens 5 x `number` seconds after ten."""
    return Piece(TEN + number * 5 * SECOND_NS, price, price + 1, price - 1, price + 0.5, volume)


def test_twelve_pieces_make_a_whole_minute_stamped_at_its_close() -> None:
    builder = MinuteBuilder()
    closed = [minute for number in range(12) for minute in builder.add(piece(number, 100.0 + number))]
    assert closed == [Minute(TEN + MINUTE_NS, 100.0, 112.0, 99.0, 111.5, 120.0, True)]


def test_a_minute_is_closed_by_time_not_by_twelve_pieces() -> None:
    builder = MinuteBuilder()
    assert builder.add(piece(3)) == []
    (closed,) = builder.add(piece(12))
    assert (closed.close_ns, closed.whole) == (TEN + MINUTE_NS, False)
    assert builder.tick(TEN + 2 * MINUTE_NS + 2 * SECOND_NS, 3 * SECOND_NS) == []
    (closed,) = builder.tick(TEN + 2 * MINUTE_NS + 3 * SECOND_NS, 3 * SECOND_NS)
    assert (closed.close_ns, closed.whole) == (TEN + 2 * MINUTE_NS, False)


def test_repeated_reordered_and_late_pieces_do_not_count_twice() -> None:
    builder = MinuteBuilder()
    for number in (0, 1, 1, 3, 2, 4, 5, 6, 7, 8, 9, 10):
        assert builder.add(piece(number)) == []
    (closed,) = builder.add(piece(11))
    assert (closed.volume, closed.whole) == (120.0, True)
    assert builder.add(piece(10)) == [] and builder.late == 1


def minute(number: int, whole: bool = True, price: float = 100.0) -> Minute:
    """The minute that closes `number` minutes after ten."""
    return Minute(TEN + number * MINUTE_NS, price, price, price, price, 1.0, whole)


class Past:
    """History that answers from a list, or fails."""

    def __init__(self, *minutes: Minute, fails: bool = False) -> None:
        self.minutes, self.fails, self.asked = minutes, fails, 0

    async def __call__(self, after_ns: int, until_ns: int) -> list[Minute]:
        self.asked += 1
        if self.fails:
            raise e.PacingViolation("no")
        return [minute for minute in self.minutes if after_ns < minute.close_ns <= until_ns]


def flowing(past: Past, *added: Minute) -> tuple[list[Minute], BarFlow, list[Any]]:
    """What a flow publishes of minutes that are added one after the other, from minute 0 on."""
    published: list[Minute] = []
    failures: list[Any] = []

    async def run() -> BarFlow:
        flow = BarFlow(published.append, past, failures.append)
        flow.last_ns = TEN
        for each in added:
            flow.add(each)
        for _ in range(20):
            await asyncio.sleep(0)
        return flow

    return published, asyncio.run(run()), failures


def test_whole_minutes_in_a_row_never_wait_for_history() -> None:
    past = Past()
    published, _, _ = flowing(past, minute(1), minute(2))
    assert published == [minute(1), minute(2)] and past.asked == 0


def test_a_gap_is_filled_before_what_follows_and_an_incomplete_minute_is_replaced() -> None:
    truth = [minute(number, price=200.0) for number in (1, 2, 3)]
    published, flow, _ = flowing(Past(*truth), minute(3, whole=False), minute(4))
    assert published == [*truth, minute(4)]
    assert flow.gaps == 0


def test_without_history_an_incomplete_minute_goes_out_as_it_is_and_is_counted() -> None:
    published, flow, failures = flowing(Past(fails=True), minute(1, whole=False), minute(2))
    assert published == [minute(1, whole=False), minute(2)]
    assert flow.gaps == 1 and len(failures) == 1


def test_a_minute_is_published_once() -> None:
    published, _, _ = flowing(Past(), minute(1), minute(1), minute(2), minute(1))
    assert published == [minute(1), minute(2)]


# ----------------------------------------------------------------------------- quotes


def quoted(*, doubted: bool = False) -> QuoteBook:
    """A book that was told both sides."""
    book = QuoteBook(CONTRACTS.data_contract.dvs, doubted=doubted)
    book.take(BID, 100.0, 5)
    book.take(ASK, 100.25, 5)
    return book


def test_quotes_have_died_when_trades_go_on_for_longer_than_the_limit_without_a_tick() -> None:
    book = quoted()
    assert not any(book.traded(TEN + seconds * SECOND_NS) for seconds in range(0, 35, 5))
    assert book.traded(TEN + 35 * SECOND_NS)


def test_any_tick_keeps_quotes_alive_and_time_without_trades_does_not_count() -> None:
    book = quoted()
    assert not book.traded(TEN)
    book.take(LAST, 100.25, 1)
    assert not book.traded(TEN + 3600 * SECOND_NS), "the first trade after an hour"
    assert not book.traded(TEN + 3630 * SECOND_NS)
    assert book.quote is not None


def test_what_may_be_remembered_from_dead_quotes_is_not_believed_before_a_tick_that_follows_a_trade() -> None:
    book = quoted(doubted=True)
    assert book.quote is None
    book.traded(TEN)
    assert book.quote is None
    book.take(BID, 100.0, 6)
    assert (book.quote.bid, book.quote.ask) == (100.0, 100.25)


# -------------------------------------------------------------- ids, pacing, the roll


def test_order_ids_survive_a_restart_and_never_fall(tmp_path: Path) -> None:
    path = tmp_path / "ids.json"
    first = IdSource(path, "DU1:7")
    used = [first.order_id() for _ in range(3)]
    again = IdSource(path, "DU1:7")
    again.begin_at(1)
    assert used == [1, 2, 3]
    assert again.order_id() > max(used) and again.order_id() <= 2 * BLOCK
    again.at_least(900)
    assert again.order_id() == 900
    again.at_least(5)
    assert again.order_id() == 901
    assert IdSource(path, "DU2:7").order_id() == 1, "each account and client id counts by itself"
    assert again.request_id() != again.request_id() > 10**9


@pytest.mark.parametrize("text", ["{", "[1]", '{"DU1:7": "many"}', '{"DU1:7": null}', "7"])
def test_an_id_file_that_holds_no_marks_is_left_as_it_is_and_ids_come_from_the_gateway_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ids.json"
    path.write_text(text)
    ids = IdSource(path, "DU1:7")
    ids.begin_at(40)
    assert isinstance(ids.trouble, e.OrderIdsNotKept) and "repair or delete" in str(ids.trouble)
    assert [ids.order_id(), ids.order_id()] == [40, 41] and path.read_text() == text
    path.write_text('{"DU1:7": 900}')
    ids.keep()
    assert ids.trouble is None and ids.order_id() == 900


def test_ids_that_cannot_be_kept_come_from_the_larger_of_memory_and_gateway_and_the_write_is_tried_again(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    ids = IdSource(folder / "ids.json", "DU1:7")
    ids.begin_at(1)
    (folder / "ids.json").unlink()
    folder.rmdir()
    folder.write_text("no folder any more")
    used = [ids.order_id() for _ in range(BLOCK + 10)]
    assert used == list(range(1, BLOCK + 11)) and isinstance(ids.trouble, e.OrderIdsNotKept)
    ids.begin_at(3)
    assert ids.order_id() == BLOCK + 11
    folder.unlink()
    ids.keep()
    assert ids.trouble is None
    again = IdSource(folder / "ids.json", "DU1:7")
    again.begin_at(1)
    assert again.order_id() > BLOCK + 11


@pytest.mark.parametrize("offered", [10**9, 2 * 10**9])
def test_ids_in_the_range_of_requests_are_trouble_still_increase_and_leave_no_mark(tmp_path: Path, offered: int) -> None:
    path = tmp_path / "ids.json"
    path.write_text(kept := '{"DU1:7": 5}')
    ids = IdSource(path, "DU1:7")
    ids.begin_at(offered)
    assert isinstance(ids.trouble, e.OrderIdsUsedUp) and "Reset the API order id sequence" in str(ids.trouble)
    assert (ids.order_id(), ids.order_id()) == (offered, offered + 1) and path.read_text() == kept
    ids.begin_at(1)
    assert ids.trouble is None


def test_the_limiter_lets_no_second_see_more_than_its_limit_and_keeps_the_order() -> None:
    now, later, sent = [0.0], [], []
    limiter = MessageLimiter(40, lambda: now[0], lambda wait, call: later.append((now[0] + wait, call)))
    for number in range(100):
        limiter.send(lambda number=number: sent.append((now[0], number)))
    while later:
        now[0], call = later.pop(0)
        call()
    assert [number for _, number in sent] == list(range(100))
    for at, _ in sent:
        assert sum(at <= other < at + 1.0 for other, _ in sent) <= 40


def test_messages_that_go_together_wait_for_room_for_all_of_them() -> None:
    now, later, sent = [0.0], [], []
    limiter = MessageLimiter(40, lambda: now[0], lambda wait, call: later.append((now[0] + wait, call)))
    for number in range(38):
        limiter.send(lambda number=number: sent.append(number))
    limiter.send(lambda: sent.append("six"), 6)
    limiter.send(lambda: sent.append("last"))
    assert sent == list(range(38)) and limiter.waiting == 7
    now[0], call = later.pop()
    call()
    assert sent[38:] == ["six", "last"] and limiter.waiting == 0
    limiter.send(lambda: sent.append("more than ever have room"), 41)
    now[0], call = later.pop()
    call()
    assert sent[-1] == "more than ever have room", "alone, as nothing would ever make room for it"


def test_history_waits_for_its_turn() -> None:
    now = [0.0]
    pacer = HistoryPacer(lambda: now[0])
    pacer.note("a")
    assert pacer.wait_seconds("a") == 15.0 and pacer.wait_seconds("b") == 0.0
    for other in "bcde":
        pacer.note(other)
    assert pacer.wait_seconds("f") == 2.0
    now[0] = 100.0
    for number in range(55):
        pacer.note(str(number))
    assert pacer.wait_seconds("x") == 500.0


class Asked:
    """A link that answers every request for history with one minute, and notes what was waited."""

    def __init__(self, replay: bool) -> None:
        self.settings, self.connection, self.waited = LinkSettings(replay=replay), self, 0.0

    def seconds(self) -> float:
        return self.waited

    async def delay(self, seconds: float) -> None:
        self.waited += seconds

    async def ask(self, *_: Any, **__: Any) -> list[Any]:
        return [SimpleNamespace(date=str(TEN // SECOND_NS), open=1.0, high=1.0, low=1.0, close=1.0, volume=1)]


@pytest.mark.parametrize(("replay", "waited"), [(True, 0), (False, 600)])
def test_a_broker_that_is_replayed_is_asked_at_once_for_its_nights_pass_in_a_second(replay: bool, waited: float) -> None:
    link = Asked(replay)
    history = History(cast(Any, link), lambda *_: True)

    async def nights() -> None:
        for night in range(61):
            await history.minutes(SimpleNamespace(localSymbol="MESZ5"), TEN + night * MINUTE_NS, TEN + (night + 1) * MINUTE_NS)

    asyncio.run(nights())
    assert link.waited == waited


def month(symbol: str, last: dt.date, con_id: int = 1) -> Month:
    """A listed month."""
    return Month(con_id, symbol, "MES", "CME", "USD", 5.0, 0.25, last, 0, None)


Z5, H6 = month("MESZ5", dt.date(2025, 12, 19)), month("MESH6", dt.date(2026, 3, 20), 2)


@pytest.mark.parametrize(("day", "front"), [(dt.date(2025, 12, 12), "MESZ5"), (dt.date(2025, 12, 15), "MESH6")])
def test_the_front_month_changes_on_the_monday_of_expiry_week(day: dt.date, front: str) -> None:
    assert front_month([H6, Z5], clock_ns(day, dt.time(10)), calendar()).local_symbol == front


def test_an_ambiguous_or_missing_month_names_the_candidates() -> None:
    with pytest.raises(e.AmbiguousContract, match="conId 9"):
        front_month([Z5, month("MESZ5", Z5.last_trade_date, 9)], TEN, calendar())
    with pytest.raises(e.ContractNotFound, match="MESZ5"):
        front_month([Z5], TEN, calendar(), "MESM6")
    with pytest.raises(e.ContractExpired, match="MESZ5"):
        front_month([Z5], clock_ns(dt.date(2025, 12, 16), dt.time(10)), calendar())


# ---------------------------------------------------------------------- fills and time


def execution(exec_id: str, shares: float = 1, price: float = 100.0, side: str = "BOT", cum: float = 1) -> Any:
    """An execution as the library gives it."""
    return SimpleNamespace(
        execId=exec_id, orderRef="A", permId=5, orderId=1, clientId=7, side=side, shares=shares, price=price, avgPrice=price, cumQty=cum,
        time=dt.datetime(2025, 10, 2, 14, tzinfo=dt.UTC), lastLiquidity=2,
    )  # fmt: skip


def test_a_fill_counts_once_and_its_correction_replaces_it() -> None:
    ledger = FillLedger(0.62)
    assert ledger.take(execution("x.01.01"), 3)[0] is News.NEW
    assert ledger.take(execution("x.01.01"), 3)[0] is News.DUPLICATE
    news, now, before = ledger.take(execution("x.01.02", shares=2, price=101.0), 3)
    assert (news, now.quantity, before.quantity) == (News.CORRECTION, 2, 1)
    assert ledger.take(execution("x.01.01"), 3)[0] is News.DUPLICATE, "the corrected one does not come back"
    assert (ledger.total("A"), ledger.average_price("A"), ledger.net(3, 7)) == (2, 101.0, 2)


def test_a_commission_may_come_before_or_after_its_fill() -> None:
    ledger = FillLedger(0.62)
    assert ledger.commission("x.01.01", 0.5) is None
    assert ledger.take(execution("x.01.01"), 3)[1].commission_usd == 0.5
    _, later, _ = ledger.take(execution("y.01.01", shares=3), 3)
    assert later.commission_usd == pytest.approx(1.86)
    amended, assumed = ledger.commission("y.01.01", 1.5)
    assert (amended.commission_usd, assumed) == (1.5, pytest.approx(1.86))
    assert ledger.commission("y.01.01", 1.5) is None


@pytest.mark.parametrize("amount", [1.7976931348623157e308, float("inf"), float("-inf"), float("nan"), -1e300])
def test_a_commission_that_is_none_changes_nothing_and_our_fee_stands_until_there_is_one(amount: float) -> None:
    ledger = FillLedger(0.62)
    assert ledger.commission("x.01.01", amount) is None
    fill = ledger.take(execution("x.01.01"), 3)[1]
    assert (fill.commission_usd, fill.commission_known) == (0.62, False)
    assert ledger.commission("x.01.01", amount) is None
    assert ledger.commission("x.01.01", 0.5)[0].commission_usd == 0.5


ODD_NAMES = ["0003d47a000000010101", "a.b", "a.c", ".01", "a.b.1", "a.b.1x", "é.01.01", " x.01.01", "x" * 80, "y" * 80, "y" * 80 + ".01.01"]


def test_every_execution_counts_whatever_the_form_of_its_name() -> None:
    ledger = FillLedger(0.62)
    for number, name in enumerate([*ODD_NAMES, "0003d47a.00000001.01.01"], 1):
        news, fill, _ = ledger.take(execution(name), 3)
        assert (news, ledger.total("A")) == (News.NEW, number), name
        assert TradeId(fill.base_id).value == fill.base_id, "Nautilus takes it"
        assert ledger.take(execution(name), 3)[0] is News.DUPLICATE


def test_an_execution_without_a_name_counts_once() -> None:
    ledger = FillLedger(0.62)
    assert [ledger.take(execution("", cum=cum), 3)[0] for cum in (1, 1, 2)] == [News.NEW, News.DUPLICATE, News.NEW]


@pytest.mark.parametrize(
    ("side", "shares"), [("HELD", 1), ("", 1), ("BOT", 0), ("SLD", -1), ("BOT", float("nan")), ("BOT", 1.7976931348623157e308)]
)
def test_an_execution_that_does_not_say_what_was_traded_is_no_fill_of_either_side(side: str, shares: float) -> None:
    ledger = FillLedger(0.62)
    with pytest.raises((ValueError, OverflowError)):
        ledger.take(execution("x.01.01", shares, side=side), 3)
    assert not ledger.fills


def test_a_fill_that_its_listener_could_not_take_is_news_again_until_it_is_taken() -> None:
    ledger = FillLedger(0.62)
    _, fill, _ = ledger.take(execution("x.01.01"), 3)

    def cannot(_: Any) -> None:
        raise RuntimeError("full")

    with pytest.raises(RuntimeError):
        ledger.offer(fill, cannot)
    assert ledger.take(execution("x.01.01"), 3)[0] is News.NEW and not ledger.told
    ledger.offer(fill, lambda _: None)
    assert ledger.take(execution("x.01.01"), 3)[0] is News.DUPLICATE and ledger.told == {"x.01"}


def test_market_time_on_a_replay_is_the_newest_stamp_and_nothing_of_the_wall() -> None:
    wall = [1]
    clock = MarketClock(lambda: wall[0], replay=True)
    clock.broker_says(TEN // SECOND_NS, at_connect=True)
    wall[0] = 10**18
    clock.broker_says(TEN // SECOND_NS + 99, at_connect=False)
    assert clock.now_ns() == TEN
    clock.saw(TEN + 5)
    clock.saw(TEN + 3)
    assert clock.now_ns() == TEN + 5


@pytest.mark.parametrize("account", ["DF1234567", "F1234567", "I1", "DI1", "D1", "X9", "1"])
def test_an_account_that_is_no_single_customers_is_refused_also_of_a_kind_that_nobody_knows(account: str) -> None:
    for paper in (True, False):
        for named in ("", account):
            with pytest.raises(e.MasterAccount, match=rf"{re.escape(masked(account))} is no customer's account.*TWS_ACCOUNT"):
                chosen_account(LinkSettings(paper=paper, account=named), [account])
    assert chosen_account(LinkSettings(account="DU2"), [account, "DU2"]) == "DU2"


def test_a_gateway_that_asks_a_person_first_is_told_as_that() -> None:
    assert "asks whether to allow the connection" in e.GatewayNotResponding("silence").hint


def test_a_step_of_this_machines_clock_moves_no_market_time_and_is_told() -> None:
    wall, steady = [TEN], [0]
    clock = MarketClock(lambda: wall[0], replay=False, steady_ns=lambda: steady[0])
    assert clock.now_ns() == TEN and clock.step_seconds() == 0
    for step in (30, -45, 3600):
        steady[0] += 5 * SECOND_NS
        wall[0] += (5 + step) * SECOND_NS
        assert clock.now_ns() == TEN + steady[0]
        assert clock.step_seconds() == step and clock.step_seconds() == 0
    clock.broker_says((TEN + steady[0]) // SECOND_NS, at_connect=False)
    assert clock.now_ns() == TEN + steady[0], "the broker agrees"


def test_market_time_live_is_the_wall_corrected_by_the_broker() -> None:
    clock = MarketClock(lambda: TEN, replay=False, steady_ns=lambda: 0)
    assert clock.broker_says(TEN // SECOND_NS, at_connect=True) == 0.5
    assert clock.now_ns() == TEN
    assert clock.broker_says(TEN // SECOND_NS + 10, at_connect=False) == 10.5
    assert clock.now_ns() == TEN + 10_500_000_000


def test_a_good_till_date_is_whole_seconds_of_utc_and_reads_back() -> None:
    assert utc_text(TEN) == "20251002 14:00:00 UTC"
    assert utc_text(TEN + 1) == "20251002 14:00:01 UTC"
    assert moment_ns("20251002 09:00:00 US/Central") == TEN == moment_ns(utc_text(TEN))
    assert moment_ns("tomorrow") == 0


def test_a_block_reserved_at_the_connect_spares_the_first_order_the_disk(tmp_path):
    path = tmp_path / "ids.json"
    ids = IdSource(path, "DU1:7")
    ids.begin_at(100)
    marks = path.read_bytes()
    path.unlink()
    assert [ids.order_id() for _ in range(3)] == [100, 101, 102]
    assert not path.exists(), "an order wrote to the disk"
    path.write_bytes(marks)
    again = IdSource(path, "DU1:7")
    again.begin_at(1)
    assert again.order_id() > 102, "what was reserved is never handed out again"
