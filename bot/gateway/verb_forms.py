"""Which words a verb takes, so that a script can be refused before anything runs. What they mean is looked up when they are done.

A form is a pattern over the words after the verb's name: capitals stand for a kind of word, a space for the gap between two.
"""

from __future__ import annotations

import re

from bot.gateway.faults import require_kind
from bot.gateway.orders import Status

_WORDS = {
    "ON": r"( on| off)?",
    "WORD": r"[^\0]+",
    "TEXT": r"[^\0]*(\0[^\0]*)*",
    "COUNT": r"\d+",
    "SIZE": r"0*[1-9]\d*",
    "WHOLE": r"[+-]?\d+",
    "NUMBER": r"\d+(\.\d+)?",
    "RATE": r"(0(\.\d+)?|1(\.0+)?)",
    "AMOUNT": r"-?\d+(\.\d+)?",
    "PRICE": r"-?\d+(\.(0|25|5|50|75)0*)?",
    "SECONDS": r"\d+(\.\d+)?[smhd]?",
    "KINDS": r"(?P<kinds>\w+(,\w+)*)",
    "KIND": r"(?P<kinds>\w+)",
    "ACCOUNTS": r"[A-Za-z0-9._-]+(,[A-Za-z0-9._-]+)*",
    "STATUS": f"({'|'.join(Status)})",
    "FARM": r"(usfuture|ushmds|secdefil)",
    "DATA": r"(bars|quotes|history)",
}
_FRAMES = r" KIND( (all|COUNT))?( WORD)?"
_FORMS = {
    "refuse": "ON", "accept-silent": "ON", "version-only": "ON", "banner": " TEXT", "hold-id": " SECONDS", "drop": "( COUNT)?",
    "freeze": "( COUNT)?", "thaw": "( COUNT)?", "drop-mid-bracket": "", "drop-after-place": " (kept|lost)",
    "restart": " SECONDS( --rollback-id COUNT)?( --reissue)?", "err": " COUNT( WORD( TEXT)?)?", "bust": "",
    "orders-while-down": " (lost|kept)", "readonly": "ON", "pace": "ON", "clock": " [+-]?SECONDS", "swallow": _FRAMES,
    "duplicate": _FRAMES, "delay": r" KIND SECONDS( (all|COUNT))?( WORD)?", "reorder": _FRAMES, "garble": _FRAMES,
    "chaos": " COUNT RATE KINDS", "calm": "", "step": "( COUNT)?", "go": "", "stand": "", "speed": " (max|(?!0+(\\.0+)?$)NUMBER)",
    "farm": " (down|up|inactive|connecting)( FARM)?( silent)?", "mute": "( DATA)*", "unmute": "( DATA)*",
    "deny": " (off|md( (354|10089|10090|10168|10167))?)", "spread": " COUNT", "slippage": " COUNT", "expire": " WORD",
    "session": " (closed|open)", "compete": "ON", "flood": " NUMBER SECONDS",
    "fill": " WORD( SIZE( of SIZE)?)?( at PRICE)?", "reject": " WORD( code=COUNT)?( TEXT)?", "kill": " WORD( TEXT)?",
    "tws-cancel": " WORD", "tws-modify": " WORD PRICE", "forget": " WORD", "status": " STATUS WORD( WORD)?", "ghost-modify": "",
    "fill-on-cancel": "", "fill-on-modify": "", "rollback-id": " COUNT( --reissue)?", "order": " exec-first( WORD)?",
    "commission": " (normal|drop|first|delay SECONDS)", "zone": " WORD", "resend": " execs", "correct": " WORD PRICE( COUNT)?",
    "position": " WORD WHOLE( WORD)?", "equity": " AMOUNT( WORD)?", "accounts": " ACCOUNTS", "manual": " (buy|sell) SIZE WORD( PRICE)?",
}  # fmt: skip
_NAMES = re.compile(r"\b(" + "|".join(_WORDS) + r")\b")
FORMS = {verb: re.compile(_NAMES.sub(lambda found: _WORDS[found[0]], form).replace(" ", r"\0")) for verb, form in _FORMS.items()}


def fits(verb: str, words: list[str]) -> bool:
    """Whether a verb takes these words. Raises GatewayError for a kind of frame that is none."""
    found = FORMS[verb].fullmatch("".join(f"\0{word}" for word in words))
    for kind in (found.groupdict().get("kinds") or "").split(",") if found else ():
        if kind:
            require_kind(kind)
    return found is not None
