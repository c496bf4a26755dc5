"""The server: pages, login and reports behind the guard, until somebody ends it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Form
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from nicegui import ui

from bot.contracts import Contracts
from bot.dashboard.guard import LOGIN, Guard
from bot.dashboard.kept import report_html
from bot.dashboard.operator import Operator
from bot.dashboard.pages.frame import Desk
from bot.dashboard.pages.now import now_page
from bot.dashboard.pages.runs import runs_page
from bot.dashboard.pages.strategies import strategies_page
from bot.dashboard.pages.today import today_page
from bot.dashboard.token import Token
from bot.dashboard.watch import Watch
from bot.errors import MesbotError

LOGIN_PAGE = """<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>mesbot</title>
<style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui;max-width:24em;margin:15vh auto;padding:0 16px}
input,button{font:inherit;padding:8px;width:100%;box-sizing:border-box;margin:6px 0}</style>
<h1>mesbot</h1><form method="post"><label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="off" autofocus required>
<button>Open</button></form><p role="alert">SAID</p></html>"""


def serve(
    find: Callable[[], Path], contracts: Callable[[], Contracts], token: Token, *, host: str, port: int, out: Path, read_only: bool
) -> None:
    """Serve until interrupted. Nothing is logged but what goes wrong: no token, no path."""
    watch = Watch(find, contracts)
    watch.look()
    watch.begin()
    try:
        app = application(Desk(watch, Operator(token.counted_apart(), contracts, read_only=read_only), out), token, host, port)
        uvicorn.run(app, host=host, port=port, log_level="error", access_log=False, server_header=False, ws_max_size=1 << 20)
    finally:
        watch.end()


def application(desk: Desk, token: Token, host: str, port: int) -> Guard:
    """The pages behind the guard, as an ASGI application."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    guard = Guard(app, host, port)

    @app.get(LOGIN)
    def login() -> HTMLResponse:
        return HTMLResponse(LOGIN_PAGE.replace("SAID", ""))

    @app.post(LOGIN)
    def typed(token_typed: str = Form(default="", alias="token")) -> Response:
        if token.refusal(token_typed):
            return HTMLResponse(LOGIN_PAGE.replace("SAID", "That is not the token, or too many were tried."), status_code=403)
        answer = RedirectResponse("/", status_code=303)
        answer.set_cookie(guard.cookie, guard.admit(), httponly=True, samesite="strict", path="/")
        return answer

    @app.exception_handler(RequestValidationError)
    def misread(*_: object) -> Response:
        return PlainTextResponse("That is no form of this dashboard.", status_code=422)  # what was typed is not repeated

    @app.get("/report/{id}")
    def report(id: str) -> Response:
        target = desk.watch.seen.target
        try:
            return HTMLResponse(report_html(desk.out, None if target is None else target.path, id))
        except MesbotError as error:
            return PlainTextResponse(str(error), status_code=404)

    for path, page in (("/", now_page), ("/today", today_page), ("/strategies", strategies_page), ("/runs", runs_page)):
        ui.page(path, dark=None)(lambda page=page: page(desk))
    ui.run_with(app, title="mesbot", dark=None, tailwind=False, show_welcome_message=False, reconnect_timeout=5.0)
    return guard
