"""The deployment checklist: this machine, and the simulated gateway over a true socket. The report: test_check_report.py."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import inspect
import json
import shutil
import time
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import scripted_run
from builders import CONTRACTS, ROOT, drilled, new_york_ns

from bot.bars.synth import synthetic_bars
from bot.calendar import SessionCalendar, new_york
from bot.gateway.clock import Clock
from bot.gateway.config import GatewayConfig
from bot.gateway.gateway import Gateway
from bot.gateway.source import synthetic_config
from bot.ibkr import errors as e
from bot.journal.records import Kind, OperatorRecord
from bot.journal.store import Journal
from bot.node.check import BROKER_ITEMS, CheckItem, CheckReport, Status, broker, clock_item, run_checks
from bot.node.check.drill import drill_item
from bot.node.drill import ACTION, LATCHED, OVER
from bot.units import HOUR_NS

MACHINE_ITEMS = ("contracts", "limits", "calendar", "strategies", "journal", "disk", "clock", "entry lock", "drill")
NOON = new_york_ns("2025-09-16 12:00")
PASS, FAIL, SKIP = Status.PASS, Status.FAIL, Status.SKIP


# ---------------------------------------------------------------- on this machine


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder."""
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def check_here(folder: Path, directory: Path = ROOT / "contracts", now_ns: int = NOON, **environ: str) -> dict[str, CheckItem]:
    """The items of a check by name."""
    report = asyncio.run(run_checks("PAPER", directory, environ, folder, now_ns))
    return {item.name: item for item in report.items}


def contracts_with(tmp_path: Path, file: str, old: str, new: str) -> Path:
    """The contracts, one text in one file changed."""
    copy = tmp_path / "contracts"
    shutil.copytree(ROOT / "contracts", copy)
    path = copy / f"{file}.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return copy


def test_without_a_broker_the_machine_is_checked_and_the_rest_is_skipped_with_the_reason(folder):
    report = asyncio.run(run_checks("PAPER", ROOT / "contracts", {}, folder, NOON))
    assert [item.name for item in report.items] == [*MACHINE_ITEMS, *BROKER_ITEMS]
    assert [item.status for item in report.items] == [PASS] * (len(MACHINE_ITEMS) - 1) + [SKIP] * (1 + len(BROKER_ITEMS))
    assert {item.found for item in report.items if item.name in BROKER_ITEMS} == {"no broker configured (TWS_HOST, TWS_PORT)"}
    assert (report.made_at_ns, report.mode, report.account) == (NOON, "PAPER", "")
    assert report.contracts_sha256 == CONTRACTS.sha256
    assert report.passed


def test_the_contracts_are_named_by_folder_and_hash(folder):
    found = check_here(folder)["contracts"].found
    assert str(ROOT / "contracts") in found and CONTRACTS.sha256 in found


def test_broken_contracts_fail_with_every_fault_and_nothing_that_needs_them_is_looked_at(folder, tmp_path):
    broken = contracts_with(tmp_path, "constitution", "max_contracts: 2", "max_contracts: 9")
    report = asyncio.run(run_checks("PAPER", broken, {"TWS_PORT": "1"}, folder, NOON))
    assert report.failed == ["contracts"] and not report.passed
    items = {item.name: item for item in report.items}
    assert "position.max_contracts = 9" in items["contracts"].found and items["contracts"].remedy
    assert items["journal"].status is PASS
    assert [items[name].found for name in ("limits", "connection")] == ["no contracts", "no contracts"]
    assert report.contracts_sha256 == ""


def test_limits_are_worked_out_in_one_line(folder):
    found = check_here(folder)["limits"].found
    assert "loss $30.00 a day" in found and "S K1=9 K2=9, A K1=12" in found
    assert "\n" not in found


@pytest.mark.parametrize(("risk", "status"), [("1.25", PASS), ("1.24", FAIL)])
def test_a_strategy_that_is_allowed_no_stop_at_all_fails_the_limits(folder, tmp_path, risk, status):
    tight = contracts_with(tmp_path, "constitution", "max_stop_ticks: 10, max_risk_usd: 12.00", f"max_stop_ticks: 10, max_risk_usd: {risk}")
    item = check_here(folder, tight)["limits"]
    assert item.status is status
    if status is FAIL:
        assert "K1 in tier S: stop cap 0 ticks" in item.found and "mesbot contracts" in item.remedy


