"""The dashboard in a headless chromium: its figures are the journal's, its verbs do what they say, and it never shows old for new."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from builders import CONTRACTS
from dashboard_rig import CHROMIUM, TOKEN, Served, browser, dashboard, process, until
from replay_watched import bars

from bot.journal.folder import JOURNAL
from bot.journal.packs import WHOLE
from bot.journal.read import opened
from bot.journal.records import Kind, StateRecord
from bot.journal.store import Journal
from bot.units import MINUTE_NS

sys.path += [str(Path(__file__).parents[1] / "bot" / room) for room in ("dashboard", "runtime")]
from dashboard_journals import EVIL, TEN_30, account_journal, bar, decision

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not CHROMIUM, reason="there is no chromium here: apt-get install chromium")]
HOLD = """
import sys
from pathlib import Path
from bot.journal.run_lock import RunLock
with RunLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
OLD_SECONDS = 5.0
FOCUS = """
(() => {
  const at = document.activeElement, field = at.closest('.q-field__control') ?? at, style = getComputedStyle(field);
  if (at === document.body) return null;
  return [at.getAttribute('aria-label') ?? at.textContent.trim(), style.outlineStyle === 'solid' || style.boxShadow.includes('5px')];
})()
"""
# Each text with its contrast (WCAG 2.1, 4.5 is enough for small ones) to the nearest colour that is not transparent behind it.
CONTRASTS = """
(() => {
  const lit = part => (part /= 255) <= .03928 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4;
  const light = ([red, green, blue]) => .2126 * lit(red) + .7152 * lit(green) + .0722 * lit(blue);
  const read = colour => { const found = colour.match(/[\\d.]+/g).map(Number); return found.length < 4 ? [...found, 1] : found; };
  const ancestors = each => each ? [each, ...ancestors(each.parentElement)] : [];
  const behind = each =>
    ancestors(each).map(one => read(getComputedStyle(one).backgroundColor)).find(one => one[3] > .9) ?? [255, 255, 255];
  const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), unseen = ['SCRIPT', 'STYLE'];
  while (walk.nextNode()) {
    const words = walk.currentNode.textContent.trim(), each = walk.currentNode.parentElement, style = getComputedStyle(each);
    if (!words || unseen.includes(each.tagName) || !each.getClientRects().length || style.visibility === 'hidden') continue;
    const seen = ancestors(each).reduce((share, one) => share * getComputedStyle(one).opacity, 1), back = behind(each);
    const ink = read(each instanceof SVGElement ? style.fill : style.color);
    const mixed = [0, 1, 2].map(place => ink[place] * seen * ink[3] + back[place] * (1 - seen * ink[3]));
    const [low, high] = [light(mixed), light(back)].sort((a, b) => a - b);
    found.push([words.slice(0, 40), (high + .05) / (low + .05)]);
  }
  return found;
})()
"""
COLUMNS = """
[...document.querySelectorAll('.pile')].map(column => [...column.querySelectorAll('.card')].map(card => {
  const box = card.getBoundingClientRect();
  return [box.left, box.top, box.bottom];
}))
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    pytest.importorskip("playwright")
    with browser() as started:
        yield started


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A page that asks nobody but its own server."""
    context = chromium.new_context(viewport={"width": 1400, "height": 900})
    made, asked = context.new_page(), []
    made.on("request", lambda request: asked.append(request.url))
    yield made
    context.close()
    assert [url for url in asked if not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:"))] == []


def text(page: Any) -> str:
    return page.inner_text("body")


def warned(page: Any) -> str:
    return "\n".join(each.inner_text() for each in page.query_selector_all(".warning") if each.is_visible())


def fact(page: Any, name: str) -> str:
    """What stands behind a name on the page Now."""
    found = page.evaluate(
        "name => [...document.querySelectorAll('.fact')].find(each => each.children[0].textContent === name)?.children[1].textContent", name
    )
    return found or ""


def rows(journal: Path, sql: str) -> list[tuple]:
    with opened(journal) as db:
        return db.execute(sql).fetchall()


def operators(journal: Path) -> list[str]:
    return [json.loads(body)["action"] for (body,) in rows(journal, "SELECT body FROM records WHERE kind = 'operator action' ORDER BY seq")]


# ------------------------------------------------------------------ a replay that runs


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Served]]:
    """A replay that runs, and a dashboard on it."""
    home = tmp_path_factory.mktemp("replay")
    running = process(home, "paper", "--sessions", "2", "--speed", "30", "--no-report")
    journal = home / "out" / "paper" / JOURNAL
    try:
        until(lambda: bars(journal) >= 3)
        with dashboard(home) as served:
            yield journal, served
    finally:
        running.kill()
        running.wait()


