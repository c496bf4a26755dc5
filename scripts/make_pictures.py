"""Makes the pictures of the README in docs/pictures from a replayed synthetic day: the live view and the result as SVG, and the report as
PNG where a Chromium is there to draw it. Takes about four minutes; nothing in them is drawn by hand.
"""

from __future__ import annotations

import asyncio
import io
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from rich.console import Console

from bot.journal.folder import REPORT
from bot.node.live_view import LiveView
from bot.node.paper import replay
from bot.node.request import PaperRequest
from bot.node.screen import Glance, rendered
from bot.report.html import write_report
from bot.report.terminal import print_summary

PICTURES = Path(__file__).resolve().parents[1] / "docs" / "pictures"
SPEED, SESSIONS = 120.0, 8  # so that the view is seen every half a minute of the market; the last of the sessions is replayed
WIDTH, HEIGHT = 100, 30
FOLDER = "/home/you/out/paper"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def paper_console() -> Console:
    """A terminal that nobody sees, which remembers what was printed."""
    return Console(width=WIDTH, height=HEIGHT, record=True, file=io.StringIO(), force_terminal=True)


def main() -> None:
    """Run, and write the pictures."""
    frames: list[str] = []
    view = LiveView(paper_console(), replayed=True)

    def keep(glance: Glance) -> None:
        remaining = view.remaining(glance)
        if glance.trade is not None:
            console = paper_console()
            console.print(rendered(glance, remaining))
            frames[:] = [svg(console, "mesbot paper")]

    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        result = asyncio.run(replay(PaperRequest(Path(folder), speed=SPEED, sessions=SESSIONS), keep))
        if not frames:
            raise SystemExit("No trade was open at any moment that was looked at; make it again.")
        (PICTURES / "live-view.svg").write_text(frames[0], encoding="utf-8")
        (PICTURES / "result.svg").write_text(result_picture(result.journal), encoding="utf-8")
        report = Path(folder) / REPORT
        write_report(result.journal, report)
        told = report.read_text(encoding="utf-8").replace(str(Path(folder).resolve()), FOLDER)  # its commands name a folder of nobody's
        report.write_text(told, encoding="utf-8")
        photograph(report, PICTURES / "report.png")


def result_picture(journal: Path) -> str:
    """What a run ends with, as SVG; of the day above the same at every speed, which a test compares with the one that is kept."""
    console = paper_console()
    print_summary(journal, console)
    return svg(console, "mesbot paper")


def svg(console: Console, title: str) -> str:
    """What was printed, without the fonts that rich would fetch from elsewhere."""
    return re.sub(r"@font-face \{[^}]*\}\s*", "", console.export_svg(title=title))


def photograph(page: Path, picture: Path) -> None:
    """A page as a browser shows it; says so where there is none."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        print(f"No browser is here ({', '.join(BROWSERS)}): {picture.name} stays as it was.")
        return
    size, wait = "--window-size=1100,1040", "--virtual-time-budget=8000"
    words = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", size, wait, f"--screenshot={picture}", page.as_uri()]
    subprocess.run([browser, *words], check=True, capture_output=True)


if __name__ == "__main__":
    main()
