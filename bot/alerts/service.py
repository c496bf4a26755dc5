"""apprise, quiet: it sends a message to an address and says nothing of it, for what it would log may hold the address."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable

import apprise
import requests
import urllib3

from bot.alerts.alert import Level
from bot.alerts.bounded import BoundedAdapter, BoundedAnswer
from bot.alerts.outbox import Message

SECONDS = 8.0  # to connect, and between two pieces of an answer
KINDS = {Level.INFO: apprise.NotifyType.INFO, Level.WARNING: apprise.NotifyType.WARNING, Level.CRITICAL: apprise.NotifyType.FAILURE}
PLAIN = apprise.NotifyFormat.TEXT  # unsaid, a "&" goes as it is to services that read HTML, and these refuse the whole message
NO_MARKUP = str.maketrans("<>", "«»")  # or they take words of a journal for their own, and leave them out
IN_PIECES = apprise.OverflowMode.SPLIT  # unsaid, a message that is too long for a service is refused, again and again
PIECE_SECONDS = 0.5  # at most, between two of them: how many messages go in a minute is the outbox's to say

logging.getLogger("apprise").disabled = True
for noisy in ("urllib3", "requests"):  # a retry of theirs names host and path
    logging.getLogger(noisy).setLevel(logging.CRITICAL)
socket.setdefaulttimeout(2 * SECONDS)  # for what knows no timeout of its own; this is the notifier's process
requests.sessions.HTTPAdapter = BoundedAdapter  # type: ignore[misc]  # apprise opens its sessions itself, one a message
urllib3.connection.HTTPConnection.response_class = BoundedAnswer


def known_kind(kind: str) -> bool:
    """Whether some service's addresses begin so."""
    return bool(kind) and kind in apprise.plugins.N_MGR.schemas()


def service(address: str, title: Callable[[], str]) -> Callable[[Message], bool] | None:
    """What sends a message there and says whether it was taken; None if apprise cannot use the address. It never raises."""
    made = apprise.Apprise.instantiate(address, suppress_exceptions=True)
    if made is None:
        return None
    made.request_rate_per_sec = min(made.request_rate_per_sec, PIECE_SECONDS)
    made.socket_connect_timeout = made.socket_read_timeout = SECONDS

    def send(message: Message) -> bool:
        try:
            body, head = (words.translate(NO_MARKUP) for words in (message.text, f"{title()}: {message.level}"))
            how = {"notify_type": KINDS[message.level], "body_format": PLAIN, "overflow": IN_PIECES}
            return bool(made.notify(body=body, title=head, **how))
        except Exception:  # whatever a service's code raises may hold the address
            return False

    return send