def test_its_figures_are_the_journals_and_new_ones_come_within_a_moment(page, replay):
    journal, served = replay
    page.goto(served.address)
    until(lambda: "close" in fact(page, "last bar"))
    late = []
    for _ in range(3):
        before = fact(page, "last bar")
        until(lambda before=before: fact(page, "last bar") != before)
        shown_ns, said = time.time_ns(), fact(page, "last bar")
        last, wall_ns = [
            (json.loads(body), wall_ns)
            for body, wall_ns in rows(journal, f"SELECT body, wall_ns FROM {WHOLE} WHERE kind = 'bar' ORDER BY seq")
        ][-1]
        late.append((shown_ns - wall_ns) / 1e9)
        assert said.endswith(f"close {last['close']:,.2f}") or late[-1] > 0.5, said
    print(f"from the record to the page: {', '.join(f'{each:.2f} s' for each in late)}")
    assert min(late) < 3.0, late
    assert (fact(page, "mode"), fact(page, "kill switch"), warned(page)) == ("PAPER replay", "ARMED", "")
    assert fact(page, "journal") == str(journal) and page.locator("header .whose").inner_text() == "PAPER replay"
    page.goto(f"{served.address}/today")
    until(lambda: page.locator("tbody tr").count() > 5)
    until(lambda: page.locator(".js-plotly-plot .xtick").count() > 0)
    cells = page.locator("tbody tr").first.locator("td").all_inner_texts()
    decided = [json.loads(body)["sentence"] for (body,) in rows(journal, f"SELECT body FROM {WHOLE} WHERE kind = 'decision'")]
    assert cells[4] in decided


def typed(page: Any, verb: str, token: str, confirmed: str) -> str:
    """Ask for a verb; what the dialog says then."""
    page.locator("header").get_by_role("button", name=verb).click()
    dialog = page.locator("[role=dialog] .card, .card[role=dialog]").last
    inputs = dialog.locator("input")
    for place, words in enumerate(("looked at it", token, confirmed)):
        inputs.nth(place).fill(words)
    dialog.get_by_role("button", name=verb).click()
    said = dialog.locator(".said")
    until(lambda: said.inner_text() not in ("", "…"))
    words = said.inner_text()
    dialog.get_by_role("button", name="Close").click()
    until(lambda: not dialog.is_visible())
    return words


def test_its_verbs_want_token_and_confirmation_and_are_carried_out_by_the_bot(page, replay):
    journal, served = replay
    page.goto(served.address)
    until(lambda: fact(page, "bot").startswith("runs"))
    assert "That is not the token" in typed(page, "STOP ENTRIES", "guess", "STOP ENTRIES")
    assert "Type STOP ENTRIES" in typed(page, "STOP ENTRIES", TOKEN, "yes")
    assert operators(journal) == []
    assert "entries are locked until mesbot unlock" in typed(page, "STOP ENTRIES", TOKEN, "STOP ENTRIES")
    assert operators(journal) == ["lock"]
    until(lambda: "looked at it (dashboard); until mesbot unlock" in text(page))
    assert "entries may pass again" in typed(page, "RELEASE", TOKEN, "RELEASE")
    until(lambda: "until mesbot unlock" not in text(page))
    assert "HALTED" in typed(page, "FLATTEN & HALT", TOKEN, "FLATTEN & HALT")
    assert operators(journal)[:3] == ["lock", "unlock", "kill"]
    until(lambda: "This replay is over" in text(page))
    assert warned(page) == "" and not page.locator("header button").filter(visible=True).count(), "nobody is there to obey"


# ------------------------------------------------------------------ journals that stand


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "state"))
    return tmp_path


