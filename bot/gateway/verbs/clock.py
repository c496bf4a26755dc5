"""Verbs about the clock."""

from __future__ import annotations

import math
from typing import Any

from bot.gateway.host import Host
from bot.gateway.verbs.form import seconds
from bot.gateway.verbs.verb import verb
from bot.units import SECOND_NS


@verb("step [PIECES]", "take so many pieces (default 1) while the replay stands.", example="step 12")
async def _step(host: Host, words: list[str]) -> dict[str, Any]:
    done = 0
    for _ in range(int(words[0]) if words else 1):
        if not await host.replay.step():
            break
        done += 1
    return {"pieces": done, "clock_ns": host.now_ns, "clock_seconds": host.now_ns // SECOND_NS}


@verb("go", "let the clock run.", example="go")
def _go(host: Host, _: list[str]) -> None:
    host.clock.go()


@verb("stand", "stop the clock after the current piece.", example="stand")
def _stand(host: Host, _: list[str]) -> None:
    host.clock.stand()


@verb("speed TIMES|max", "how many times faster than real time the clock runs, above 0.", example="speed 60")
def _speed(host: Host, words: list[str]) -> None:
    host.clock.speed = math.inf if words[0] == "max" else float(words[0])
    host.clock.resume()


@verb("clock SHIFT", "reqCurrentTime is off by that; months that are then past expire.", example="clock +40d")
def _clock(host: Host, words: list[str]) -> None:
    skew = host.switches.clock_skew_seconds = seconds(words[0])
    for future in host.instruments.futures:
        days = (future.last_trade_date - host.date).days
        if days * 86_400 < skew:
            host.instruments.expired.add(future.local_symbol)
