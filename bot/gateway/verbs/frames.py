"""Verbs about single frames."""

from __future__ import annotations

from bot.gateway.faults import FOREVER, FrameFault
from bot.gateway.host import Host
from bot.gateway.verbs.form import seconds
from bot.gateway.verbs.verb import Verb, verb


def _frame_fault(action: str, example: str) -> Verb:
    wait = " SECONDS" if action == "delay" else ""

    @verb(f"{action} KIND{wait} [COUNT|all] [FIELD]", f"{action} the next frames of a kind, or those with such a field.", example=example)
    def declared(host: Host, words: list[str]) -> None:
        kind, *rest = words
        wait = seconds(rest.pop(0)) if action == "delay" else 0.0
        count = 1
        if rest and (rest[0] == "all" or rest[0].isdecimal()):
            word = rest.pop(0)
            count = FOREVER if word == "all" else int(word)
        host.frame_faults.add(FrameFault(action, kind, count, wait, rest[0] if rest else ""))

    return declared


_swallow = _frame_fault("swallow", example="swallow orderStatus all R")
_duplicate = _frame_fault("duplicate", example="duplicate placeOrder 3")
_delay = _frame_fault("delay", example="delay historicalData 600s all")
_reorder = _frame_fault("reorder", example="reorder orderStatus 2")
_garble = _frame_fault("garble", example="garble execDetails")


@verb("chaos SEED RATE KINDS", "hit frames of these kinds at random with any frame fault.", example="chaos 1 0.5 openOrder,placeOrder")
def _chaos(host: Host, words: list[str]) -> None:
    host.frame_faults.unleash(int(words[0]), float(words[1]), tuple(words[2].split(",")))


@verb("calm", "no more frame faults.", example="calm")
def _calm(host: Host, _: list[str]) -> None:
    host.frame_faults.clear()
