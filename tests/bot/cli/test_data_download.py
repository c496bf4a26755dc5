"""`mesbot data download` that a person stops: where what has come is kept, and how it goes on."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli.main import cli
from bot.node import download
from bot.node.download import DownloadRequest


def interrupted(out: Path, monkeypatch: pytest.MonkeyPatch, before: Callable[[DownloadRequest], object]) -> Result:
    """Ctrl-C, as the terminal sends it, once that has been done."""

    async def fetch(request: DownloadRequest, _say: Callable[[str], None]) -> str:
        before(request)
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(60)
        raise AssertionError("it went on")

    monkeypatch.setattr(download, "download", fetch)
    before_us = signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs in the background ignores it
    try:
        runner = CliRunner(env={"TWS_PORT": "4002", "COLUMNS": "2000"})
        return runner.invoke(cli, ["data", "download", "--from", "2025-09-15", "--out", str(out)])
    finally:
        signal.signal(signal.SIGINT, before_us)


def test_ctrl_c_names_the_file_that_is_kept_and_how_it_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "mes.csv.gz"
    result = interrupted(out, monkeypatch, lambda request: request.part.write_bytes(b"1\n"))
    assert result.exit_code == 130
    assert result.stderr == f"Interrupted. What has come is kept in {out}.part: the same command goes on from there.\n"
    assert Path(f"{out}.part").read_bytes() == b"1\n"


def test_ctrl_c_before_anything_has_come_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "mes.csv.gz"
    result = interrupted(out, monkeypatch, lambda _: None)
    assert result.exit_code == 130
    assert result.stderr == f"Interrupted. Nothing had come yet, and {out} is not written: the same command begins anew.\n"
