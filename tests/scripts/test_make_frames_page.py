"""The columns in docs/notebooks.md are those of the code."""

from __future__ import annotations

import importlib.util
import types

from builders import ROOT

from bot.report.frames import FRAMES


def script() -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("make_frames_page", ROOT / "scripts" / "make_frames_page.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_as_the_code_has_it():
    assert script().page() == (ROOT / "docs" / "notebooks.md").read_text(encoding="utf-8"), "run scripts/make_frames_page.py"


def test_every_frame_and_every_column_is_in_it():
    made = script().made()
    assert all(f"## {name}\n" in made for name in FRAMES)
    assert made.count("\n| `") == sum(len(frame.columns) for frame in FRAMES.values())
