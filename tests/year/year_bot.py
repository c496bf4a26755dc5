"""The bot as a process: started as a unit starts it, measured from outside, killed or stopped."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import NamedTuple

from year_plan import NIGHTLY

ROOT = Path(__file__).resolve().parents[2]
END_SECONDS = 120.0


class Size(NamedTuple):
    """What a process takes: resident memory in KiB, threads, open file handles, seconds of a processor since it began."""

    rss_kib: int
    threads: int
    handles: int
    cpu_seconds: float


class Bot:
    """`mesbot paper` on a gateway; everything that it prints goes to one file, over all its starts."""

    def __init__(self, home: Path, port: int, side_port: int) -> None:
        self.home, self._side_port = home, side_port
        self.printed = home / "bot.txt"
        self.process: asyncio.subprocess.Process
        self.starts = 0
        self._environment = {**os.environ, "MESBOT_HOME": str(home), "TWS_PORT": str(port), "TWS_CLIENT_ID": "7", "PYTHONPATH": str(ROOT)}
        self._environment |= {"NO_COLOR": "1", "COLUMNS": "400"}

    async def start(self) -> None:
        """Start it; who keeps step will see when it is ready."""
        words = ("paper", "--lockstep", str(self._side_port), "--no-report", "--nightly-restart", NIGHTLY)
        with self.printed.open("ab") as out:
            self.process = await self._run(words, out)
        self.starts += 1

    async def verb(self, *words: str) -> tuple[int, str]:
        """Run another verb on the same state folder; its exit code and what it printed."""
        process = await self._run(words, asyncio.subprocess.PIPE)
        printed, _ = await asyncio.wait_for(process.communicate(), END_SECONDS)
        return process.returncode or 0, printed.decode()

    async def _run(self, words: tuple[str, ...], out: object) -> asyncio.subprocess.Process:
        where = {"env": self._environment, "stdout": out, "stderr": asyncio.subprocess.STDOUT, "cwd": self.home}
        return await asyncio.create_subprocess_exec(sys.executable, "-m", "bot.cli", *words, **where)

    @property
    def runs(self) -> bool:
        """Whether the process is there."""
        return self.process.returncode is None

    async def kill(self) -> None:
        """SIGKILL: nothing is flushed."""
        if self.runs:
            self.process.kill()
        await self.process.wait()

    async def stop(self) -> int:
        """SIGTERM; its exit code."""
        self.process.terminate()
        return await asyncio.wait_for(self.process.wait(), END_SECONDS)

    def size(self) -> Size:
        """What it takes now."""
        folder = Path(f"/proc/{self.process.pid}")
        said = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines() if ":" in line)
        user, system = (folder / "stat").read_text().rpartition(")")[2].split()[11:13]
        seconds = (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
        return Size(int(said["VmRSS"].split()[0]), int(said["Threads"]), len(list((folder / "fd").iterdir())), seconds)

    def said(self, lines: int = 12) -> str:
        """The last lines of what it has printed."""
        return "\n".join(self.printed.read_text(errors="replace").splitlines()[-lines:])
