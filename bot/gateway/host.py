"""What verbs act on and the truth tells of: the simulation, where its clients connect, and the replay that drives it."""

from __future__ import annotations

from collections.abc import Callable

from bot.gateway import messages
from bot.gateway.account import Account
from bot.gateway.client import Client
from bot.gateway.config import GatewayConfig
from bot.gateway.error_texts import text_of
from bot.gateway.errors import GatewayError
from bot.gateway.listener import Listener
from bot.gateway.lockstep import Lockstep
from bot.gateway.replay import Replay
from bot.gateway.simulation import Simulation


class Host(Simulation):
    """A simulation that clients can connect to and a replay drives. `on_time` and `on_end` are the replay's."""

    def __init__(self, config: GatewayConfig, *, on_time: Callable[[], None], on_end: Callable[[], None]) -> None:
        super().__init__(config)
        self.lockstep = Lockstep(config.lockstep_seconds)
        self.listener = Listener(self)
        self.replay = Replay(self, self.lockstep, on_time=on_time, on_end=on_end)

    def clients(self, client_id: str = "") -> list[Client]:
        """Those who are connected, or the one with this id."""
        return [client for client in self.delivery.sessions if not client_id or client.client_id == int(client_id)]

    def tell(self, code: int, text: str = "", reference: int = -1) -> None:
        """An error or notice to every client; its usual text if none is given."""
        for client in self.clients():
            client.send(messages.error(reference, code, text or text_of(code)))

    def account(self, name: str = "") -> Account:
        """The account of this name, or the login's first. Raises GatewayError, one sentence, if there is none."""
        accounts = self.broker.accounts
        if name and name not in accounts:
            raise GatewayError(f"{name!r} is no account of this login; there are {', '.join(accounts)}.")
        return accounts[name or next(iter(accounts))]
