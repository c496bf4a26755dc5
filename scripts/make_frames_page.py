"""Writes the columns of docs/notebooks.md from bot/report/frames.py. Run it after one was added; a test fails while the page is stale."""

from __future__ import annotations

from pathlib import Path

from bot.report.frames import FRAMES, Frame

PAGE = Path(__file__).resolve().parents[1] / "docs" / "notebooks.md"
BEGIN, END = "<!-- made by scripts/make_frames_page.py -->\n", "<!-- end of what is made -->\n"
KINDS = {"time": "time", "whole": "whole number", "number": "number", "flag": "yes or no", "words": "words"}


def made() -> str:
    """A table a frame."""
    return "".join(_table(name, frame) for name, frame in FRAMES.items())


def _table(name: str, frame: Frame) -> str:
    rows = "".join(f"| `{each.name}` | {KINDS[each.kind]} | {each.words} |\n" for each in frame.columns)
    return f"\n## {name}\n\n| column | kind | what it is |\n|---|---|---|\n{rows}"


def page() -> str:
    """The whole page, with its tables as the code has them."""
    text = PAGE.read_text(encoding="utf-8")
    return text[: text.index(BEGIN) + len(BEGIN)] + made() + "\n" + text[text.index(END) :]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
