"""`mesbot dashboard` as a process, and a headless chromium that looks at it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bot.dashboard.token import NAME

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
TOKEN = "correct-horse-battery"
PATIENCE_SECONDS = 90.0


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(true: Callable[[], Any], seconds: float = PATIENCE_SECONDS, why: Callable[[], Any] = lambda: "") -> Any:
    """Wait for it; what it is then. Fails with `why` if it does not come."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, why()
        time.sleep(0.05)
    return found


def process(home: Path, *words: str) -> subprocess.Popen[str]:
    """`mesbot …` in this folder, with its own state in it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TWS_", "MESBOT_"))}
    environment = {**clean, "MESBOT_HOME": str(home / "state"), NAME: TOKEN}
    command = [sys.executable, "-m", "bot.cli", *words]
    return subprocess.Popen(command, cwd=home, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


class Served:
    """A dashboard that runs, and where."""

    def __init__(self, running: subprocess.Popen[str], port: int) -> None:
        self.process, self.address = running, f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def dashboard(home: Path, *words: str) -> Iterator[Served]:
    """One, once it answers."""
    port = free_port()
    running = process(home, "dashboard", "--port", str(port), *words)

    def answers() -> bool:
        assert running.poll() is None, running.stdout.read()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return True
        return False

    try:
        until(answers)
        yield Served(running, port)
    finally:
        running.kill()
        running.wait()


@contextlib.contextmanager
def browser() -> Iterator[Any]:
    """A headless chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield started
        finally:
            started.close()
