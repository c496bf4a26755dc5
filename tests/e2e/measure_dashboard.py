"""What the dashboard costs and how late it is: `make bench-dashboard`. Prints seconds from the record to the page, seconds until the page
says that it is old where the bot or the dashboard itself was killed, and the bot's processor time per bar without and with a dashboard and
a browser that looks at it, in rounds that take turns; `--pictures FOLDER` keeps each page.

    PYTHONPATH=tests/e2e:tests:. .venv/bin/python tests/e2e/measure_dashboard.py [--rounds N] [--bars N] [--pictures FOLDER]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from dashboard_rig import CHROMIUM, browser, dashboard, process, until
from replay_watched import bars

from bot.journal.folder import JOURNAL
from bot.journal.packs import WHOLE
from bot.journal.read import opened

SPEED, WARM_BARS = 60, 3  # times the market's; bars before anything is measured
PAGES = {"now": "/", "today": "/today", "strategies": "/strategies", "runs": "/runs"}
SIZES = {"desktop": (1400, 900), "phone": (390, 844)}
LAST_BAR = """
[...document.querySelectorAll('.fact')].find(each => each.children[0].textContent === 'last bar')?.children[1].textContent ?? ''
"""


class Round(NamedTuple):
    """Milliseconds of the bot's processor time per bar; seconds from each bar's record to the page (none without a dashboard).

    `old` are the seconds until the page says so after the bot was killed, then after the dashboard was.
    """

    cpu_ms: float
    late: list[float]
    old: tuple[float, ...] = ()


def main() -> int:
    """Measure; 1 if there is no chromium."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bars", type=int, default=15)
    parser.add_argument("--pictures", type=Path)
    asked = parser.parse_args()
    if not CHROMIUM:
        print("There is no chromium here: apt-get install chromium.")
        return 1
    without, watched = [], []
    with browser() as chromium:
        for _ in range(asked.rounds):
            without.append(measured(asked.bars, None, None))
            watched.append(measured(asked.bars, chromium, asked.pictures))
    late = sorted(second for each in watched for second in each.late)
    print(
        f"From the record to the page: p50 {statistics.median(late):.2f} s, p90 {late[int(0.9 * len(late))]:.2f} s, "
        f"most {late[-1]:.2f} s ({len(late)} bars at {SPEED} times the market's speed)."
    )
    for killed, seconds in zip(("bot", "dashboard"), zip(*(each.old for each in watched), strict=True), strict=True):
        print(f"Said to be old {', '.join(f'{each:.1f} s' for each in seconds)} after the {killed} was killed.")
    alone, beside = (statistics.median(each.cpu_ms for each in rounds) for rounds in (without, watched))
    print(
        f"The bot's processor time: {alone:.1f} ms a bar without a dashboard, {beside:.1f} ms with one and a browser that looks at it "
        f"({beside / alone:.2f} times; medians of {asked.rounds} rounds in turn)."
    )
    return 0


def measured(count: int, chromium: Any, pictures: Path | None) -> Round:
    """One replay of so many bars, looked at by a chromium or by nobody."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        running = process(home, "paper", "--sessions", "2", "--speed", str(SPEED), "--no-report")
        journal = home / "out" / "paper" / JOURNAL
        try:
            until(lambda: bars(journal) >= WARM_BARS)
            with watching(home, chromium, pictures) as (page, served):
                found = _round(running.pid, journal, count, page)
                if page is None:
                    return found
                return found._replace(old=(_told_old(running, "No bot runs", page), _told_old(served.process, "heard nothing", page)))
        finally:
            running.kill()
            running.wait()


@contextlib.contextmanager
def watching(home: Path, chromium: Any, pictures: Path | None) -> Iterator[Any]:
    """The page Now of a dashboard on this folder's replay, once it shows a bar, and the dashboard; None without a chromium."""
    if chromium is None:
        yield None, None
        return
    with dashboard(home) as served:
        context = chromium.new_context(viewport={"width": 1400, "height": 900})
        page = context.new_page()
        if pictures is not None:
            _photograph(page, served.address, pictures)
        page.goto(served.address)
        until(lambda: "close" in page.evaluate(LAST_BAR))
        yield page, served
        context.close()


def _round(pid: int, journal: Path, count: int, page: Any) -> Round:
    first, began, late = bars(journal), _cpu_seconds(pid), []
    shown = "" if page is None else page.evaluate(LAST_BAR)
    while (now := bars(journal)) < first + count:
        if page is not None and (said := page.evaluate(LAST_BAR)) != shown:
            shown, seen_ns = said, time.time_ns()
            late.append((seen_ns - _last_wall_ns(journal, said)) / 1e9)
        time.sleep(0.005 if page is not None else 0.05)
    return Round(1000 * (_cpu_seconds(pid) - began) / (now - first), late)


def _told_old(killed: Any, words: str, page: Any) -> float:
    killed.kill()
    killed.wait()
    began = time.monotonic()
    until(lambda: any(words in each.inner_text() for each in page.query_selector_all(".warning") if each.is_visible()))
    return time.monotonic() - began


def _last_wall_ns(journal: Path, said: str) -> int:
    """When the record of the bar that the page shows was written: the newest with its close."""
    with opened(journal) as db:
        rows = db.execute(f"SELECT body, wall_ns FROM {WHOLE} WHERE kind = 'bar' ORDER BY seq DESC LIMIT 5").fetchall()
    return next(wall_ns for body, wall_ns in rows if said.endswith(f"close {json.loads(body)['close']:,.2f}"))


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100  # clock ticks, 100 a second on Linux


def _photograph(page: Any, address: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for name, path in PAGES.items():
            page.goto(address + path)
            page.wait_for_timeout(2500)
            page.screenshot(path=folder / f"{name}-{size}.png", full_page=True)
    page.set_viewport_size({"width": 1400, "height": 900})


if __name__ == "__main__":
    sys.exit(main())
