"""A service on this machine for apprise's json:// addresses: one that takes messages, or refuses them, or never answers,
or never ends its answer, or never begins it, or sends whoever comes to another page."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

TAKES, REFUSES, HANGS, FLOODS, DRIPS = "takes", "refuses", "hangs", "floods", "drips"
DRIPS_REFUSING, CONTINUES = "drips refusing", "continues"
LOGIN = "/login"
SECRET = "s3cretTokenCanary"


class Service:
    """Listens on 127.0.0.1 while its `with` block runs; `how` may be a code, with which it sends to LOGIN.

    `messages` are those taken, oldest first, `asked` the paths of GETs.
    """

    def __init__(self, how: str = TAKES) -> None:
        self.how = how
        self.messages: list[dict[str, str]] = []
        self.asked: list[str] = []
        self.tried = self.answered_bytes = 0
        self._free = threading.Event()
        self._came = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def address(self) -> str:
        """For apprise, with a secret in its path."""
        return f"json://user:{SECRET}pw@127.0.0.1:{self._server.server_port}/{SECRET}"

    @property
    def heartbeat(self) -> str:
        """For the sign of life."""
        return f"http://127.0.0.1:{self._server.server_port}/ping/{SECRET}"

    @property
    def texts(self) -> list[str]:
        """What was taken, as one text a message."""
        return [message["message"] for message in self.messages]

    @property
    def told(self) -> str:
        """All that was taken."""
        return "\n".join(self.texts)

    def wait_for(self, condition, seconds: float = 60.0) -> None:
        """Until it holds of this service; fails if it has not within so many seconds."""
        with self._came:
            assert self._came.wait_for(lambda: condition(self), seconds), (self.messages, self.asked, self.tried)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._free.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(service) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with service._came:
                    service.tried += 1
                    service._came.notify_all()
                if service.how == HANGS:
                    service._free.wait()
                    return
                if service.how == CONTINUES:
                    self._begin_without_end()
                    return
                if service.how.isdigit() and self.path != LOGIN:
                    self._answer(int(service.how), LOGIN)
                    return
                if service.how in (FLOODS, DRIPS, DRIPS_REFUSING):
                    self._answer_without_end(500 if service.how == DRIPS_REFUSING else 200, 1_000_000 if service.how == FLOODS else 1)
                    return
                with service._came:
                    if service.how != REFUSES:
                        service.messages.append(body)
                    self._answer(500 if service.how == REFUSES else 200)
                    service._came.notify_all()

            def do_GET(self) -> None:
                with service._came:
                    service.asked.append(self.path)
                    self._answer(200)
                    service._came.notify_all()

            def _answer(self, code: int, to: str = "") -> None:
                with suppress(OSError):
                    self.send_response(code)
                    if to:
                        self.send_header("Location", to)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def _answer_without_end(self, code: int, size: int) -> None:
                with suppress(OSError):
                    self.send_response(code)
                    self.end_headers()  # without a length: as long as the connection lasts
                    while not service._free.wait(0 if size > 1 else 0.02):
                        self.wfile.write(b"x" * size)
                        service.answered_bytes += size
                with service._came:
                    service.how = TAKES
                    service._came.notify_all()

            def _begin_without_end(self) -> None:
                with suppress(OSError):
                    while not service._free.is_set():
                        self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                        service.answered_bytes += 25

            def log_message(self, *_: object) -> None:
                return

        return Handler
