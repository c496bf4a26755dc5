"""Where alerts go: from the environment alone. An address holds its secret, so that no message repeats more of it than its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from bot.environment import setting
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.alerts.outbox import Message

ALERTS, HEARTBEAT = "MESBOT_ALERTS", "MESBOT_HEARTBEAT_URL"
MOST_ADDRESSES = 20
Send = Callable[["Message"], bool]


class Address(NamedTuple):
    """A service; `name` is what may be said of it, `send` hands it a message and says whether it took it."""

    name: str
    send: Send


def wanted(environ: Mapping[str, str]) -> bool:
    """Whether the environment asks for alerts or a heartbeat."""
    return any(environ.get(name) is not None for each in (ALERTS, HEARTBEAT) for name in (each, f"{each}_FILE"))


def addresses_of(environ: Mapping[str, str], title: Callable[[], str]) -> list[Address]:
    """The services that MESBOT_ALERTS names, one address a line; [] if it is not set. `title` heads each message.

    Raises UsageError, one sentence, for an address that no service is known for, and where apprise is not installed.
    """
    said = setting(environ, ALERTS, secret=True)
    lines = [] if said is None else [line.strip() for line in said.value.splitlines() if line.strip() and not line.strip().startswith("#")]
    if said is not None and not 1 <= len(lines) <= MOST_ADDRESSES:
        raise UsageError(f"{said.found} names {len(lines)} addresses; one to {MOST_ADDRESSES} can be, one a line.")
    if lines and find_spec("apprise") is None:
        raise UsageError(f"{ALERTS} is set and the library that sends them is not installed: pip install 'mesbot[alerts]'.")
    return [_address(line, number, len(lines), title) for number, line in enumerate(lines, start=1)]


def heartbeat_of(environ: Mapping[str, str]) -> str:
    """The address that is asked for once a minute while all is well; "" if MESBOT_HEARTBEAT_URL is not set. Raises UsageError."""
    said = setting(environ, HEARTBEAT, secret=True)
    if said is None:
        return ""
    try:
        parts = urlsplit(said.value)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and not any(each.isspace() for each in said.value)
    except ValueError:
        good = False
    if not good:
        raise UsageError(f"{said.found} is no http:// or https:// address; take the one that the watching service shows, or unset it.")
    return said.value


def _address(line: str, number: int, of: int, title: Callable[[], str]) -> Address:
    from bot.alerts.service import known_kind, service

    kind = line.partition("://")[0].lower() if "://" in line else ""
    shown = f"{kind}://***" if known_kind(kind) else "***"
    send = service(line, title)
    if send is None:
        where = f"{ALERTS}, line {number}" if of > 1 else ALERTS
        raise UsageError(
            f"{where} ({shown}) is no address that apprise can use; write one such as tgram://token/chat or mailto://…, one a line: "
            "https://github.com/caronc/apprise/wiki."
        )
    return Address(f"{number}: {shown}", send)