@pytest.mark.parametrize(
    ("moment", "parts"),
    [
        ("2025-09-16 12:00", ("2025-09-16 is a trading day", "next 2025-09-17, 2025-09-18, 2025-09-19, 2025-09-22, 2025-09-23;")),
        ("2025-09-13 12:00", ("2025-09-13 is no trading day", "next 2025-09-15,", "next half day 2025-11-28, closing 13:00")),
        ("2025-11-28 12:00", ("2025-11-28 is a trading day", "next half day 2025-11-28, closing 13:00")),
        ("2025-11-29 12:00", ("next half day 2025-12-24, closing 13:00",)),
        ("2025-12-24 23:59", ("2025-12-24 is a trading day", "next 2025-12-26, 2025-12-29, 2025-12-30, 2025-12-31, 2026-01-02;")),
    ],
)
def test_the_calendar_tells_today_the_next_five_trading_days_and_the_next_half_day(folder, moment, parts):
    item = check_here(folder, now_ns=new_york_ns(moment))["calendar"]
    assert item.status is PASS
    assert all(part in item.found for part in parts), item.found


def test_a_calendar_that_is_not_the_markets_fails_with_the_contracts(folder, tmp_path):
    found = check_here(folder, contracts_with(tmp_path, "session", "XNYS", "XNOWHERE"))
    assert (found["contracts"].status, found["calendar"].status) == (FAIL, SKIP)
    assert "session.yaml: calendars.rth = 'XNOWHERE' must be XNYS" in found["contracts"].found


def test_a_calendar_that_ends_before_the_next_five_trading_days_fails(folder, tmp_path):
    days = [dt.date(2025, 9, 17) + dt.timedelta(days=day) for day in range(15)]
    shut = "\n".join(f"  - {{date: {day}, open: null, close: null, reason: shut}}" for day in days)
    text = (ROOT / "contracts" / "session.yaml").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("overrides:"))
    item = check_here(folder, contracts_with(tmp_path, "session", line, f"overrides:\n{shut}"))["calendar"]
    assert item.status is FAIL
    assert "is known as open after 2025-09-16" in item.found


def test_strategies_are_listed_with_the_parameters_in_force(folder, tmp_path):
    changed = contracts_with(tmp_path, "strategies", "min_abs_vwap_z: 1.5", "min_abs_vwap_z: 1.75")
    lines = check_here(folder, changed)["strategies"].found.splitlines()
    assert [line.split()[0] for line in lines] == ["K1", "K2", "K3", "K4", "K5"]
    assert "min_abs_vwap_z=1.75" in lines[0] and "phases=[1, 2, 4, 5]" in lines[0]


def test_a_strategy_that_cannot_be_made_fails_with_the_reason(folder, monkeypatch):
    def broken(self: object, config: object) -> None:
        raise TypeError("a rule is missing")

    monkeypatch.setattr("strategies.k2.FailedBreakReversal.__init__", broken)
    item = check_here(folder)["strategies"]
    assert (item.status, item.found) == (FAIL, f"{ROOT / 'strategies' / 'k2.py'}: K2 cannot be made: TypeError: a rule is missing")


