"""What the broker's errors say of our orders: the table of codes (classify), told to the judge."""

from __future__ import annotations

from typing import Any

from bot.ibkr.errors import BrokerError, OrderWarning
from bot.ibkr.link.classify import NO_LIVE_IDS, classify_order
from bot.ibkr.link.ids import FIRST_REQUEST_ID
from bot.ibkr.link.link import Link
from bot.ibkr.orders.doubt import News, error_news
from bot.ibkr.orders.judge import Judge
from bot.ibkr.orders.order_state import BrokerOrder
from bot.ibkr.orders.orders import OrderMonitor

ID_LEAP = 100  # after a duplicate id: so far above it that a rolled-back gateway cannot catch up


class OrderAnswers:
    """Hears errors that carry one of our order ids."""

    def __init__(self, link: Link, monitor: OrderMonitor, judge: Judge) -> None:
        self._link, self._monitor, self._judge = link, monitor, judge
        link.taps.listen("error", self._on_error)

    def _on_error(self, number: int, code: int, text: str, *_: Any) -> None:
        if number in NO_LIVE_IDS or number >= FIRST_REQUEST_ID:
            return
        order = self._monitor.by_id(number)
        if order is None:
            return
        rule = classify_order(code, text)
        error = (rule.error or OrderWarning)(text, code=code, order_ref=order.ref)
        news = error_news(rule.action, sent_again=bool(order.resent))
        if news is News.ENDED and order.id_shared:
            news = News.UNKNOWN_CODE  # it may be the other one that has ended
        if news in (News.DUPLICATE_ID, News.DUPLICATE_AGAIN):
            self._duplicate(order, news, error)
        else:
            self._judge.hear(order, news, error)

    def _duplicate(self, order: BrokerOrder, news: News, error: BrokerError) -> None:
        """Ids leap ahead; a new order's family is sent again with it, so it is in the same doubt."""
        if self._link.ids is not None:
            self._link.ids.at_least(order.order_id + ID_LEAP)
        self._link.connection.send("reqIds", 1)  # the answer lifts our own count
        family = self._monitor.new_family(order) if news is News.DUPLICATE_ID else []
        self._judge.hear(order, news, error)
        for each in family:
            self._judge.hear(each, news)
