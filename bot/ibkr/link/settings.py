"""How to reach the gateway and how patient to be. Seconds are of the wall clock."""

from __future__ import annotations

import msgspec

from bot.contracts.models import ExecutionContract
from bot.ibkr.errors import AccountNotFound, BrokerError, ClientIdInUse, GatewayNotResponding, MasterAccount, WrongAccountKind


class LinkSettings(msgspec.Struct, frozen=True):
    """Everything the connection manager needs to know.

    `account` "" means the only one there is; `paper` refuses a live account and its opposite a
    paper one; `zone` is the gateway's time zone for stamps that carry none; `replay` says that
    the gateway replays recorded time, so that market time comes from its messages alone. `host` "" leaves host,
    port and client id to the environment (bot.ibkr.link.endpoint).
    """

    host: str = "127.0.0.1"
    port: int = 4002
    client_id: int = 7
    account: str = ""
    paper: bool = True
    replay: bool = False
    zone: str = "UTC"
    connect_timeout_seconds: float = 15.0
    request_timeout_seconds: float = 15.0
    heartbeat_seconds: float = 30.0
    backoff_seconds: tuple[float, ...] = (2, 4, 8, 16, 32)
    then_every_seconds: float = 60.0
    not_responding_seconds: float = 30.0
    id_in_use_seconds: float = 5.0
    id_in_use_limit_seconds: float = 120.0  # an old session may linger for one or two minutes
    jitter_share: float = 0.2
    messages_per_second: int = 40

    @classmethod
    def under(cls, execution: ExecutionContract, **named: object) -> LinkSettings:
        """Settings whose back-off is the execution contract's."""
        reconnect = execution.reconnect
        backoff = {"backoff_seconds": tuple(reconnect.backoff_seconds), "then_every_seconds": reconnect.then_every_seconds}
        return cls(**(backoff | named))


_confirmed: set[str] = set()


def confirm_live(account: str) -> None:
    """A person has typed this account in this process to trade real money (mesbot live). No configuration can say so."""
    _confirmed.add(account)


def require_confirmed(account: str, *, paper: bool, observe: bool) -> None:
    """Raises WrongAccountKind if a live account would be traded that nobody has confirmed in this process."""
    if not paper and not observe and account not in _confirmed:
        raise WrongAccountKind(
            f"{account} is a live account that nobody has confirmed in this process; real money is traded by `mesbot live` alone"
        )


def chosen_account(settings: LinkSettings, accounts: list[str]) -> str:
    """The configured account, or the only one. Raises AccountNotFound, MasterAccount or WrongAccountKind."""
    listed = ", ".join(accounts) or "none"
    if not settings.account and len(accounts) != 1:
        raise AccountNotFound(f"the gateway manages {len(accounts)} accounts ({listed}) and none is configured")
    account = settings.account or accounts[0]
    if account not in accounts:
        raise AccountNotFound(f"account {account} is not managed here; found {listed}")
    paper = account.startswith("D")
    if not account.removeprefix("D").startswith("U"):
        raise MasterAccount(f"{account} is no customer's account; found {listed}")
    if paper is not settings.paper:
        kind = "a paper" if paper else "a live"
        raise WrongAccountKind(f"{account} is {kind} account, and the mode is {'PAPER' if settings.paper else 'LIVE'}")
    return account


def wait_seconds(settings: LinkSettings, error: BrokerError, failures: int, draw: float) -> float:
    """How long to wait before the next attempt: the back-off with jitter (`draw` in [0, 1)), longer for a silent gateway."""
    if isinstance(error, ClientIdInUse):
        return settings.id_in_use_seconds
    steps = settings.backoff_seconds
    wait = steps[failures] if failures < len(steps) else settings.then_every_seconds
    if isinstance(error, GatewayNotResponding):
        wait = max(wait, settings.not_responding_seconds)
    return wait * (1 + settings.jitter_share * draw)
