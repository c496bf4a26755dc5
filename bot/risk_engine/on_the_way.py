"""Commands between the two doors: what passed the first one is known at the second by identity, never by an id, and once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nautilus_trader.execution.messages import SubmitOrder, SubmitOrderList
from nautilus_trader.model.orders import Order

from bot.decision.intent import Intent


@dataclass(slots=True)
class Passing:
    """A command that has passed the first door and is not yet at the second; of a bracket its intent, and its orders when it was judged.

    It is `sent` once everybody has been told of it: before that nobody but the engine may bring it to the second door.
    """

    command: Any
    intent: Intent | None = None
    orders: tuple[Order, ...] = ()
    sent: bool = False


class OnTheWay:
    """All of them, oldest first."""

    def __init__(self) -> None:
        self._passing: list[Passing] = []

    def judged(self, command: Any, intent: Intent | None = None, orders: tuple[Order, ...] = ()) -> Passing:
        """A command has passed the first door."""
        passing = Passing(command, intent, orders)
        self._passing.append(passing)
        return passing

    def leaves(self, command: Any) -> bool:
        """It is sent on to the second door now; False if it may not be, for it was refused while others were told of it."""
        passing = next((each for each in self._passing if each.command is command), None)
        if passing is not None:
            passing.sent = True
        return passing is not None

    def arrived(self, command: Any) -> Passing | None:
        """This very command, if it was sent on; it is on its way no longer."""
        found = next((each for each in self._passing if each.command is command and each.sent), None)
        if found is not None:
            self.gone(command)
        return found

    def gone(self, command: Any) -> None:
        """It is on its way no longer."""
        self._passing = [each for each in self._passing if each.command is not command]

    def about(self, client_order_id: Any, kind: type) -> Any:
        """The oldest command of this kind about an order, None if there is none."""
        return next((each.command for each in self._passing if type(each.command) is kind and client_order_id in names(each.command)), None)


def names(command: Any) -> list[Any]:
    """Client order ids of the orders that a command is about."""
    if isinstance(command, SubmitOrderList):
        return [order.client_order_id for order in command.order_list.orders]
    return [command.order.client_order_id] if isinstance(command, SubmitOrder) else [command.client_order_id]