def test_a_bot_that_dies_and_then_the_dashboard_itself_are_said_within_five_seconds(page, home):
    journal = account_journal(home / "state", wall_ns=time.time_ns())
    command = [sys.executable, "-c", HOLD, str(journal)]
    bot = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert bot.stdout.readline() == "held\n"
    with dashboard(home, "--read-only") as served:
        page.goto(served.address)
        until(lambda: fact(page, "bot").startswith("runs"))
        assert warned(page) == "" and page.locator("header button").count() == 0, "read-only has no verb"
        bot.kill()
        bot.wait()
        until(lambda: "No bot runs" in warned(page), OLD_SECONDS)
        served.process.kill()
        until(lambda: "heard nothing from its dashboard" in warned(page), OLD_SECONDS)


def test_words_of_a_journal_are_words_and_nothing_else(page, home):
    account_journal(home / "state", held=True, evil=EVIL)
    with dashboard(home) as served:
        for path in ("/", "/today", "/strategies"):
            page.goto(served.address + path)
            if path != "/strategies":
                until(lambda: EVIL in text(page), why=lambda: text(page))
            assert page.title() != "owned" and page.locator("img[src=x]").count() == 0
        answer = page.request.get(f"{served.address}/report/now")
        assert answer.ok and "sandbox" in answer.headers["content-security-policy"]
        assert page.request.get(f"{served.address}/report/..%2Fnow").status == 404


def test_a_journal_of_another_version_is_a_sentence_and_no_figure(page, home):
    journal = account_journal(home / "state")
    with sqlite3.connect(journal) as db:
        db.execute("PRAGMA user_version = 99")
    with dashboard(home) as served:
        page.goto(served.address)
        until(lambda: "its schema version is 99" in warned(page))
        assert "ARMED" not in text(page) and page.locator(".fact").count() == 0


def test_a_backtest_that_is_over_says_so_and_offers_no_verb(page, home):
    path = home / "out" / JOURNAL
    path.parent.mkdir()
    with Journal.create(path, "backtest", CONTRACTS, {"equity_usd": 10_000, "learning": True}, lambda: 1) as journal:
        for name in ("K1", "K5"):
            journal.add(Kind.DECISION, TEN_30, decision(name), name)
        journal.add(Kind.BAR, TEN_30, bar())
        journal.close_link(TEN_30)
        journal.end({})
    with dashboard(home, "--journal", str(path)) as served:
        for address, said in (("/", "none: the run is over"), ("/today", "2025-09-16"), ("/strategies", "ACTIVE"), ("/runs", "backtest")):
            page.goto(served.address + address)
            until(lambda said=said: said in text(page), why=lambda: text(page))
            assert "This backtest is over: it ended at 2025-09-16 10:30 New York" in text(page)
            assert warned(page) == "" and page.locator(".stale").count() == 0
            assert page.locator("header button").filter(visible=True).count() == 0
            assert page.locator("header .whose").inner_text() == "BACKTEST"
        page.goto(served.address)
        until(lambda: page.locator("tbody tr").count())
        assert all(page.locator("td.of-to_enter").all_inner_texts()) and "simulated" not in text(page)


def test_a_change_of_state_stands_on_the_page_that_is_open_and_what_is_read_once_says_as_of_when(page, home):
    journal = account_journal(home / "state")
    with dashboard(home) as served:
        page.goto(f"{served.address}/strategies")
        until(lambda: "As of " in text(page))
        assert "ACTIVE → THROTTLED" not in text(page)
        with Journal.append(journal, "paper", CONTRACTS, {"account": "DU1"}, lambda: 1) as writing:
            change = StateRecord("K1", "ACTIVE", "THROTTLED", 1, "two losses", "loss_streak", 2.0, 2, "the first real win")
            writing.add(Kind.STATE, TEN_30 + 2 * MINUTE_NS, change, "K1")
            writing.close_link(TEN_30 + 2 * MINUTE_NS)
        until(lambda: "ACTIVE → THROTTLED" in text(page), OLD_SECONDS, why=lambda: text(page))