def write_journal(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with Journal.create(path, "paper", CONTRACTS, {}, lambda: 0) as journal:
        journal.close_link(0)
    return path


def test_journals_that_are_whole_are_named_with_their_heads(folder):
    assert "none yet" in check_here(folder)["journal"].found
    write_journal(folder / "journals" / "paper-2025.sqlite")
    item = check_here(folder)["journal"]
    assert item.status is PASS
    assert "whole: paper-2025.sqlite " in item.found


def test_one_broken_journal_among_whole_ones_fails(folder):
    write_journal(folder / "journals" / "a.sqlite")
    (folder / "journals" / "b.sqlite").write_bytes(b"no database at all" * 100)
    item = check_here(folder)["journal"]
    assert item.status is FAIL
    assert "b.sqlite" in item.found and "a.sqlite" not in item.found and item.remedy


def test_the_last_drill_that_came_to_its_end_is_told_with_its_day(folder):
    item = check_here(folder)["drill"]
    assert (item.status, "mesbot drill" in item.found) == (SKIP, True)
    path, ended_ns = folder / "journals" / "paper-2025.sqlite", NOON - 3 * 24 * HOUR_NS
    path.parent.mkdir(parents=True)
    for details, wall_ns in ((("opened X", OVER), ended_ns), (("opened Y", f"{LATCHED}: look"), NOON)):
        with Journal.append(path, "paper", CONTRACTS, {"account": "DU1"}, lambda wall_ns=wall_ns: wall_ns) as journal:
            for detail in details:
                journal.add(Kind.OPERATOR, 1, OperatorRecord(ACTION, "monthly", detail))
            journal.add(Kind.OPERATOR, 1, OperatorRecord("resume", "flat", OVER))
    (folder / "journals" / "broken.sqlite").write_bytes(b"no database at all" * 100)
    item = check_here(folder)["drill"]
    assert (item.status, item.found) == (PASS, "the last kill drill was 3 days ago, 2025-09-13 12:00 New York")


@pytest.mark.parametrize(
    ("days", "mode", "status"),
    [(0, "LIVE", PASS), (7, "LIVE", PASS), (7.01, "LIVE", FAIL), (7.01, "PAPER", SKIP), (None, "LIVE", FAIL), (None, "PAPER", SKIP)],
)
def test_live_wants_a_kill_drill_within_seven_days_and_paper_is_told(folder, days, mode, status):
    if days is not None:
        drilled(folder, NOON - int(days * 24 * HOUR_NS))
    item = drill_item(folder, NOON, mode)
    assert item.status is status and (status is PASS or "LIVE wants one within 7 days" in item.found)
    assert bool(item.remedy) is (status is FAIL)


def test_the_calendar_names_what_the_next_sixty_days_hold(folder):
    item = check_here(folder, now_ns=new_york_ns("2025-11-26 12:00"))["calendar"]
    soon = "38 sessions in the next 60 days; shut 2025-11-27, 2025-12-25, 2026-01-01, 2026-01-19; "
    soon += "half days 2025-11-28, 2025-12-24; exit-only before a roll from 2025-12-15"
    assert (item.brief, item.found.endswith(soon)) == (f"2025-11-26 is a trading day; {soon}", True)


@pytest.mark.parametrize(("free", "status"), [(1_000_000_000, PASS), (999_999_999, FAIL)])
def test_a_disk_without_room_for_a_journal_fails(folder, monkeypatch, free, status):
    monkeypatch.setattr("bot.node.check.state_items.shutil.disk_usage", lambda _: SimpleNamespace(free=free))
    item = check_here(folder)["disk"]
    assert (item.status, "MESBOT_HOME" in item.remedy) == (status, status is FAIL)


def test_the_disk_says_how_many_sessions_fit_by_what_the_journals_take(folder, monkeypatch):
    monkeypatch.setattr("bot.node.check.state_items.shutil.disk_usage", lambda _: SimpleNamespace(free=3_000_000_000))
    assert "2.0 MB a session, by a guess" in check_here(folder)["disk"].found
    path = folder / "journals" / "paper-DU1-2025.sqlite"
    path.parent.mkdir(exist_ok=True)
    scripted_run.run(path, 5)
    session_bytes = path.stat().st_size
    assert f"as its journals take: {2_000_000_000 // session_bytes:,} more sessions fit" in check_here(folder)["disk"].found


@pytest.mark.parametrize(("seconds", "status"), [(-1, PASS), (5, PASS), (6, FAIL)])
def test_a_clock_that_was_set_back_before_a_record_fails(folder, seconds, status):
    drilled(folder, NOON + seconds * 1_000_000_000)
    item = check_here(folder)["clock"]
    assert (item.status, "NTP" in item.remedy) == (status, status is FAIL)


def test_a_state_folder_that_cannot_be_written_fails(tmp_path):
    (tmp_path / "file").touch()
    item = check_here(tmp_path / "file" / "below")["journal"]
    assert item.status is FAIL
    assert "MESBOT_HOME" in item.remedy


# ------------------------------------------------------------------- at the broker


@lru_cache
def moving() -> GatewayConfig:
    """A gateway at 2025-10-02 09:25 New York; the market moves once data are subscribed."""
    return synthetic_config(1, CONTRACTS, port=0, side_port=None, speed=60.0)


def look(folder: Path, *script: str, live: bool = False, environ: dict[str, str] | None = None, **changes: Any) -> CheckReport:
    """The report of a check against such a gateway; afterwards no client may be connected."""

    async def run() -> CheckReport:
        async with Gateway(dataclasses.replace(moving(), **changes)) as running:
            if changes.get("start_ns", 0) > time.time_ns() - HOUR_NS:
                running.clock.__class__ = ThisMoment
            for words in script:
                done = running.side.verbs.do(words)
                if inspect.isawaitable(done):
                    await done
            said = {"TWS_PORT": str(running.port)} | (environ or {})
            report = await run_checks("LIVE" if live else "PAPER", ROOT / "contracts", said, folder, NOON)
            async with asyncio.timeout(10):
                while running.listener._sessions:
                    await asyncio.sleep(0.002)
            assert running.broker.open_orders() == []
            return report

    return asyncio.run(run())


def today() -> dict[str, Any]:
    """Changes that make it a gateway of this very moment, in which nothing moves but its clock."""
    date = new_york(time.time_ns()).date()
    calendar = SessionCalendar(CONTRACTS.session, date - dt.timedelta(days=12), date + dt.timedelta(days=120))
    bars = synthetic_bars(1, 2, dt.date.fromisoformat(calendar.sessions[0].date), calendar)
    now_ns = time.time_ns()
    return {"bars": bars, "calendar": calendar, "start_ns": now_ns, "end_ns": now_ns + HOUR_NS, "begin": "told"}


class ThisMoment(Clock):
    """A gateway's clock that agrees with this machine's, however long a check takes."""

    @property
    def now_ns(self) -> int:
        return time.time_ns()


def at(report: CheckReport, name: str) -> CheckItem:
    return next(item for item in report.items if item.name == name)


def statuses(report: CheckReport) -> dict[str, Status]:
    """The broker's items."""
    return {item.name: item.status for item in report.items if item.name in BROKER_ITEMS}


def test_a_gateway_with_nothing_wrong_passes_and_every_item_says_what_it_saw(folder):
    report = look(folder)
    assert report.passed and report.account == "DU1234567"
    assert statuses(report) == dict.fromkeys(BROKER_ITEMS, PASS) | {"clock skew": SKIP}
    for name, part in {
        "connection": "127.0.0.1:",
        "account": "DU1234567, a paper account; NetLiquidation $10,000.00, AvailableFunds $10,000.00; tier B; 1.5 x",
        "instrument": "MESZ5 at CME, exit-only from 2025-12-15, which is 74 days after 2025-10-02",
        "orders": "not read-only",
        "clock skew": "a simulated gateway that replays recorded time",
    }.items():
        assert part in at(report, name).found


def test_contracts_that_the_journal_does_not_explain_fail(folder):
    report = look(folder, "position MESZ5 3")
    assert report.failed == ["positions"]
    assert at(report, "positions").found == "the account holds +3 MESZ5, and the journal explains +0" and at(report, "positions").remedy


def test_a_check_sends_no_order_and_leaves_the_state_folder_to_the_report(folder, tmp_path):
    look(folder, frames=tmp_path / "frames.jsonl")
    frames = [json.loads(line) for line in (tmp_path / "frames.jsonl").read_text().splitlines()]
    asked = {frame["kind"] for frame in frames if frame["way"] == "in"}
    assert "reqRealTimeBars" in asked
    assert not asked & {"placeOrder", "cancelOrder", "reqGlobalCancel", "reqAutoOpenOrders"}
    assert list(folder.iterdir()) == []


def test_a_live_account_of_today_passes_a_check_for_live(folder, monkeypatch):
    drilled(folder, NOON)
    monkeypatch.setattr(broker, "BAR_SECONDS", 0.05)
    report = look(folder, live=True, accounts=("U7654321",), **today())
    assert (report.mode, report.account) == ("LIVE", "U7654321")
    assert statuses(report) | {"bars": SKIP} == dict.fromkeys(BROKER_ITEMS, PASS) | {"bars": SKIP}
    assert "U7654321, a live account" in at(report, "account").found


def test_a_live_account_behind_a_replaying_gateway_fails_at_the_clock_alone(folder):
    drilled(folder, NOON)
    report = look(folder, live=True, accounts=("U7654321",))
    assert report.failed == ["clock skew"]
    assert "h from this machine's; 2 s are allowed, and a live account is never replayed" in at(report, "clock skew").found
    assert "NTP" in at(report, "clock skew").remedy


@pytest.mark.parametrize(
    ("live", "accounts", "part"),
    [
        (True, ("DU1",), "DU1 is a paper account, and the mode is LIVE"),
        (False, ("U1",), "U1 is a live account, and the mode is PAPER"),
        (False, ("DU1", "DU2"), "DU1, DU2"),
    ],
)
def test_the_wrong_account_fails_and_the_rest_is_skipped(folder, live, accounts, part):
    drilled(folder, NOON)
    report = look(folder, live=live, accounts=accounts)
    assert report.failed == ["account"]
    assert part in at(report, "account").found and at(report, "account").remedy
    assert at(report, "connection").status is PASS
    assert {at(report, name).found for name in BROKER_ITEMS[2:]} == {"no account"}


def test_the_account_that_is_named_is_the_one_that_is_checked(folder):
    report = look(folder, accounts=("DU1", "DU2"), environ={"TWS_ACCOUNT": "DU2", "TWS_CLIENT_ID": "987654"})
    assert report.passed and report.account == "DU2"
    assert "987654" not in at(report, "connection").found, "the client id is nobody else's business"


def test_without_an_answer_every_later_item_is_skipped(folder):
    report = look(folder, "refuse on", environ={"TWS_ACCOUNT": "DU5"})
    assert report.failed == ["connection"] and report.account == "DU5"
    assert "gateway unreachable: nothing answers" in at(report, "connection").found and "4002" in at(report, "connection").remedy
    assert {at(report, name).found for name in BROKER_ITEMS[1:]} == {"no connection"}


def test_a_check_beside_a_bot_that_runs_is_told_to_use_a_client_id_of_its_own(folder, monkeypatch):
    async def held(*_: object, **__: object) -> None:
        raise e.ClientIdInUse("client id 7 is in use", code=326)

    monkeypatch.setattr("bot.node.check.broker.probe", held)
    items = check_here(folder, TWS_PORT="4002")
    assert items["connection"].status is FAIL
    assert "client id in use (326)" in items["connection"].found
    assert "TWS_CLIENT_ID=8 mesbot check" in items["connection"].remedy
    assert items["orders"].found == "no connection"


def test_an_environment_that_cannot_be_fails_the_connection_with_its_sentence(folder):
    items = check_here(folder, TWS_PORT="high")
    assert items["connection"].status is FAIL
    assert "TWS_PORT=high must be a whole number" in items["connection"].found
    assert items["orders"].found == "no connection"


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("deny md 354", "market data not subscribed (354): "),
        ("deny md 10168", "market data not subscribed (10168): "),
        ("deny md 10167", "market data not subscribed (10167): "),
        ("compete on", "competing session (10197): "),
    ],
)
def test_data_that_are_not_live_fail_with_the_remedy_and_bars_are_not_looked_at(folder, words, part):
    report = look(folder, words)
    assert report.failed == ["data permissions"]
    assert part in at(report, "data permissions").found and at(report, "data permissions").remedy
    assert statuses(report) | {"bars": SKIP} == statuses(report)
    assert at(report, "orders").status is PASS


