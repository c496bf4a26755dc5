"""A client whose answers are its own word: events, account states and reports reach Nautilus as a part of the run says them."""

from __future__ import annotations

from typing import Any

from nautilus_trader.live.execution_client import LiveExecutionClient

from bot.risk_engine.answers import ACCOUNT, PROCESS, REPORT
from bot.runtime.said import Said


class SpokenExecutionClient(LiveExecutionClient):
    """Nautilus' live client, believed by the risk engine at the door of answers. `said` must be set before anything is told."""

    said: Said

    def _send_order_event(self, event: Any) -> None:
        self.said.send(self._msgbus, PROCESS, event)

    def _send_account_state(self, account_state: Any) -> None:
        self.said.send(self._msgbus, ACCOUNT, account_state)

    def _send_order_status_report(self, report: Any) -> None:
        self.said.send(self._msgbus, REPORT, report)

    def _send_fill_report(self, report: Any) -> None:
        self.said.send(self._msgbus, REPORT, report)
