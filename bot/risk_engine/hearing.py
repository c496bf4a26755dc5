"""Whom the risk engine believes: parts of its own run, on every topic and endpoint of ours that is not named here.

Named are the few words that anybody may say, because they can only make things stricter: leave a trade, kill, alarm, lock or
withdraw entries, charge execution quality; and two questions. They are taken by type and as copies. A kill or an alarm is never lost by
its form: its words are made plain and it is obeyed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.decision.plan import ExitReason
from bot.messages import (
    ENDPOINT_RISK_ALARM,
    ENDPOINT_RISK_CLOSE,
    ENDPOINT_RISK_KILL,
    ENDPOINT_RISK_LEAVING,
    ENDPOINT_RISK_LOCK,
    ENDPOINT_RISK_PATH,
    ENDPOINT_RISK_WITHDRAW,
    OURS,
    TOPIC_EQS_EVENT,
    TOPIC_KILL_TRIGGER,
    CloseTrade,
    KillTrigger,
    Leaving,
    OnPath,
)
from bot.quality.feed import QualityEvent
from bot.runtime.said import Handler, Said
from bot.words import copied, kind_of, plain


def asked_to_close(message: Any) -> CloseTrade:
    """A request to leave a trade, for THESIS where its reason is none of ours. Raises ValueError if it is no such request."""
    if type(message) is not CloseTrade:
        raise ValueError(f"{kind_of(message)} where CloseTrade is required")
    known = {reason.value: reason for reason in ExitReason}
    return CloseTrade(plain(message.trade_id), known.get(plain(message.reason), ExitReason.THESIS), plain(message.why))


def triggered(message: Any) -> KillTrigger:
    """A kill trigger, whatever it is made of."""
    if type(message) is not KillTrigger:
        return KillTrigger("a kill trigger that cannot be read", f"{kind_of(message)}: {plain(message)}")
    return KillTrigger(plain(message.reason), plain(message.detail))


def charged(message: Any) -> QualityEvent:
    """A charge of execution quality. Raises ValueError if it is none."""
    return copied(message, QualityEvent)


def asked(question: type) -> Callable[[Any], Any]:
    """Takes a question of this type, itself: it is answered in place. Raises ValueError for anything else."""

    def taken(message: Any) -> Any:
        if type(message) is not question:
            raise ValueError(f"{kind_of(message)} where {question.__name__} is required")
        return message

    return taken


ANYBODY: Mapping[str, Callable[[Any], Any]] = {
    ENDPOINT_RISK_CLOSE: asked_to_close,
    ENDPOINT_RISK_KILL: plain,
    ENDPOINT_RISK_ALARM: plain,
    ENDPOINT_RISK_LOCK: plain,
    ENDPOINT_RISK_WITHDRAW: plain,
    ENDPOINT_RISK_PATH: asked(OnPath),
    ENDPOINT_RISK_LEAVING: asked(Leaving),
    TOPIC_KILL_TRIGGER: triggered,
    TOPIC_EQS_EVENT: charged,
}


class Hearing:
    """`said` knows what parts are saying; `refuse` is told where a word was not believed, and why, in words."""

    def __init__(self, said: Said, refuse: Callable[[str, str], None]) -> None:
        self._said, self._refuse = said, refuse

    def of(self, where: str, handler: Handler) -> Handler:
        """The handler of a topic or an endpoint, for what is believed there. Nautilus' own are judged by what stands behind them."""
        if not where.startswith(OURS):
            return handler
        if where not in ANYBODY:
            return self._said.only(where, handler, lambda message: self._refuse(where, f"{kind_of(message)} that no part of this run says"))
        return lambda message: self._taken(where, handler, message)

    def _taken(self, where: str, handler: Handler, message: Any) -> None:
        try:
            word = ANYBODY[where](message)
        except ValueError as fault:
            self._refuse(where, str(fault))
        else:
            handler(word)