def test_a_read_only_api_fails_the_orders(folder):
    report = look(folder, "readonly on")
    assert report.failed == ["orders"]
    assert "Read-Only API" in at(report, "orders").remedy
    assert {at(report, name).status for name in ("account", "instrument")} <= {PASS, SKIP}  # whichever comes first
    assert at(report, "data permissions").found == "not looked at: orders"


def test_without_a_listed_month_the_instrument_fails_and_the_account_is_still_told(folder):
    report = look(folder, "expire MESZ5", "expire MESH6", "expire MESM6")
    assert report.failed == ["instrument"]
    assert at(report, "account").status is PASS
    assert {at(report, name).status for name in ("orders", "data permissions", "bars")} == {SKIP}


def test_a_farm_that_breaks_while_bars_are_waited_for_fails_the_data(folder):
    report = look(folder, "mute bars", script="09:25:10 farm down usfuture")
    assert report.failed == ["data permissions"]
    assert "market data degraded" in at(report, "data permissions").found
    assert {at(report, name).status for name in ("account", "orders")} == {PASS}


def test_a_link_that_ibkr_loses_while_bars_are_waited_for_fails_the_connection(folder):
    report = look(folder, "mute bars", script="09:25:10 err 1100")
    assert report.failed == ["connection"]
    assert "broker link lost" in at(report, "connection").found
    assert at(report, "account").found == "no connection"


