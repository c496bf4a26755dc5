"""Which answer a message that could not be read may have belonged to: what is not in such an answer may be there all the same.

It does not promise to know the message: one whose number says nothing may have belonged to every answer that was awaited.
"""

from __future__ import annotations

from collections.abc import Iterable

LISTS = {3: "openOrderEnd", 5: "openOrderEnd", 61: "positionEnd", 101: "completedOrdersEnd"}  # a message's number -> what ends its answer
BY_NAME = {
    "orderStatus": 3,
    "openOrder": 5,
    "position": 61,
    "completedOrder": 101,
    "contractDetails": 10,
    "execDetails": 11,
    "historicalData": 17,
}
OPEN_ORDER = 5
BY_REQUEST = frozenset({10, 11, 17})  # these carry the id of their request
NO_REQUEST = "-1"  # the id of what nobody has asked for
ALONE = frozenset({1, 2, 4, 6, 7, 8, 9, 15, 45, 46, 49, 50, 54, 57, 58, 59, 90, 100})  # prices, values, errors: no list rests on them
DATA = frozenset({1, 2, 8, 10, 15, 17, 45, 46, 49, 50, 57, 58, 90, 100})  # says nothing of orders, fills, positions or the account
Key = int | str  # of an answer that is awaited: the id of its request, or the message that ends it


def number_of(fields: list[str]) -> int:
    """A message's number; 0 if it has none."""
    text = fields[0] if fields else ""
    return int(text) if text.isascii() and text.isdecimal() else 0


def spoiled(fields: list[str], awaited: Iterable[Key]) -> set[Key]:
    """The answers, of those awaited, that this message may have been a part of."""
    number, keys = number_of(fields), set(awaited)
    requests = {key for key in keys if isinstance(key, int)}
    named = {key for key in requests if str(key) in fields[1:4]}
    if number in ALONE:
        return set()
    if number in BY_REQUEST:
        return named or (set() if fields[1:2] == [NO_REQUEST] else requests)
    if number in LISTS:
        return keys & {LISTS[number]} | (named if number == OPEN_ORDER else set())  # it also answers what an order would do
    return requests | (keys & set(LISTS.values()))
