"""The report of a check: kept in the state folder for each mode and account, and asked before LIVE may begin.

It does not promise that what was right then is right now.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from bot.calendar import new_york
from bot.errors import MesbotError
from bot.node.check.items import NO_FAILURE, CheckItem, Status
from bot.own_files import write_own
from bot.units import HOUR_NS

Mode = Literal["PAPER", "LIVE"]
VALID_NS = 24 * HOUR_NS
REQUIRED = ("connection", "account", "drill")


class CheckReport(msgspec.Struct, frozen=True):
    """A whole checklist. `made_at_ns` is of the wall, UTC ns; `account` and `contracts_sha256` are "" if they are not known."""

    made_at_ns: int
    mode: Mode
    account: str
    contracts_sha256: str
    items: tuple[CheckItem, ...]

    @property
    def passed(self) -> bool:
        """Whether no item failed."""
        return not self.failed

    @property
    def failed(self) -> list[str]:
        """The names of the items that failed."""
        return [item.name for item in self.items if item.status not in NO_FAILURE]


def report_path(folder: Path, mode: str, account: str) -> Path:
    """Where the newest report of a mode and account is kept."""
    return folder / f"check-{mode.lower()}-{account or 'none'}.json"


def write_report(report: CheckReport, path: Path) -> None:
    """Write it whole or not at all. Raises MesbotError if the place cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_own(path, msgspec.json.format(msgspec.json.encode(report), indent=1))
    except OSError as error:
        raise MesbotError(f"{path} cannot be written ({error.strerror}); name another place, or set MESBOT_HOME to one.") from None


def latest_check(folder: Path, mode: str, account: str) -> CheckReport | None:
    """The newest report of a mode and account; None if there is none that can be read."""
    try:
        report = msgspec.json.decode(report_path(folder, mode, account).read_bytes(), type=CheckReport)
    except (OSError, msgspec.MsgspecError):
        return None
    return report if (report.mode, report.account) == (mode, account) else None


def check_refusal(report: CheckReport | None, now_ns: int, contracts_sha256: str) -> str:
    """Why a report does not allow LIVE at a moment of the wall (UTC ns) under these contracts; "" if it does."""
    if report is None:
        return _must("no check of this account was found")
    when = f"{new_york(report.made_at_ns):%Y-%m-%d %H:%M} New York"
    if report.made_at_ns > now_ns:
        return _must(f"the last check carries a time that has not come, {when}")
    if now_ns - report.made_at_ns >= VALID_NS:
        return _must(f"the last check is of {when}, {(now_ns - report.made_at_ns) / HOUR_NS:.1f} h ago")
    if report.contracts_sha256 != contracts_sha256:
        return _must(
            f"the check of {when} was made under contracts {report.contracts_sha256[:12] or 'unknown'}, not {contracts_sha256[:12]}"
        )
    if not report.passed:
        return _must(f"the check of {when} failed at {', '.join(report.failed)}")
    looked_at = {item.name for item in report.items if item.status is Status.PASS}
    missing = [name for name in REQUIRED if name not in looked_at]
    return _must(f"the check of {when} did not look at {' and '.join(missing)}") if missing else ""


def _must(found: str) -> str:
    return (
        f"LIVE is refused: {found}; required is a check less than 24 h old that passed with the broker connected, "
        "under the contracts in force; run `mesbot check --live`."
    )
