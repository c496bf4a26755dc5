"""Two gateways' answers to the same requests, message kind by message kind and field by field; and what each difference means.

Of an order the messages of a kind are compared in their order, said twice in a row counting once; of everything else the different
messages that were said at all. The same difference at several orders is one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import groupby, zip_longest

import msgspec

from bot.node.acceptance.about import About
from bot.node.acceptance.frames import Frame
from bot.node.acceptance.meaning import Meaning, of_field, of_message
from bot.node.acceptance.normal import Message, normal

KEYS = {  # the field by which messages of a kind are told apart
    "openOrder": ("status",), "orderStatus": ("status",), "completedOrder": ("status",), "error": ("about", "request", "code"),
    "tickPrice": ("tickType",), "tickSize": ("tickType",), "updateAccountValue": ("key", "currency"), "contractDetails": ("localSymbol",),
    "position": ("localSymbol",), "updatePortfolio": ("localSymbol",),
}  # fmt: skip
OURS = frozenset({"id", "about", "request", "contractMonth"})  # no field of the message that says anything of the gateway
ABSENT = "(absent)"
ORDER_OF_MESSAGES = "order of messages"


class Difference(msgspec.Struct, frozen=True):
    """One difference: of a field (both values, normalised), of a whole message that one alone says (`field` "" and the other value ""),
    or of the order in which kinds of messages come. `at` names what it was seen at."""

    kind: str
    field: str
    real: str
    simulated: str
    matters: bool
    meaning: str
    at: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """As a sentence."""
        where = f" ({', '.join(self.at)})" if self.at else ""
        if self.field:
            said = f"{self.kind}, {self.field}: {self.real or 'nothing'} where the simulation says {self.simulated or 'nothing'}"
        elif self.real:
            said = f"{self.kind} {self.real}, which the simulation does not say"
        else:
            said = f"{self.kind} {self.simulated} of the simulation, which this gateway does not say"
        return f"{said}{where}: {self.meaning}."


def differences(recorded: list[Frame], simulated: list[Frame]) -> list[Difference]:
    """All of them, those that matter first. `recorded` holds the requests too."""
    requests = [frame for frame in recorded if frame.way == "in"]
    sides = [[frame for frame in frames if frame.way == "out"] for frames in (recorded, simulated)]
    orders, rest = zip(*(_sorted(side, About(requests, side)) for side in sides), strict=True)
    found: list[Difference] = []
    for name in dict.fromkeys((*orders[0], *orders[1])):
        found += _of_order(_role(name), orders[0].get(name, []), orders[1].get(name, []))
    for kind in dict.fromkeys((*rest[0], *rest[1])):
        found += _of_kind(kind, rest[0].get(kind, []), rest[1].get(kind, []))
    return sorted(_merged(found), key=lambda each: not each.matters)


Told = tuple[str, Message]  # a kind, and the normalised message


def _sorted(frames: list[Frame], about: About) -> tuple[dict[str, list[Told]], dict[str, list[Message]]]:
    """The messages of each order of ours, and of each kind that is about none."""
    orders: defaultdict[str, list[Told]] = defaultdict(list)
    rest: defaultdict[str, list[Message]] = defaultdict(list)
    for frame in frames:
        name, message = about.order(frame), normal(frame.kind, frame.named)
        if frame.kind == "error":
            request = about.request(frame)
            message |= {"about": "order" if name else "request" if request else "", "request": request}
        if name:
            orders[name].append((frame.kind, message))
        elif name is None:
            rest[frame.kind].append(message)
    return dict(orders), dict(rest)


def _role(name: str) -> str:
    """An order's name without its day and hour."""
    return "-".join(name.split("-")[1:]) or name


def _of_order(name: str, real: list[Told], simulated: list[Told]) -> Iterator[Difference]:
    kinds = dict.fromkeys(kind for kind, _ in (*real, *simulated))
    for kind in kinds:
        one, other = ([message for told, message in side if told == kind] for side in (real, simulated))
        yield from _in_sequence(kind, name, _once(one), _once(other))
    first = [[kind for kind in dict.fromkeys(told for told, _ in side)] for side in (real, simulated)]
    common = [[kind for kind in side if kind in first[0] and kind in first[1]] for side in first]
    if common[0] != common[1]:
        yield Difference(
            ORDER_OF_MESSAGES, "first", ", ".join(common[0]), ", ".join(common[1]), False, "they are taken in any order", (name,)
        )  # fmt: skip


def _once(messages: list[Message]) -> list[Message]:
    return [message for message, _ in groupby(messages)]


def _key(kind: str, message: Message) -> tuple[str, ...]:
    return tuple(message.get(name, "") for name in KEYS.get(kind, ()))


def _in_sequence(kind: str, name: str, real: list[Message], simulated: list[Message]) -> Iterator[Difference]:
    keys = [[_key(kind, message) for message in side] for side in (real, simulated)]
    for tag, i, j, k, m in SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
        if tag in ("equal", "replace"):
            pairs = zip_longest(real[i:j], simulated[k:m])
        elif tag == "delete":
            pairs = ((message, None) for message in real[i:j])
        else:
            pairs = ((None, message) for message in simulated[k:m])
        for one, other in pairs:
            if one is not None and other is not None:
                yield from _of_fields(kind, name, one, other)
            else:
                yield _alone(kind, name, one, other, simulated if one is not None else real)


def _of_kind(kind: str, real: list[Message], simulated: list[Message]) -> Iterator[Difference]:
    """Messages about no order: which were said at all."""
    ones, others = _different(real), _different(simulated)
    for one in ones:
        if one in others:
            continue
        same = [other for other in others if _key(kind, other) == _key(kind, one)]
        if same:
            yield from _of_fields(kind, "", one, min(same, key=lambda other: len(list(_differing(one, other)))))
        else:
            yield _alone(kind, "", one, None, others)
    for other in others:
        if not any(_key(kind, one) == _key(kind, other) for one in ones):
            yield _alone(kind, "", None, other, ones)


def _different(messages: list[Message]) -> list[Message]:
    found: list[Message] = []
    for message in messages:
        if message not in found:
            found.append(message)
    return found


def _differing(one: Message, other: Message) -> Iterator[str]:
    names = dict.fromkeys((*one, *other))
    return (name for name in names if name not in OURS and one.get(name, ABSENT) != other.get(name, ABSENT))


def _of_fields(kind: str, name: str, one: Message, other: Message) -> Iterator[Difference]:
    for field in _differing(one, other):
        matters, text = of_field(kind, field, one, other)
        yield Difference(kind, field, one.get(field, ABSENT), other.get(field, ABSENT), matters, text, (name,) if name else ())


def _alone(kind: str, name: str, one: Message | None, other: Message | None, others: list[Message]) -> Difference:
    message = one if one is not None else other
    assert message is not None
    meaning: Meaning = of_message(kind, message, others, only_real=one is not None)
    said = " ".join(value for value in _key(kind, message) if value) or "said"
    return Difference(kind, "", said if one is not None else "", said if one is None else "", *meaning, (name,) if name else ())


def _merged(found: list[Difference]) -> list[Difference]:
    """The same difference at several orders as one."""
    places: dict[Difference, list[str]] = defaultdict(list)
    for each in found:
        places[msgspec.structs.replace(each, at=())] += [
            name for name in each.at if name not in places[msgspec.structs.replace(each, at=())]
        ]
    return [msgspec.structs.replace(each, at=tuple(at)) for each, at in places.items()]
