"""What must be true of a year, by what the broker knows, the journals say and the process showed from outside; no code of mesbot judges.

Every rule gives sentences, none where it holds.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from statistics import median

import checker_limits
from checker_clock import new_york, trading_day
from checker_evidence import Evidence
from checker_limits import BUDGETS
from year_play import EQUITY_USD, Measured, Story
from year_report import report_of
from year_rows import journals, rows

MINUTE = 60 * 10**9
MONTH, TELLING = 21, 10  # sessions; those from which on the fastest tells how long one takes
MORE_MEMORY, MORE_SECONDS = 1.10, 1.20
LAW = (
    checker_limits.size, checker_limits.one_at_a_time, checker_limits.frequency, checker_limits.risk, checker_limits.budgets,
    checker_limits.after_losses, checker_limits.windows, checker_limits.brackets, checker_limits.entry_types, checker_limits.fees,
)  # fmt: skip
EXPECTED = {"BrokerLinkLost", "ScheduledRestart", "ConnectionLost", "GatewayUnreachable"}  # what a gateway that goes away is told as
STANDING = "StaleBars"  # while a bot starts the market stands, on a busy machine for longer than a bar is waited for
ALARM = re.compile(r"^\d\d:\d\d:\d\d  ([A-Z]\w+)(?: \((\d+)\))?: ")
TROUBLE = re.compile(r"\[(ERROR|WARN|WARNING)\]|Traceback|^\w*(Error|Exception)\b")
Sentences = Iterator[str]
Rule = Callable[[Path, Story], Sentences]


def judge(home: Path, story: Story) -> list[str]:
    """Everything that is broken; [] if the year holds."""
    return [sentence for rule in RULES for sentence in rule(home, story)]


def months(story: Story) -> tuple[list[Measured], list[Measured]]:
    """The first and the last month of the process that ran longest, without its first session; of a shorter story the thirds."""
    counted = Counter(each.process for each in story.measured)
    longest = max(counted, key=lambda process: counted[process], default=0)
    mine = [each for each in story.measured if each.process == longest][1:]
    length = min(MONTH, max(1, len(mine) // 3))
    return mine[:length], mine[-length:]


def cpu_of(story: Story) -> dict[str, float]:
    """Seconds of a processor that the bot took for each session, by date; not for the first session of a process."""
    pairs = zip(story.measured, story.measured[1:], strict=False)
    return {after.date: after.cpu_seconds - before.cpu_seconds for before, after in pairs if before.process == after.process}


def alarms(home: Path) -> Counter[str]:
    """What the bot has told of trouble, by name and code."""
    found = (ALARM.match(line) for line in (home / "bot.txt").read_text(errors="replace").splitlines())
    return Counter(f"{each[1]} {each[2] or ''}".strip() for each in found if each)


# ----------------------------------------------------------------------------- rules


def whole(_: Path, story: Story) -> Sentences:
    """The story came to its end, and every session was measured."""
    if story.broken:
        yield f"The story broke off: {story.broken}"
    if len(story.measured) != len(story.sessions):
        yield f"{len(story.measured)} of {len(story.sessions)} sessions were played."


def grows(_: Path, story: Story) -> Sentences:
    """Memory, handles, threads and time do not grow from the first month to the last; time only where a month is long enough to tell."""
    first, last = months(story)
    for name, factor, more, value in (
        ("memory in KiB", MORE_MEMORY, 0, "rss_kib"),
        ("file handles", 1.0, _new_years(first, last), "handles"),
        ("threads", 1.0, 0, "threads"),
    ):
        was, now = (median(getattr(each, value) for each in month) if month else 0 for month in (first, last))
        if now > (most := was * factor + more):
            yield f"The {name} grew from {was:,.0f} to {now:,.0f}, at most {most:,.0f} (medians of {len(first)} sessions)."
    was, now = fastest(story, first), fastest(story, last)
    if len(first) >= TELLING and now > was * MORE_SECONDS:
        yield f"The seconds a session grew from {was:.1f} to {now:.1f}, at most {was * MORE_SECONDS:.1f} (fastest of {len(first)})."


def _new_years(first: list[Measured], last: list[Measured]) -> int:
    """Between the middles of two months; with each the lock of one more journal is held, that of the year before."""
    years = [int(month[len(month) // 2].date[:4]) for month in (first, last) if month]
    return max(years, default=0) - min(years, default=0)


def fastest(story: Story, month: list[Measured]) -> float:
    """Seconds of a processor of the session of a month that took the fewest: what others want of the machine is in it least."""
    cpu = cpu_of(story)
    return min((cpu[each.date] for each in month if each.date in cpu), default=0.0)


def nothing_is_left(_: Path, story: Story) -> Sentences:
    """No order works and nothing is held after a session."""
    for each in story.measured:
        if each.position or each.working:
            yield f"{each.date}: {each.position:+d} contracts and {each.working} working orders were left after the session."
    if story.measured and story.measured[-1].timeouts:
        yield f"Barriers that were not answered in time: {story.measured[-1].timeouts}."


def expected(_: Path, story: Story) -> Sentences:
    """Nothing happened to the bot but what was done to it."""
    for ts, what, detail in story.happened:
        if what == "unexpected":
            yield f"{new_york(ts):%Y-%m-%d %H:%M}: {detail}."


def every_bar_is_decided(home: Path, story: Story) -> Sentences:
    """Each minute of each session has one bar, and one decision a strategy."""
    bars, decisions = Counter(row.ts for row in rows(home, "bar")), Counter((row.ts, row.strategy) for row in rows(home, "decision"))
    strategies = {strategy for _, strategy in decisions}
    for date, open_ns, close_ns in story.sessions[: len(story.measured)]:
        wrong = [
            ts for ts in range(open_ns + MINUTE, close_ns + 1, MINUTE)
            if bars[ts] != 1 or any(decisions[ts, strategy] != 1 for strategy in strategies)
        ]  # fmt: skip
        if wrong:
            first = f"{new_york(wrong[0]):%H:%M}"
            yield f"{date}: minutes without their bar and one decision a strategy: {len(wrong)}, the first closed at {first}."
    outside = set(bars) - {ts for _, start, end in story.sessions for ts in range(start + MINUTE, end + 1, MINUTE)}
    if outside:
        yield f"Bars that were decided outside any session: {len(outside)}, the first at {new_york(min(outside)):%Y-%m-%d %H:%M}."


def fills_are_the_brokers(home: Path, story: Story) -> Sentences:
    """Each execution is one fill of the journal, and the account's money is what the outcomes say."""
    told = Counter((row.body["client_order_id"], row.body["quantity"], row.body["price"]) for row in rows(home, "fill"))
    happened = Counter((each["ref"], each["shares"], each["price"]) for each in story.executions)
    for each in (told - happened) + (happened - told):
        yield f"{each[0]}: {told[each]} fills in the journal, {happened[each]} executions at the broker, of {each[1]} at {each[2]}."
    net = sum(row.body["net_cents"] for row in rows(home, "outcome") if not row.body["shadow"])
    if abs(EQUITY_USD + net / 100 - story.cash_usd) > 0.005:
        yield f"The account holds ${story.cash_usd:,.2f}; by the outcomes it would be ${EQUITY_USD + net / 100:,.2f}."


