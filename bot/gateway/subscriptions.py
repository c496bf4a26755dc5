"""What one client has subscribed to: positions, account values, five-second bars, quotes, history that keeps up to date."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.gateway import messages
from bot.gateway.account import Account
from bot.gateway.instruments import Future
from bot.units import TICK_CENTS


@dataclass(frozen=True)
class Stream:
    """A market data subscription. History streams also keep their bar size (seconds) and formatDate."""

    request_id: int
    future: Future
    use_rth: bool = False
    bar_seconds: int = 0
    format_date: int = 2


class Subscriptions:
    """Each kind by request id, for one client that `send` reaches. Nothing here outlives its connection."""

    def __init__(self, send: Callable[[list[str]], None], accounts: dict[str, Account], now_ns: Callable[[], int]) -> None:
        self._send, self._accounts, self._now_ns = send, accounts, now_ns
        self._positions = False
        self._updates: str | None = None
        self._multi: dict[int, tuple[str, str]] = {}
        self._summary: dict[int, list[str]] = {}
        self.bars: dict[int, Stream] = {}
        self.quotes: dict[int, Stream] = {}
        self.history: dict[int, Stream] = {}

    def clear_data(self) -> None:
        """Forget all market data without a word, as TWS does at 1101."""
        for streams in (self.bars, self.quotes, self.history):
            streams.clear()

    def drop(self, kind: str, request_id: int) -> None:
        """End one subscription: bars, quotes, history, multi or summary. Unknown ids are let pass, as by TWS."""
        kinds: dict[str, dict[int, object]] = {
            "bars": self.bars, "quotes": self.quotes, "history": self.history, "multi": self._multi, "summary": self._summary,
        }  # type: ignore[dict-item]  # fmt: skip
        kinds[kind].pop(request_id, None)

    # ----------------------------------------------------------------------- positions

    def positions_on(self) -> None:
        """Every position, then the end; changes follow."""
        self._positions = True
        for account in self._accounts.values():
            for position in account.positions.values():
                if position.contracts:
                    self.send_position(account, position.future)
        self._send(messages.ending("positionEnd"))

    def positions_off(self) -> None:
        """No more changes."""
        self._positions = False

    def send_position(self, account: Account, future: Future) -> None:
        """One position, 0 when flat, if positions are subscribed to."""
        if self._positions:
            position = account.position(future)
            self._send(messages.position(future, account.name, position.contracts, position.average * TICK_CENTS))

    # ------------------------------------------------------------------------ accounts

    def account_updates(self, subscribe: bool, name: str) -> None:
        """Values and portfolio of one account, then the end."""
        if not subscribe:
            self._updates = None
            return
        account = self._account(name)
        if account is None:
            return
        self._updates = account.name
        self._send_updates(account)
        self._send(messages.ending("accountDownloadEnd", account.name))

    def account_multi(self, request_id: int, name: str, model: str) -> None:
        """Values of one account under a request id."""
        account = self._account(name, request_id)
        if account is None:
            return
        self._multi[request_id] = (account.name, model)
        self._send_multi(request_id, account, model)
        self._send(messages.ending("accountUpdateMultiEnd", request_id))

    def account_summary(self, request_id: int, tags: str) -> None:
        """The asked-for tags of all accounts."""
        self._summary[request_id] = [tag for tag in tags.split(",") if tag and not tag.startswith("$LEDGER")]
        for account in self._accounts.values():
            self._send_summary(request_id, account)
        self._send(messages.ending("accountSummaryEnd", request_id))

    def send_account(self, account: Account) -> None:
        """What has been subscribed to of an account, because it changed."""
        if self._updates == account.name:
            self._send_updates(account)
        for request_id, (name, model) in self._multi.items():
            if name == account.name:
                self._send_multi(request_id, account, model)
        for request_id in self._summary:
            self._send_summary(request_id, account)

    def _account(self, name: str, request_id: int = -1) -> Account | None:
        account = self._accounts.get(name or next(iter(self._accounts)))
        if account is None:
            text = "Error validating request:-'cd' : cause - Invalid account code " + repr(name)
            self._send(messages.error(request_id, 321, text))
        return account

    def _send_updates(self, account: Account) -> None:
        for key, value, currency in account.values():
            self._send(messages.account_value(key, value, currency, account.name))
        for position in account.positions.values():
            self._send(messages.portfolio(position.future, account.holding(position), account.name))
        self._send(messages.account_time(self._now_ns()))

    def _send_multi(self, request_id: int, account: Account, model: str) -> None:
        for key, value, currency in account.values():
            self._send(messages.account_update_multi(request_id, account.name, model, key, value, currency))

    def _send_summary(self, request_id: int, account: Account) -> None:
        for tag, value, currency in account.summary(self._summary[request_id]):
            self._send(messages.account_summary(request_id, account.name, tag, value, currency))
