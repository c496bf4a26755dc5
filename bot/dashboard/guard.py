"""Who is answered: pages asked for by a name of this server, by its own pages alone, and from another machine only with the token.

A page of another origin that the browser has open can neither read nor do anything here (Origin), nor by a name of its own that leads
here (Host). It promises nothing against somebody who reads the network: put a TLS proxy or an SSH tunnel in front.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope, Message = MutableMapping[str, Any], MutableMapping[str, Any]
Receive, Send = Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
COOKIE, LOGIN = "mesbot_dashboard", "/login"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
SAFE = ("GET", "HEAD")
MOST_LOGIN_BYTES, MOST_BYTES = 2_000, 1_000_000  # of what is sent here; who has no session sends a token and no more
HTTP_PORT, _PORT = 80, re.compile(r":\d+$")
REPORT = "/report/"
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# A report is a page of its own with its figures' script in it: it may run that, and reach nothing.
_REPORT_POLICY = "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"


class Guard:
    """Stands before the whole application; what it does not know it refuses. `host` is the address that is listened on."""

    def __init__(self, app: App, host: str, port: int) -> None:
        self._app, self._port = app, port
        self._hosts = {host, *(LOOPBACK if host in LOOPBACK else ())}
        self.open = is_loopback(host)
        self.cookie = f"{COOKIE}_{port}"  # cookies know no ports, and two dashboards may run
        self._sessions: set[str] = set()

    def admit(self) -> str:
        """A new session's name, for the cookie of somebody who has typed the token."""
        name = secrets.token_urlsafe(32)
        self._sessions.add(name)
        return name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: lets the application answer, or refuses."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        status, why = self.refusal(scope)
        if not status:
            await self._app(scope, receive, _with_headers(send, scope["path"]))
        elif scope["type"] == "http":
            headers = [(b"location", LOGIN.encode())] if status == 303 else []
            await _answer(_with_headers(send, scope["path"]), status, why, headers)
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": ""})

    def refusal(self, scope: Scope) -> tuple[int, str]:
        """The HTTP status and the sentence of a refusal; 0 and "" if it is answered."""
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        hosts, origins = ([value for name, value in headers if name == wanted] for wanted in ("host", "origin"))
        if scope["type"] not in ("http", "websocket") or len(hosts) != 1 or not self._is_ours(hosts[0]):
            return 421, "This is a mesbot dashboard; open it by the address that it printed."
        asks_only = scope["type"] == "http" and scope["method"] in SAFE
        if origins != [f"http://{hosts[0]}"] and not (asks_only and not origins):
            return 403, "Asked for by another page, which may not; open the dashboard itself."
        if not asks_only and scope["type"] == "http" and (refused := _too_much(headers, scope["path"])):
            return refused
        if self.open or scope["path"] == LOGIN or self._has_session(headers):
            return 0, ""
        return 303, "Type the token first."

    def _is_ours(self, host: str) -> bool:
        """Whether a Host header names this server: the address, or where any is listened on an address of numbers. Never another name."""
        if self._port == HTTP_PORT and not _PORT.search(host):
            host = f"{host}:{HTTP_PORT}"  # browsers leave it out
        name, _, port = host.rpartition(":")
        if port != str(self._port):
            return False
        name = name.removeprefix("[").removesuffix("]")
        return name in self._hosts or (bool(self._hosts & {"0.0.0.0", "::"}) and (_is_number(name) or name == "localhost"))

    def _has_session(self, headers: list[tuple[str, str]]) -> bool:
        # What other servers of this address have set comes too, and need not be well written: a parser that stops there finds nothing.
        pairs = [pair.strip().partition("=") for name, value in headers if name == "cookie" for pair in value.split(";")]
        mine = [value.encode() for name, _, value in pairs if name == self.cookie]
        return any(secrets.compare_digest(value, known.encode()) for value in mine for known in self._sessions)


def _too_much(headers: list[tuple[str, str]], path: str) -> tuple[int, str] | None:
    """The refusal of a request that sends more than a page does, or does not say how much; None if it may. It is read by nobody then."""
    most = MOST_LOGIN_BYTES if path == LOGIN else MOST_BYTES
    said = [value for name, value in headers if name == "content-length"]
    if len(said) != 1 or not said[0].isascii() or not said[0].isdigit() or any(name == "transfer-encoding" for name, _ in headers):
        return 411, "How much is sent must be said first."
    return (413, f"At most {most:,} bytes are read there.") if len(said[0]) > 9 or int(said[0]) > most else None


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    return host == "localhost" or (_is_number(host) and ipaddress.ip_address(host).is_loopback)


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _with_headers(send: Send, path: str) -> Send:
    report = path.startswith(REPORT)
    said = [
        (b"content-security-policy", (_REPORT_POLICY if report else _POLICY).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"DENY"),
        (b"referrer-policy", b"no-referrer"),
        (b"cross-origin-resource-policy", b"same-origin"),
    ]

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *said]}
        await send(message)

    return sent


async def _answer(send: Send, status: int, words: str, headers: list[tuple[bytes, bytes]]) -> None:
    body = words.encode()
    plain = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode()), *headers]
    await send({"type": "http.response.start", "status": status, "headers": plain})
    await send({"type": "http.response.body", "body": body})
