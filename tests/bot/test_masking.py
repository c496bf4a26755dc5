"""Secrets are found wherever a text holds them: in errors, in what is printed, in words that are not ours."""

from __future__ import annotations

import io
import sys

import pytest

from bot import masking
from bot.errors import MesbotError, UsageError
from bot.ibkr.errors import AccountNotFound
from bot.masking import keep_secret, masked, masked_output


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    monkeypatch.setattr(masking, "_kept", {})


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("U1234567", "U***567"),
        ("DU1234567", "DU***567"),
        ("F1234567, DF7654321", "F***567, DF***321"),
        ("/journals/paper-DU1234567-2025.sqlite.kill", "/journals/paper-DU***567-2025.sqlite.kill"),
        ("\x1b[1mDU1234567\x1b[0m", "\x1b[1mDU***567\x1b[0m"),
        ("DUM123456 and DUK777777", "DUM***456 and DUK***777"),
        ("DU1 is short and K42025100 none", "DU1 is short and K42025100 none"),
        ("head 0f1234567 of MESZ5", "head 0f1234567 of MESZ5"),
    ],
)
def test_an_account_is_known_by_its_form(text, shown):
    assert masked(text) == shown
    assert masked(shown) == shown


def test_what_is_kept_is_shown_by_its_name_wherever_it_stands():
    keep_secret("gw.example.net", "TWS_HOST")
    assert masked("gw.example.net:4002 ('gw.example.net', 4002)") == "TWS_HOST:4002 ('TWS_HOST', 4002)"


@pytest.mark.parametrize("kind", [MesbotError, UsageError, AccountNotFound])
def test_every_error_is_masked_from_its_birth(kind):
    error = kind("account DU1234567 is not managed here; found U7654321")
    assert "DU***567" in str(error) and "U***321" in str(error)
    for said in (str(error), repr(error), getattr(error, "text", ""), getattr(error, "brief", "")):
        assert "1234567" not in said and "7654321" not in said


def test_what_is_printed_is_masked_on_both_streams_while_it_lasts():
    out, err = io.StringIO(), io.StringIO()
    with masked_output(out, err):
        print("PAPER DU1234567")
        print("of U7654321", file=sys.stderr)
        sys.stdout.writelines(["DU1", "234567\n"])
        assert not sys.stdout.isatty(), "all else is the stream's own"
    assert (out.getvalue(), err.getvalue()) == ("PAPER DU***567\nDU***567\n", "of U***321\n")
    assert sys.stdout is not out
