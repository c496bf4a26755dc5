"""A recording without what must not leave this machine: account ids, permIds, execution ids, hosts, and what the account is worth.

An id becomes a mask of its own, the same wherever it stands, so that what belongs together is still seen to. A permId is found by the
field that carries it, and then masked wherever it stands; accounts and hosts as everywhere (bot.masking).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.masking import masked
from bot.node.acceptance.frames import Frame

WORTH = {
    "updateAccountValue": ("value",),
    "updatePortfolio": ("marketValue", "averageCost", "unrealizedPNL", "realizedPNL"),
    "position": ("averageCost",),
    "accountSummary": ("field 6",),
}
WORDS = frozenset({"Currency", "RealCurrency", "AccountType"})  # account values that say no amount
PERM_FIELDS = ("permId", "parentPermId")
UNSET = frozenset({"", "0", "9223372036854775807"})
EXEC_ID = re.compile(r"\b[0-9a-f]{4,8}\.[0-9a-f]{4,8}\.\d\d\.\d\d\b")
AMOUNT = "0.00"


def hidden(frames: Iterable[Frame]) -> list[Frame]:
    """The frames with every id as its mask: DU***567, perm-1, exec-1; and every worth of the account as 0.00."""
    kept = list(frames)
    perms = _in_order(field for frame in kept for name, field in frame.named.items() if name in PERM_FIELDS and field not in UNSET)
    masks = {perm: f"perm-{number}" for number, perm in enumerate(perms, start=1)}
    executions = [found for frame in kept for field in frame.fields for found in EXEC_ID.findall(field)]
    executions += [frame.named.get("execId", "") for frame in kept if frame.named.get("execId")]  # of a form that nobody knows yet
    masks |= {stem: f"exec-{number}" for number, stem in enumerate(_in_order(map(_stem, executions)), start=1)}
    known = re.compile("|".join(rf"(?<!\d){re.escape(each)}(?!\d)" for each in sorted(masks, key=len, reverse=True)) or r"(?!)")
    return [
        frame._replace(fields=[known.sub(lambda found: masks[found[0]], masked(field)) for field in _unworthed(frame)]) for frame in kept
    ]


def _unworthed(frame: Frame) -> list[str]:
    if frame.kind not in WORTH or (frame.kind == "updateAccountValue" and frame.named.get("key") in WORDS):
        return frame.fields
    places = [place for place, name in enumerate(frame.named) if name in WORTH[frame.kind]]
    return [AMOUNT if place in places and _is_number(field) else field for place, field in enumerate(frame.fields)]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _stem(exec_id: str) -> str:
    """Without its last part, which tells corrections apart."""
    return exec_id.rpartition(".")[0] or exec_id


def _in_order(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