def the_law_is_kept(home: Path, _: Story) -> Sentences:
    """Size, counting, risk, budgets, locks, windows, brackets and fees, by the independent checker."""
    evidence = Evidence(report_of(home, EQUITY_USD))
    for rule in LAW:
        for violation in rule(evidence):
            yield str(violation)


def budgets_go_on(home: Path, _: Story) -> Sentences:
    """What a refusal says is left of day, week or month, and the equity of each day, are what all outcomes before it add up to."""
    limits = {f"{name}{'LY' if name != 'DAY' else ''}_LOSS_BUDGET": (limit, period) for name, limit, period in BUDGETS}
    limits["DAILY_LOSS_BUDGET"] = limits.pop("DAY_LOSS_BUDGET")
    spent: dict[tuple[str, object], int] = defaultdict(int)
    total = 0
    for row in rows(home, "outcome", "decision", "day"):
        if row.kind == "outcome" and not row.body["shadow"]:
            total += row.body["net_cents"]
            for code, (_, period) in limits.items():
                spent[code, period(row.ts)] += row.body["net_cents"]
        elif row.kind == "day" and row.body["equity_cents"] != (equity := round(EQUITY_USD * 100) + total):
            yield f"{row.body['trading_day']} began with {row.body['equity_cents']} cents; the outcomes say {equity}."
        elif row.kind == "decision":
            for gate in (row.body.get("gate"), *row.body.get("others", ())):
                if gate and gate["code"] in limits:
                    limit, period = limits[gate["code"]]
                    left = limit + spent[gate["code"], period(row.ts)] / 100
                    if abs(gate["limit"] - left) > 0.005:
                        when = f"{new_york(row.ts):%Y-%m-%d %H:%M}"
                        yield f"{when} {row.strategy}: {gate['code']} said ${gate['limit']:.2f} is left; the outcomes say ${left:.2f}."