@pytest.mark.parametrize(
    ("words", "part"),
    [
        pytest.param("swallow reqPositions all", "positions", id="positions"),
        pytest.param("swallow execDetailsEnd all", "orders and executions", id="executions", marks=pytest.mark.slow),
        pytest.param("swallow accountDownloadEnd all", "account values", id="account", marks=pytest.mark.slow),
    ],
)
def test_a_link_that_is_degraded_fails_with_what_is_missing_and_nothing_that_rests_on_it_is_looked_at(folder, monkeypatch, words, part):
    monkeypatch.setattr(broker, "START_SECONDS", 2.0)
    report = look(folder, words)
    assert not report.passed and report.failed == ["connection"]
    item = at(report, "connection")
    assert "not synced: the link is DEGRADED: " in item.found and part in item.found and "not told within 2 s" in item.found and item.remedy
    assert {at(report, name).status for name in ("orders", "positions", "bars")} == {SKIP}


def test_bars_that_do_not_come_in_an_open_market_fail(folder, monkeypatch):
    monkeypatch.setattr(broker, "BAR_SECONDS", 0.2)
    report = look(folder, begin="told")
    assert report.failed == ["bars"]
    assert "no five-second bar within 0.2 s" in at(report, "bars").found and at(report, "bars").remedy


