"""The dashboard's token: one is taken, others are not, and too many of them stop the trying."""

from __future__ import annotations

import pytest

from bot.dashboard.token import NAME, WRONG_AT_MOST, Token, given_token
from bot.errors import UsageError

SECRET = "correct-horse-battery"


def test_the_right_one_is_taken_and_any_other_is_not():
    token = Token(SECRET)
    assert token.refusal(SECRET) == token.refusal(f" {SECRET}\n") == ""
    for wrong in ("", "correct", SECRET.upper(), "ünicode"):
        assert "That is not the token" in token.refusal(wrong)


def test_after_five_wrong_ones_even_the_right_one_waits_a_minute():
    now = [0.0]
    token = Token(SECRET, lambda: now[0])
    for _ in range(WRONG_AT_MOST):
        token.refusal("guess")
    assert token.refusal(SECRET).startswith("Too many wrong tokens")
    now[0] = 61.0
    assert token.refusal(SECRET) == ""


def test_wrong_ones_at_the_login_keep_nobody_from_a_verb():
    login = Token(SECRET, lambda: 0.0)
    verbs = login.counted_apart()
    for _ in range(WRONG_AT_MOST):
        login.refusal("guess")
    assert login.refusal(SECRET) and verbs.refusal(SECRET) == ""
    assert "That is not the token" in verbs.refusal("guess")


def test_without_one_in_the_environment_it_is_made_anew_each_time():
    one, other = given_token({}), given_token({})
    assert one.made and one.secret != other.secret and len(one.secret) >= 24


def test_it_comes_from_the_environment_or_a_file(tmp_path):
    file = tmp_path / "token"
    file.write_text(f"{SECRET}\n")
    assert given_token({NAME: SECRET}) == given_token({f"{NAME}_FILE": str(file)}) == (SECRET, False)


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({NAME: ""}, "holds 0 characters"),
        ({NAME: "short"}, "at least 12"),
        ({f"{NAME}_FILE": "nowhere"}, "cannot be read"),
        ({NAME: SECRET, f"{NAME}_FILE": "x"}, "only one may be"),
    ],
)
def test_one_that_cannot_be_is_a_sentence_that_does_not_hold_it(environ, said):
    with pytest.raises(UsageError, match=said) as refusal:
        given_token(environ)
    assert SECRET not in str(refusal.value)
