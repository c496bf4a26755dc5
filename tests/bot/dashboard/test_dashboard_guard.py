"""Who is answered by the dashboard: closed to other names, other origins and, beyond this machine, to everybody without the token."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.dashboard.guard import COOKIE, LOGIN, Guard, is_loopback

PORT = 8765
HERE = f"127.0.0.1:{PORT}"
MINE = f"{COOKIE}_{PORT}"
SHORT = {"content-length": "0"}


async def nothing(*_: Any) -> None:
    raise AssertionError("the application must not hear of it")


def guard(host: str = "127.0.0.1", app: Any = nothing) -> Guard:
    return Guard(app, host, PORT)


def scope(kind: str = "http", method: str = "GET", path: str = "/", **headers: str) -> dict[str, Any]:
    listed = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"type": kind, "method": method, "path": path, "headers": listed}


def status(made: Guard, **said: Any) -> int:
    return made.refusal(scope(**said))[0]


@pytest.mark.parametrize("host", [HERE, f"localhost:{PORT}", f"[::1]:{PORT}"])
def test_a_name_of_this_machine_is_answered(host):
    assert status(guard(), host=host) == 0


@pytest.mark.parametrize(
    "host",
    ["evil.example:8765", "127.0.0.1", "127.0.0.1:80", "127.0.0.1.evil.example:8765", "", ":8765", "10.0.0.7:8765", "[::2]:8765"],
)
def test_any_other_name_that_leads_here_is_refused(host):
    assert status(guard(), host=host) == 421


def test_without_a_name_or_with_two_it_is_refused():
    assert status(guard()) == 421
    twice = scope(host=HERE)
    twice["headers"].append((b"host", HERE.encode()))
    assert guard().refusal(twice)[0] == 421


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"https://{HERE}", "http://localhost:8765", "http://127.0.0.1:99", ""])
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_a_page_of_another_origin_reaches_nothing(origin, kind):
    assert status(guard(), kind=kind, host=HERE, origin=origin) == 403


@pytest.mark.parametrize(("kind", "method"), [("websocket", ""), ("http", "POST"), ("http", "PUT"), ("http", "BREW")])
def test_what_does_more_than_look_must_say_where_it_comes_from(kind, method):
    assert status(guard(), kind=kind, method=method, host=HERE) == 403
    assert status(guard(), kind=kind, method=method, host=HERE, origin=f"http://{HERE}", **SHORT) == 0


@pytest.mark.parametrize(
    ("path", "said", "answer"),
    [
        (LOGIN, {}, 411),
        (LOGIN, {"content-length": "2000"}, 0),
        (LOGIN, {"content-length": "2001"}, 413),
        (LOGIN, {"content-length": "9" * 400}, 413),
        (LOGIN, {"content-length": "-1"}, 411),
        (LOGIN, {"content-length": "²"}, 411),
        (LOGIN, {"transfer-encoding": "chunked"}, 411),
        (LOGIN, {"content-length": "5", "transfer-encoding": "chunked"}, 411),
        ("/anything", {"content-length": "1000000"}, 0),
        ("/anything", {"content-length": "1000001"}, 413),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "BREW"])
def test_of_what_is_sent_so_much_is_read_and_none_that_does_not_say_how_much(path, said, answer, method):
    assert status(guard(), method=method, path=path, host=HERE, origin=f"http://{HERE}", **said) == answer


def test_a_connection_of_another_kind_is_refused():
    assert status(guard(), kind="webtransport", host=HERE, origin=f"http://{HERE}") == 421


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("path", ["/", "/today", "/report/now", "/_nicegui_ws/socket.io/"])
@pytest.mark.parametrize("cookie", ["", f"{MINE}=", f"{MINE}=guess", "other=1", f'{MINE}="\\', "=;=;", f"{MINE}=ünicode", COOKIE])
def test_beyond_this_machine_nothing_is_shown_without_a_session(kind, path, cookie):
    made, host = guard("192.168.1.20"), f"192.168.1.20:{PORT}"
    made.admit()
    assert status(made, kind=kind, path=path, host=host, origin=f"http://{host}", cookie=cookie) == 303


def test_who_has_typed_the_token_has_a_session():
    made, host = guard("192.168.1.20"), f"192.168.1.20:{PORT}"
    assert status(made, path="/login", host=host) == 0
    assert status(made, host=host, cookie=f"a=b; {MINE}={made.admit()}") == 0


@pytest.mark.parametrize("other", ['a={"b":1}', "a b=c", 'x="un', "[x]=1", "é=1", "=", f"{COOKIE}_80=old", f"{MINE}=old"])
def test_a_cookie_of_another_server_keeps_nobody_out(other):
    made, host = guard("192.168.1.20"), f"192.168.1.20:{PORT}"
    assert status(made, host=host, cookie=f"{other}; {MINE}={made.admit()}") == 0


def test_a_session_of_one_dashboard_is_none_of_another():
    one, other = guard("192.168.1.20"), Guard(nothing, "192.168.1.20", 8800)
    cookie = f"{one.cookie}={one.admit()}"
    assert status(other, host="192.168.1.20:8800", cookie=cookie) == 303


@pytest.mark.parametrize(
    ("listens", "host"), [("127.0.0.1", "127.0.0.1"), ("127.0.0.1", "localhost:80"), ("::1", "[::1]"), ("::1", "[::1]:80")]
)
def test_on_the_webs_own_port_a_browser_leaves_the_port_out(listens, host):
    made = Guard(nothing, listens, 80)
    assert status(made, host=host) == 0 and status(made, kind="websocket", host=host, origin=f"http://{host}") == 0
    assert [status(made, host=other) for other in ("evil.example", "evil.example:80", "127.0.0.1:8080", "", ":80")] == [421] * 5


def test_on_any_address_a_number_is_a_name_and_a_word_is_none():
    made = guard("0.0.0.0")
    host = f"10.0.0.7:{PORT}"
    assert not made.open and status(made, host=host, cookie=f"{MINE}={made.admit()}") == 0
    assert status(made, host=f"evil.example:{PORT}") == 421


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "localhost"])
def test_this_machine(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.20", "localhost.evil.example", "", "127.0.0.1.evil"])
def test_not_this_machine(host):
    assert not is_loopback(host)


def sent(made: Guard, asked: dict[str, Any]) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    asyncio.run(made(asked, nothing, send))
    return messages


def test_a_refusal_is_a_sentence_as_plain_text_and_a_websockets_a_close():
    start, body = sent(guard(), scope(host="evil.example:8765"))
    assert start["status"] == 421 and (b"content-type", b"text/plain; charset=utf-8") in start["headers"]
    assert b"open it by the address that it printed" in body["body"]
    assert sent(guard(), scope("websocket", host=HERE))[0]["type"] == "websocket.close"


@pytest.mark.parametrize(("path", "has"), [("/", b"default-src 'self'"), ("/report/now", b"sandbox allow-scripts")])
def test_every_answer_forbids_what_comes_from_elsewhere(path, has):
    async def app(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    (start,) = sent(guard(app=app), scope(path=path, host=HERE))
    headers = dict(start["headers"])
    assert has in headers[b"content-security-policy"] and b"http:" not in headers[b"content-security-policy"]
    assert headers[b"x-frame-options"] == b"DENY" and headers[b"x-content-type-options"] == b"nosniff"