def test_bars_are_not_asked_of_a_market_that_is_shut(folder, monkeypatch):
    monkeypatch.setattr(broker, "REFUSAL_SECONDS", 0.05)
    closed = new_york_ns("2025-10-02 17:30")
    report = look(folder, begin="told", start_ns=closed, end_ns=closed + HOUR_NS)
    assert report.passed
    assert (at(report, "bars").status, at(report, "bars").found) == (SKIP, "Globex is shut (2025-10-02 17:30 New York)")
    assert at(report, "data permissions").status is PASS


@pytest.mark.parametrize(
    ("cash", "part"),
    [(3_600.00, "tier A; 1.5 x the backtest's initial margin is $3,600.00 a contract and fits"), (3_599.99, "a contract and does not fit")],
)
def test_whether_the_margin_fits_is_told_and_fails_nothing(folder, cash, part):
    report = look(folder, cash_usd=cash)
    assert report.passed
    assert part in at(report, "account").found


def test_an_account_below_every_tier_fails(folder):
    report = look(folder, cash_usd=-0.01)
    assert report.failed == ["account"]
    assert "tier none" in at(report, "account").found


def test_a_gateway_of_today_whose_clock_is_a_minute_off_fails_the_clock(folder, monkeypatch):
    monkeypatch.setattr(broker, "BAR_SECONDS", 0.05)
    report = look(folder, "clock +60s", **today())
    assert at(report, "clock skew").status is FAIL and "NTP" in at(report, "clock skew").remedy
    assert {at(report, name).status for name in ("connection", "account", "instrument", "orders")} == {PASS}


@pytest.mark.parametrize(
    ("skew_seconds", "paper", "live"),
    [
        (0.0, PASS, PASS),
        (2.0, PASS, PASS),
        (-2.0, PASS, PASS),
        (2.001, FAIL, FAIL),
        (-2.001, FAIL, FAIL),
        (3600.0, FAIL, FAIL),
        (-3600.0, FAIL, FAIL),
        (3600.1, SKIP, FAIL),
        (-3600.1, SKIP, FAIL),
        (-31e6, SKIP, FAIL),
    ],
)
def test_clocks_may_differ_by_two_seconds_and_by_more_than_an_hour_only_if_simulated_on_paper(skew_seconds, paper, live):
    assert clock_item(skew_seconds, paper=True).status is paper
    assert clock_item(skew_seconds, paper=False).status is live
