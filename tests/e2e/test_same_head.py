"""A session with an exit that takes several questions and answers has one record, however often and however fast it is played."""

from __future__ import annotations

import asyncio
import math
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from bot.node import demo
from bot.node.demo import SESSIONS, Demo, DemoSession

SESSION = SESSIONS[1]  # K3 is out by THESIS at 09:38, K1 by its stop before 11:00


def played(folder: Path, session: DemoSession, speed: float, monkeypatch: pytest.MonkeyPatch) -> tuple[str, list[str]]:
    """Play it; the head, and the reasons of the exits."""
    config = demo.gateway_config
    with monkeypatch.context() as patched:
        patched.setattr(demo, "gateway_config", lambda request, day: replace(config(request, day), speed=speed))
        begun = Demo.begin(folder)
        head = asyncio.run(begun.play(session))
    with sqlite3.connect(begun.journal) as db:
        return head, [reason for (reason,) in db.execute("SELECT exit_reason FROM trades")]


@pytest.mark.slow
def test_ten_minutes_have_the_same_head_three_times(tmp_path, monkeypatch):
    session = replace(SESSION, until="09:40")
    one, *others = [played(tmp_path / str(number), session, speed, monkeypatch) for number, speed in enumerate((math.inf, 600.0, math.inf))]
    assert others == [one, one]
    assert one[1] == ["THESIS"]


@pytest.mark.slow
def test_a_session_has_the_same_head_at_every_speed(tmp_path, monkeypatch):
    speeds = (math.inf, 6000.0, math.inf, 600.0, math.inf)
    heads = [played(tmp_path / str(number), SESSION, speed, monkeypatch)[0] for number, speed in enumerate(speeds)]
    assert len(set(heads)) == 1
