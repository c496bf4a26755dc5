"""docs/refusals.md is what the code says."""

from __future__ import annotations

import importlib.util

from builders import ROOT

from bot.decision.codes import Code


def test_the_page_of_refusals_is_not_stale():
    spec = importlib.util.spec_from_file_location("make_refusals", ROOT / "scripts" / "make_refusals.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert (ROOT / "docs" / "refusals.md").read_text(encoding="utf-8") == script.page(), "run scripts/make_refusals.py"
    assert all(f"`{code.value}`" in script.page() for code in Code)
