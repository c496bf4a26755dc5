"""The report of an acceptance, to keep: acceptance.md for a person, acceptance.json for a program. The verdict stands first."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Self

import msgspec

from bot import __version__
from bot.calendar import new_york
from bot.masking import masked
from bot.node.acceptance.compare import Difference
from bot.node.acceptance.steps import Ended, Step
from bot.node.broker_run import Meeting
from bot.own_files import run_folder, write_own
from bot.plural import counted

NAME, COMPARISON = "acceptance", "comparison"


class Report(msgspec.Struct, frozen=True):
    """What an acceptance came to. `accepted`: no step failed, nothing is left, no difference matters. `account` is masked."""

    verdict: str
    accepted: bool
    steps: tuple[Step, ...]
    differences: tuple[Difference, ...]
    left: tuple[str, ...]
    begun: str
    account: str
    server_version: str
    mesbot_version: str
    contracts_sha256: str

    @classmethod
    def of(
        cls, steps: list[Step], differences: list[Difference], left: list[str], met: Meeting, server_version: str, *, interrupted: bool
    ) -> Self:
        """The report of what was done; its times are New York's, of the market."""
        failed, otherwise = ([step.name for step in steps if step.ended is how] for how in (Ended.FAILED, Ended.DIFFERS))
        accepted = not (failed or left or interrupted)
        return cls(
            verdict=_verdict(failed, otherwise, differences, left, interrupted=interrupted), accepted=accepted, steps=tuple(steps),
            differences=tuple(differences), left=tuple(masked(each) for each in left), begun=f"{new_york(met.market_ns):%Y-%m-%d %H:%M}",
            account=masked(met.probe.account), server_version=server_version, mesbot_version=__version__,
            contracts_sha256=met.contracts.sha256,
        )  # fmt: skip

    def lines(self) -> list[str]:
        """What stands below the steps on the terminal."""
        return [*(f"- {each.line}" for each in self.differences), *(f"LEFT: {each}" for each in self.left), self.verdict]

    def page(self) -> str:
        """The report as Markdown."""
        steps = "\n".join(f"| {step.name} | {step.ended} | {step.found} | {step.remedy} |" for step in self.steps)
        matter, others = ([each for each in self.differences if each.matters is which] for which in (True, False))
        parts = [
            "# Acceptance", self.verdict,
            f"{self.begun} New York, account {self.account}, server version {self.server_version}, mesbot {self.mesbot_version}, "
            f"contracts {self.contracts_sha256[:12]}.",
            "## Steps", f"| step | ended | found | what to do |\n|---|---|---|---|\n{steps}",
            "## Differences from the simulated gateway that matter", _list([each.line for each in matter]),
            "## Differences that do not", _list([each.line for each in others]),
            "## Left", _list(list(self.left)),
        ]  # fmt: skip
        return "\n\n".join(parts) + "\n"


def _list(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines) or "None."


def _verdict(failed: list[str], otherwise: list[str], differences: list[Difference], left: list[str], *, interrupted: bool) -> str:
    if left:
        return f"NOT ACCEPTED, and something is left: {' '.join(left)}"
    clean = "the account is flat and nothing works"
    if interrupted:
        return f"INTERRUPTED: what was sent is taken back, {clean}; begin again."
    if failed:
        return f"NOT ACCEPTED: {counted(len(failed), 'step')} failed ({', '.join(failed)}); {clean}."
    looked = [name for name in otherwise if name != COMPARISON]
    at = f" Look at: {', '.join(looked)}." if looked else ""
    if differences:
        many = counted(len(differences), "difference")
        return f"ACCEPTED with {many} from the simulated gateway, none of which changes what the bot decides.{at}"
    return f"ACCEPTED: this gateway answers as the simulated one does.{at}"


def keep_earlier(folder: Path, *others: str) -> None:
    """Move an earlier report, and these other files of it, into a folder of their own beside it: `earlier-1` and so on. Raises OSError."""
    names = [name for name in (f"{NAME}.md", f"{NAME}.json", *others) if (folder / name).exists()]
    if not names:
        return
    place = next(place for number in count(1) if not (place := folder / f"earlier-{number}").exists())
    run_folder(place)
    for name in names:
        (folder / name).rename(place / name)


def write_report(report: Report, folder: Path) -> None:
    """Both files, each whole or not at all. Raises OSError."""
    write_own(folder / f"{NAME}.json", msgspec.json.format(msgspec.json.encode(report), indent=1))
    write_own(folder / f"{NAME}.md", report.page().encode())
