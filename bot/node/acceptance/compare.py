"""Two gateways' answers to the same requests, message kind by message kind and field by field; and what each difference means.

Of an order the messages of a kind are compared in their order, said twice in a row counting once; of everything else the different
messages that were said at all. The same difference at several orders is one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import combinations, groupby, zip_longest

import msgspec

from bot.node.acceptance.about import About
from bot.node.acceptance.frames import Frame
from bot.node.acceptance.meaning import of_field, of_message
from bot.node.acceptance.normal import Message, normal

KEYS = {  # the field by which messages of a kind are told apart
    "openOrder": ("status",), "orderStatus": ("status",), "completedOrder": ("status",), "error": ("about", "request", "code"),
    "tickPrice": ("tickType",), "tickSize": ("tickType",), "updateAccountValue": ("key", "currency"), "contractDetails": ("localSymbol",),
    "position": ("localSymbol",), "updatePortfolio": ("localSymbol",),
}  # fmt: skip
OURS = frozenset({"id", "about", "request"})  # no field of the message that says anything of the gateway
ABSENT = "(absent)"
IN_TURN = frozenset({"openOrder", "orderStatus", "execDetails", "commissionReport"})  # an error may come at any time
ORDER_OF_MESSAGES = "order of messages"
Told = tuple[str, Message]  # a kind, and the normalised message
Key = tuple[str, ...]
Group = tuple[Key, list[Message]]  # different messages of one key


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
    for kind in dict.fromkeys(kind for kind, _ in (*real, *simulated)):
        one, other = ([message for told, message in side if told == kind] for side in (real, simulated))
        yield from _in_sequence(kind, name, _groups(kind, one), _groups(kind, other))
    came = [[kind for kind in dict.fromkeys(kind for kind, _ in side) if kind in IN_TURN] for side in (real, simulated)]
    for one, other in combinations([kind for kind in came[1] if kind in came[0]], 2):
        if came[0].index(other) < came[0].index(one):
            said = f"{other} before {one}", f"{one} before {other}"
            yield Difference(ORDER_OF_MESSAGES, "first", *said, False, "they are taken in any order", (name,))


def _key(kind: str, message: Message) -> Key:
    return tuple(message.get(name, "") for name in KEYS.get(kind, ()))


def _groups(kind: str, messages: list[Message]) -> list[Group]:
    """What was said in a row under one key: the different messages of it."""
    return [(key, _different(list(same))) for key, same in groupby(messages, lambda message: _key(kind, message))]


def _in_sequence(kind: str, name: str, real: list[Group], simulated: list[Group]) -> Iterator[Difference]:
    """Groups of the same key are compared; one in the place of another by what their first messages say; others stand alone."""
    keys = [[key for key, _ in side] for side in (real, simulated)]
    for _, i, j, k, m in SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
        for one, other in zip_longest(real[i:j], simulated[k:m]):
            if one is None or other is None:
                yield _alone(kind, name, one, other, simulated if other is None else real)
            elif one[0] == other[0]:
                yield from _of_same_key(kind, name, one[1], other[1])
            else:
                yield from _of_fields(kind, name, one[1][0], other[1][0])


def _of_kind(kind: str, real: list[Message], simulated: list[Message]) -> Iterator[Difference]:
    """Messages about no order: which were said at all."""
    sides: list[dict[Key, list[Message]]] = [{}, {}]
    for side, messages in zip(sides, (real, simulated), strict=True):
        for message in messages:
            side.setdefault(_key(kind, message), []).append(message)
    groups = [[(key, _different(messages)) for key, messages in side.items()] for side in sides]
    for key in dict.fromkeys((*sides[0], *sides[1])):
        one, other = (next((group for group in side if group[0] == key), None) for side in groups)
        if one is not None and other is not None:
            yield from _of_same_key(kind, "", one[1], other[1])
        else:
            yield _alone(kind, "", one, other, groups[1] if other is None else groups[0])


def _of_same_key(kind: str, name: str, real: list[Message], simulated: list[Message]) -> Iterator[Difference]:
    """Each message that the other side does not say, beside the one there that is most like it."""
    for one in real:
        if one not in simulated:
            yield from _of_fields(kind, name, one, min(simulated, key=lambda other: len(list(_differing(one, other)))))
    for other in simulated:
        if other not in real:
            yield from _of_fields(kind, name, min(real, key=lambda one: len(list(_differing(one, other)))), other)


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


def _alone(kind: str, name: str, one: Group | None, other: Group | None, others: list[Group]) -> Difference:
    """What one of the two says alone; `others` is what the other says of its kind."""
    key, (message, *_) = one or other  # type: ignore[misc]
    beside = [message for _, messages in others for message in messages]
    meaning = of_message(kind, message, beside, only_real=one is not None)
    said = " ".join(value for value in key if value) or "said"
    return Difference(kind, "", said if one is not None else "", said if one is None else "", *meaning, (name,) if name else ())


def _merged(found: list[Difference]) -> list[Difference]:
    """The same difference at several orders as one."""
    places: defaultdict[Difference, dict[str, None]] = defaultdict(dict)
    for each in found:
        places[msgspec.structs.replace(each, at=())] |= dict.fromkeys(each.at)
    return [msgspec.structs.replace(each, at=tuple(at)) for each, at in places.items()]
