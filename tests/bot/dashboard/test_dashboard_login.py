"""From another machine every page wants the token once: the way from the first page to the login and back, without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx
import pytest
from builders import CONTRACTS
from dashboard_journals import account_journal

from bot.dashboard.guard import COOKIE
from bot.dashboard.operator import Operator
from bot.dashboard.pages.frame import Desk
from bot.dashboard.serve import application
from bot.dashboard.token import WRONG_AT_MOST, Token
from bot.dashboard.watch import Watch

SECRET, HERE = "correct-horse-battery", "http://192.168.1.20:8765"
ORIGIN = {"origin": HERE}


@pytest.fixture
def asked(state) -> Iterator[object]:
    """Asks the application, as a browser with its cookies would."""
    path, token = account_journal(state), Token(SECRET)
    watch = Watch(lambda: path, lambda: CONTRACTS)
    watch.look()
    app = application(Desk(watch, Operator(token, lambda: CONTRACTS, read_only=True), state), token, "192.168.1.20", 8765)
    cookies: dict[str, str] = {}

    def ask(method: str, path: str, **how: object) -> httpx.Response:
        async def once() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HERE, cookies=cookies) as client:
                answer = await client.request(method, path, **how)
                cookies.update(client.cookies)
                return answer

        return asyncio.run(once())

    return ask


def test_without_the_token_every_page_leads_to_the_login_which_says_nothing_of_the_journal(asked):
    for path in ("/", "/today", "/report/now", "/nowhere"):
        answer = asked("GET", path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    login = asked("GET", "/login")
    assert login.status_code == 200 and "password" in login.text and "DU1" not in login.text


def test_the_right_token_opens_them(asked):
    answer = asked("POST", "/login", data={"token": SECRET}, headers=ORIGIN)
    cookie = answer.headers["set-cookie"]
    assert (answer.status_code, answer.headers["location"]) == (303, "/") and "HttpOnly" in cookie and "samesite=strict" in cookie.lower()
    assert COOKIE in cookie and SECRET not in cookie
    assert asked("GET", "/report/now").status_code == 200


@pytest.mark.parametrize("token", ["", "guess", SECRET.upper()])
def test_a_wrong_one_does_not_and_after_five_the_right_one_waits(asked, token):
    for _ in range(WRONG_AT_MOST):
        assert asked("POST", "/login", data={"token": token}, headers=ORIGIN).status_code == 403
    assert asked("POST", "/login", data={"token": SECRET}, headers=ORIGIN).status_code == 403
    assert asked("GET", "/report/now").status_code == 303


def test_the_form_of_another_page_is_not_heard(asked):
    for headers in ({}, {"origin": "https://evil.example"}):
        assert asked("POST", "/login", data={"token": SECRET}, headers=headers).status_code == 403
    assert asked("GET", "/report/now").status_code == 303


def test_what_is_no_token_is_neither_read_whole_nor_repeated(asked):
    for how in ({"data": {"token": "x" * 3000}}, {"files": {"token": b"x" * 3000}}):
        answer = asked("POST", "/login", headers=ORIGIN, **how)
        assert answer.status_code == 413 and "xx" not in answer.text
    for how in ({"data": {"token": "x" * 1500}}, {"files": {"token": b"x" * 900}}):
        answer = asked("POST", "/login", headers=ORIGIN, **how)
        assert answer.status_code in (403, 422) and "xx" not in answer.text
    assert asked("GET", "/report/now").status_code == 303


@pytest.mark.parametrize("id", ["latest", "7", "earlier", "%3Cb%3Ex"])
def test_a_report_that_does_not_exist_is_a_sentence_as_plain_text(asked, id):
    asked("POST", "/login", data={"token": SECRET}, headers=ORIGIN)
    answer = asked("GET", f"/report/{id}")
    assert answer.status_code == 404 and answer.headers["content-type"] == "text/plain; charset=utf-8" and "no run" in answer.text
