"""The report in a browser that nobody sees: on a desktop, on a phone and in the dark. Needs a Chromium; skipped where none is."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any, ClassVar

import pytest
import small_journal

from bot.report.html import write_report
from bot.report.page import FOLD_FROM

BROWSER = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no chromium, chromium-browser or google-chrome is on the PATH to draw the report"),
]
DESKTOP, PHONE = 1400, 390
DAYS = tuple(f"2025-10-{day:02}" for day in (1, 2, 3, 6, 7, 8, 9, 10, 13, 14, 15, 16, 17, 20, 21))
SPARE = 1  # pixels, for widths that are no whole ones
# Run within the report, as a person would go through it: everything unfolded and looked at, then each link followed.
MEASURE = """
<script>
const tell = what => fetch("/found", {method: "POST", body: JSON.stringify(what)});
addEventListener("error", event => tell(event.message));
addEventListener("unhandledrejection", event => tell(String(event.reason)));
const wait = ms => new Promise(done => requestAnimationFrame(() => setTimeout(done, ms)));
const shown = each => each.getClientRects().length > 0;
const right = each => each.getBoundingClientRect().right;
addEventListener("load", async () => {
  const root = document.documentElement, first = root.scrollWidth - root.clientWidth, found = {};
  found.folded = [...document.querySelectorAll("details")].filter(each => !each.open).length;
  document.querySelectorAll("summary").forEach(each => each.click());
  found.unfolded = [...document.querySelectorAll("details")].filter(each => each.open).length;
  for (const box of document.querySelectorAll(".figure")) {
    box.scrollIntoView();
    for (let times = 0; times < 200 && !box.querySelector("svg.main-svg"); times += 1) await wait(50);
  }
  found.width = innerWidth;
  found.overflow = Math.max(first, root.scrollWidth - root.clientWidth);
  found.figures = document.querySelectorAll(".figure").length;
  found.drawn = [...document.querySelectorAll(".figure")].filter(each => each.querySelector("svg.main-svg")).length;
  found.wide = [...document.querySelectorAll(".figure")].filter(each =>
    right(each) > root.clientWidth || [...each.querySelectorAll("svg.main-svg, svg text")].some(part =>
      right(part) > right(each.closest(".panel")) + 1)).map(each => each.id);
  found.over = [...document.querySelectorAll(".figure")].filter(box => {
    const axes = ["x", "x2", "y", "y2"].flatMap(axis => [`.${axis}tick text`, `.${axis}title`]).join();
    const words = [...box.querySelectorAll(axes)].map(each => each.getBoundingClientRect());
    return words.some((a, place) => words.slice(place + 1).some(b =>
      a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom));
  }).map(each => each.id);
  found.tables = [...document.querySelectorAll("table")].map(table => [...table.querySelectorAll("th")].map(each =>
    [each.textContent, Math.round(right(each) - right(table.parentElement)), shown(each)]));
  found.titles = [...document.querySelectorAll("[title]")].map(each => each.title);
  const words = [...document.querySelectorAll("h2")].find(each => each.textContent === "Words");
  found.words = [...words.nextElementSibling.querySelectorAll("dd")].filter(shown).map(each => each.textContent);
  found.links = [];
  for (const link of document.querySelectorAll("nav a")) {
    link.click();
    await wait(30);
    const heading = document.getElementById(link.hash.slice(1)), top = heading.getBoundingClientRect().top;
    found.links.push([link.textContent, heading.textContent, top > -2 && top < innerHeight]);
  }
  const style = getComputedStyle(document.body);
  found.colours = [style.color, style.backgroundColor];
  found.lines = [...document.querySelectorAll(".figure .xtitle, .figure .gtitle")].map(each => getComputedStyle(each).fill);
  tell(found);
});
</script>
"""
FRAME = "<!doctype html><iframe src='{page}' style='width:{width}px;height:900px;border:0'></iframe>"
PATIENCE_SECONDS = 240.0


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of enough sessions that tables and charts are folded."""
    journal = small_journal.write(tmp_path_factory.mktemp("browser") / "journal.sqlite", days=DAYS, bars=200)
    page = journal.with_name("report.html")
    write_report(journal, page)
    return page


@pytest.fixture(scope="module")
def seen(report: Path) -> dict[str, dict[str, Any]]:
    """What was measured: on a desktop, on a phone, and on a desktop in the dark."""
    return {"desktop": measured(report, DESKTOP), "phone": measured(report, PHONE), "dark": measured(report, DESKTOP, dark=True)}


class Told(SimpleHTTPRequestHandler):
    """Gives out a folder, and keeps what a page tells."""

    found: ClassVar[Queue[Any]] = Queue()

    def do_POST(self) -> None:
        self.found.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


