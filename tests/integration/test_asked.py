"""What is asked of a model is a number, or said to be none."""

from __future__ import annotations

import pytest
from asked import asked


def test_what_is_asked_for_counts_and_else_the_default(monkeypatch):
    assert asked("MODEL_NOTHING", 120) == 120
    monkeypatch.setenv("MODEL_NOTHING", "7")
    assert asked("MODEL_NOTHING", 120) == 7


@pytest.mark.parametrize("text", ["", "abc", "-1", "0", "1.5", "1e3"])
def test_what_is_no_number_of_days_is_said_in_a_sentence(monkeypatch, text):
    monkeypatch.setenv("MODEL_NOTHING", text)
    with pytest.raises(pytest.Collector.CollectError, match=f"MODEL_NOTHING={text} must be a whole number of at least 1."):
        asked("MODEL_NOTHING", 120)
