"""The whole checklist, from the contracts to the clocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.calendar import new_york
from bot.contracts import load_contracts
from bot.errors import ContractError, NoSuchLaw
from bot.node.check.broker import broker_items
from bot.node.check.drill import drill_item
from bot.node.check.items import CheckItem, all_skipped, failed, passed
from bot.node.check.machine import journal_item, machine_items
from bot.node.check.report import CheckReport, Mode
from bot.node.check.session_items import BROKER_ITEMS
from bot.node.check.state_items import clock_item, disk_item, entry_lock_item


async def run_checks(
    mode: Mode, directory: Path | None, environ: Mapping[str, str], folder: Path, now_ns: int, strategies: Sequence[Path] = ()
) -> CheckReport:
    """Look at everything, in order. `directory` holds the contracts (None: those in force), `folder` is the state folder,
    `strategies` are folders of strategies beside those that ship.

    `now_ns` is of the wall, UTC ns. What is wrong is in the report; nothing about the machine or the broker is raised. Raises NoSuchLaw
    if a folder that was named holds nothing of the kind.
    """
    try:
        in_force = load_contracts(directory, strategies)
    except NoSuchLaw:  # of the words of the call, and no finding
        raise
    except ContractError as error:
        broken = failed("contracts", str(error), "Correct the values named.")
        blind = all_skipped(("limits", "calendar", "strategies"), "no contracts")
        kept = journal_item(folder), *kept_items(folder, now_ns, mode)
        return CheckReport(now_ns, mode, "", "", (broken, *blind, *kept, *all_skipped(BROKER_ITEMS, "no contracts")))
    brief = f"{in_force.directory}, all cross-checks hold; hash {in_force.sha256[:12]}"
    contracts = passed("contracts", f"{in_force.directory}, all cross-checks hold; hash {in_force.sha256}", brief)
    local = (*machine_items(in_force, new_york(now_ns).date(), folder), *kept_items(folder, now_ns, mode))
    account, remote = await broker_items(in_force, environ, folder, paper=mode == "PAPER")
    return CheckReport(now_ns, mode, account, in_force.sha256, (contracts, *local, *remote))


def kept_items(folder: Path, now_ns: int, mode: Mode) -> tuple[CheckItem, ...]:
    """What hangs on this machine and its journals alone."""
    return disk_item(folder), clock_item(folder, now_ns), entry_lock_item(folder), drill_item(folder, now_ns, mode)