def test_on_a_desk_the_cards_stand_in_columns_without_holes(page, home):
    account_journal(home / "state", held=True)
    with dashboard(home) as served:
        page.goto(served.address)
        until(lambda: fact(page, "position"))
        columns = page.evaluate(COLUMNS)
        assert len({round(cards[0][1]) for cards in columns}) == 1 and len({round(cards[0][0]) for cards in columns}) == 3
        gaps = [below[1] - above[2] for cards in columns for above, below in pairwise(cards)]
        assert gaps and all(0 < gap < 20 for gap in gaps)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it_by_day_and_night_also_where_it_is_old(chromium, home, scheme):
    account_journal(home / "state", held=True)
    with dashboard(home) as served:
        page = chromium.new_page(color_scheme=scheme)
        for path, there in (("/", "position"), ("/today", "K1"), ("/strategies", "As of"), ("/runs", "Runs")):
            page.goto(served.address + path)
            until(lambda there=there: "No bot runs" in warned(page) and there in text(page))
            found = page.evaluate(CONTRASTS)
            assert len(found) > 10 and [each for each in found if each[1] < 4.5] == [], path
        page.close()


def test_who_has_no_mouse_comes_to_everything_and_sees_where_he_is(page, home):
    account_journal(home / "state")
    with dashboard(home) as served:
        page.goto(f"{served.address}/today")
        until(lambda: page.locator("tbody tr").count() > 5)
        met = []
        while (at := page.evaluate(FOCUS) if page.keyboard.press("Tab") is None else None) is not None and len(met) < 30:
            met.append(at)
        assert [name for name, _ in met] == [
            *("Now", "Today", "Strategies", "Runs", "STOP ENTRIES", "FLATTEN & HALT"),
            *("Strategy", "Decided", "First gate", "Words", "Newer", "Older"),
        ]
        assert all(seen for _, seen in met), met


def test_a_phone_shows_all_of_it_without_a_second_scroll_bar(chromium, home):
    account_journal(home / "state", held=True)
    context = chromium.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page = context.new_page()
    with dashboard(home) as served:
        for path in ("/", "/today", "/strategies", "/runs"):
            page.goto(served.address + path)
            until(lambda: page.locator(".beat").inner_text() != "")
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    context.close()


def test_on_a_phone_the_times_below_the_chart_stand_apart_also_after_it_was_turned(chromium, home):
    journal = account_journal(home / "state")
    with Journal.append(journal, "paper", CONTRACTS, {"account": "DU1", "learning": True, "replayed_time": True}, lambda: 1) as day:
        for minute in range(2, 330):
            day.add(Kind.BAR, TEN_30 + minute * MINUTE_NS, bar(250.0))
            day.close_link(TEN_30 + minute * MINUTE_NS)
    context = chromium.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    with dashboard(home) as served:
        page.goto(f"{served.address}/today")
        until(lambda: len(_times(page)) >= 5, why=lambda: text(page))
        page.set_viewport_size({"width": 390, "height": 844})
        until(lambda: 2 <= len(_times(page)) <= 4 and _apart(_times(page)), why=lambda: _times(page))
        page.reload()
        until(lambda: 2 <= len(_times(page)) <= 4 and _apart(_times(page)), why=lambda: _times(page))
    context.close()


COUNT_DRAWN = """
window.drawn = 0;
(function look() {
  const chart = document.querySelector('.js-plotly-plot');
  if (!chart?.on) return requestAnimationFrame(look);
  chart.on('plotly_afterplot', () => { window.drawn += 1; });
})();
"""


def test_where_the_first_chart_is_right_for_the_window_it_is_drawn_once(chromium, home):
    account_journal(home / "state")
    drawn = {}
    with dashboard(home) as served:
        for scheme in ("light", "dark"):
            context = chromium.new_context(viewport={"width": 1400, "height": 900}, color_scheme=scheme)
            page = context.new_page()
            page.add_init_script(COUNT_DRAWN)
            page.goto(f"{served.address}/today")
            until(lambda page=page: page.evaluate("window.drawn"), why=lambda page=page: text(page))
            page.wait_for_timeout(2_000)  # the window is asked within half a second
            drawn[scheme] = page.evaluate("window.drawn")
            context.close()
    assert drawn == {"light": 1, "dark": 2}


def _times(page: Any) -> list[tuple[float, float]]:
    """Where each label of the time axis begins and ends, in pixels."""
    found = "[...document.querySelectorAll('.xtick text')].map(each => each.getBoundingClientRect()).map(box => [box.left, box.right])"
    return sorted(map(tuple, page.evaluate(found)))


def _apart(places: list[tuple[float, float]]) -> bool:
    return all(right + 8 <= left for (_, right), (left, _) in pairwise(places))