def states_go_on(home: Path, _: Story) -> Sentences:
    """Each change of a strategy's state begins where its last one ended."""
    states: dict[str | None, str] = {}
    for row in rows(home, "state change"):
        before = states.get(row.strategy, "ACTIVE")
        if row.body["before"] != before:
            yield f"{new_york(row.ts):%Y-%m-%d %H:%M} {row.strategy}: was {row.body['before']}, its last change had left it {before}."
        states[row.strategy] = row.body["after"]


def days_follow_each_other(home: Path, story: Story) -> Sentences:
    """Each trading day begins once."""
    days = Counter(row.body["trading_day"] for row in rows(home, "day"))
    for date, open_ns, _ in story.sessions[: len(story.measured)]:
        if days[str(trading_day(open_ns + MINUTE))] != 1:
            yield f"{date}: the trading day began {days[date]}×."


def years_follow_each_other(home: Path, _: Story) -> Sentences:
    """Each year's file names the head of the one before."""
    head = ""
    for path in journals(home):
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            (continues,) = db.execute("SELECT json_extract(body, '$.continues') FROM runs ORDER BY run LIMIT 1").fetchone()
            if continues != head:
                yield f"{path.name} goes on from {continues[:12] or 'nothing'}; the year before ends with {head[:12] or 'nothing'}."
            (head,) = db.execute("SELECT head FROM links ORDER BY link DESC LIMIT 1").fetchone()


def no_other_trouble(home: Path, story: Story) -> Sentences:
    """Nothing is told or logged but what the gateway's going away is told as."""
    starts = 1 + sum(what in ("kill", "stop", "turn") for _, what, _ in story.happened)
    for name, count in alarms(home).items():
        if name.split()[0] not in EXPECTED and not (name == STANDING and count <= starts):
            yield f"{name} was told {count}×: {_first(home, name.split()[0])}"
    logged = [line for line in (home / "bot.txt").read_text(errors="replace").splitlines() if TROUBLE.search(line)]
    for line, count in Counter(line[-200:] for line in logged).items():
        yield f"Logged {count}×: {line}"


def _first(home: Path, name: str) -> str:
    return next(line for line in (home / "bot.txt").read_text(errors="replace").splitlines() if f"  {name}" in line)


RULES: tuple[Rule, ...] = (
    whole, grows, nothing_is_left, expected, every_bar_is_decided, fills_are_the_brokers, the_law_is_kept, budgets_go_on, states_go_on,
    days_follow_each_other, years_follow_each_other, no_other_trouble,
)  # fmt: skip
