"""The deployment checklist: everything that must be right before the bot may trade, looked at without sending an order.

`run_checks` makes a report of items; a report is kept for each mode and account, and LIVE asks for one that passed,
is younger than a day and was made under the same contracts (`check_refusal`).
"""

from bot.node.check.items import CheckItem, Status
from bot.node.check.report import VALID_NS, CheckReport, Mode, check_refusal, latest_check, report_path, write_report
from bot.node.check.run import run_checks
from bot.node.check.session_items import BROKER_ITEMS, clock_item

__all__ = [
    "BROKER_ITEMS",
    "VALID_NS",
    "CheckItem",
    "CheckReport",
    "Mode",
    "Status",
    "check_refusal",
    "clock_item",
    "latest_check",
    "report_path",
    "run_checks",
    "write_report",
]