def measured(report: Path, width: int, *, dark: bool = False) -> dict[str, Any]:
    """The report in a frame as wide as a screen: a browser without a window is never as narrow as a phone."""
    above, _, below = report.read_text(encoding="utf-8").rpartition("</body>")
    (report.parent / "measured.html").write_text(f"{above}{MEASURE}</body>{below}", encoding="utf-8")
    (report.parent / "frame.html").write_text(FRAME.format(page="measured.html", width=width), encoding="utf-8")
    with serving(report.parent) as url, TemporaryDirectory() as profile:
        size = (f"--user-data-dir={profile}", f"--window-size={width + 40},1000")
        night = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
        words = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", *size, night, f"{url}/frame.html"]
        browser = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            found = Told.found.get(timeout=PATIENCE_SECONDS)
        finally:
            browser.terminate()
            browser.wait()
    assert isinstance(found, dict), found
    return found


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """A folder on this machine's own network; its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Told, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(("screen", "width"), [("desktop", DESKTOP), ("phone", PHONE), ("dark", DESKTOP)])
def test_the_page_is_as_wide_as_the_screen_and_every_figure_is_drawn_within_it(seen, screen, width):
    found = seen[screen]
    assert (found["width"], found["overflow"]) == (width, 0)
    assert found["drawn"] == found["figures"] > 5
    assert found["wide"] == []
    assert found["over"] == [], "words of an axis lie over each other"


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_a_reason_of_ten_thousand_characters_makes_neither_page_nor_table_wider(tmp_path, width):
    page = tmp_path / "report.html"
    write_report(small_journal.add_reason(small_journal.write(tmp_path / "journal.sqlite", days=DAYS[:2], bars=80), "w" * 10_000), page)
    found = measured(page, width)
    assert (found["width"], found["overflow"]) == (width, 0)
    (states,) = (table for table in found["tables"] if "Released by" in [head[0] for head in table])
    assert width == PHONE or all(right <= SPARE for _, right, _ in states)


@pytest.mark.parametrize("kept", ["", "earlier/3", "elsewhere"])
def test_a_report_that_the_next_run_has_put_aside_names_the_journal_beside_it(tmp_path, kept):
    journal = small_journal.write(tmp_path / "journal.sqlite", days=DAYS[:1], bars=80)
    (tmp_path / kept).mkdir(parents=True, exist_ok=True)
    write_report(journal, page := tmp_path / kept / "report.html")
    shown = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True,
    ).stdout  # fmt: skip
    named = set(re.findall(r"<code>mesbot .*? --journal (.*?)</code>", shown))
    assert named == {str(tmp_path / (kept if kept.startswith("earlier") else "") / "journal.sqlite")}


@pytest.mark.parametrize("screen", ["desktop", "phone", "dark"])
def test_what_is_folded_opens_by_its_summary_alone(seen, screen):
    assert len(DAYS) > FOLD_FROM
    assert seen[screen]["folded"] == seen[screen]["unfolded"] > 1


@pytest.mark.parametrize("screen", ["desktop", "phone"])
def test_the_net_of_every_table_is_seen_without_scrolling_it(seen, screen):
    heads = [head for table in seen[screen]["tables"] for head in table if head[0].startswith("Net")]
    assert len(heads) >= 4
    assert [head for head in heads if head[1] > SPARE or not head[2]] == []
    (plans,) = (table for table in seen[screen]["tables"] if table[0][0] == "Refused by")
    assert [head[0] for head in plans if head[1] <= SPARE][:3] == ["Refused by", "", "Plans"]


@pytest.mark.parametrize("screen", ["desktop", "phone"])
def test_the_contents_lead_to_their_headings(seen, screen):
    assert len(seen[screen]["links"]) > 8
    assert [link for link in seen[screen]["links"] if link[0] != link[1] or not link[2]] == []


@pytest.mark.parametrize("screen", ["desktop", "phone", "dark"])
def test_every_word_is_explained_without_a_mouse_and_every_number_has_its_name(seen, screen):
    assert len(seen[screen]["words"]) > 5 and all(seen[screen]["words"])
    assert len(seen[screen]["titles"]) > 50 and all(seen[screen]["titles"])


def test_dark_text_stands_on_light_by_day_and_light_on_dark_by_night(seen):
    for screen, is_dark in (("desktop", False), ("dark", True)):
        ink, paper = (brightness(colour) for colour in seen[screen]["colours"])
        assert (ink > paper) is is_dark and abs(ink - paper) > 0.5
        assert seen[screen]["lines"]
        assert [line for line in seen[screen]["lines"] if abs(brightness(line) - paper) < 0.25] == []


def brightness(colour: str) -> float:
    """Of `rgb(r, g, b)`, from 0 to 1."""
    red, green, blue = map(int, re.findall(r"\d+", colour)[:3])
    return (0.299 * red + 0.587 * green + 0.114 * blue) / 255
