"""Whether the account agrees that what is to be left is there: asked before a stop is given up, and again until it does."""

from __future__ import annotations

from collections.abc import Callable

from bot.messages import Holdings
from bot.risk_engine.clocks import Once
from bot.risk_engine.hands import Hands
from bot.supervision.trade import Trade
from bot.units import SECOND_NS

AGAIN_NS = SECOND_NS // 10  # an answer takes one round trip
Answerer = Callable[[Holdings], None]


def by_the_book(question: Holdings) -> None:
    """The answer of a simulated venue: the book is all there is, and it counts."""
    question.held = question.expected


def nobody(question: Holdings) -> None:
    """No answer, as before an adapter has said who gives it: nothing is known."""


class Agreement:
    """Asks the adapter of the account. `act` carries out what a trade demands; it is called when it is time to ask again.

    Whoever raises, or answers with anything but a whole number, has not answered.
    """

    def __init__(self, hands: Hands, net: Callable[[], int], act: Callable[[Trade], None]) -> None:
        self._hands, self._net, self._act = hands, net, act
        self._later = Once()
        self._answerer: Answerer = by_the_book

    def ask(self, answerer: Answerer) -> None:
        """Ask this one from now on."""
        self._answerer = answerer

    def missing(self, trade: Trade) -> int | None:
        """Contracts of a trade that is left which the account does not hold; None while nobody knows. 0 for any other trade."""
        if trade.closing is None or not trade.net * trade.side > 0:
            return 0
        net = self._net()
        held = self._held(net)
        missing = None if held is None else max(0, (net - held) * trade.side)
        if missing != 0:
            self._later.after(self._hands.wall, f"{trade.intent_id}-account", AGAIN_NS, lambda: self._again(trade))
        return missing

    def _held(self, net: int) -> int | None:
        question = Holdings(net)
        try:
            self._answerer(question)
        except Exception:
            return None
        return question.held if type(question.held) is int else None

    def _again(self, trade: Trade) -> None:
        if not trade.done:
            self._act(trade)
