"""What words each verb takes: checked before anything is done, by the side channel and when a script is read."""

from __future__ import annotations

import datetime as dt

import pytest
from gateway_harness import on_a_loop, running, side_of

from bot.gateway.errors import GatewayError
from bot.gateway.script import Script
from bot.gateway.words import VERBS, read

TAKEN = """
refuse on; refuse; accept-silent off; version-only on; banner SSH-2.0-OpenSSH; banner off; banner 'two words' more; hold-id 20s; hold-id 0
drop; drop 7; freeze 1; thaw; drop-mid-bracket; drop-after-place kept; restart 60s --rollback-id 4 --reissue; restart 0.2; err 1100
err 10349 R; err 9999 R something new; err 321 77; bust; orders-while-down kept; readonly on; pace off; clock +5s; clock -5s; clock 0
swallow openOrder; swallow openOrder all R; duplicate placeOrder 3; delay historicalData 600 all; reorder orderStatus 2 R
garble execDetails
chaos 1 0.5 openOrder,placeOrder; calm; step; step 12; go; stand; speed max; speed 0.5; farm down; farm up ushmds silent; farm down silent
mute; mute bars quotes; unmute history; deny md; deny md 10167; deny off; spread 3; slippage 0; expire MESZ5; session closed; compete on
flood 2000 0.2s; fill MES-1; fill MES-1 1 of 3; fill 1/2 at 6300.25; fill A 2 at 6300; reject * code=10289; reject ref=X code=201 No rights
kill A; kill A margin call; tws-cancel A; tws-modify A 6290.5; forget A; status Inactive A locate; ghost-modify; fill-on-cancel
fill-on-modify; rollback-id 4; rollback-id 4 --reissue; order exec-first; order exec-first A; commission first; commission delay 10s
zone utc; zone Mars/Olympus; resend execs; correct 0001.01 6299.75; correct A 6299.75 0; position MES -3; position MES 3 DU2
equity 2500.50; equity -1 DU1; accounts DU1,DU2; manual buy 1 MES; manual sell 2 MESZ5 6300
"""
REFUSED = """
refuse maybe; hold-id; hold-id soon; hold-id -1; drop everybody; drop 1 2; drop-after-place; restart; restart soon; err; err x; bust now
orders-while-down perhaps; clock; clock noon; swallow; swallow openOrder few R; delay openOrder; delay openOrder soon; chaos 1 2 openOrder
chaos 1 0.5; step back; go on; speed 0; speed 0.0; speed fast; farm; farm sideways; farm down mars; mute noise; deny; deny md some; spread
spread wide; session; session shut; flood 5; fill; fill A 0; fill A 1 of; fill MES-1 of 3
fill A at; fill A at 6300.10; fill A at dawn; reject; kill
tws-modify A; tws-modify A 6300.1; status; status Happy A; status Inactive; rollback-id; order; order exec-last; commission
commission delay
zone; resend; resend all; correct A; correct A x; position MES; position MES 1.5; equity; equity lots; accounts; accounts DU1,; manual
manual hold 1 MES; manual buy 0 MES; manual buy 1; manual buy 1 MES 6300.1; ghost-modify now
"""


def each(text: str) -> list[str]:
    return [words.strip() for words in text.replace("\n", ";").split(";") if words.strip()]


@pytest.mark.parametrize("words", each(TAKEN))
def test_words_in_the_form_of_the_manual_are_taken(words):
    assert read(words)[0].name == words.split()[0]


@pytest.mark.parametrize("words", each(REFUSED))
def test_words_that_no_verb_takes_are_refused_with_what_it_takes(words):
    with pytest.raises(GatewayError) as caught:
        read(words)
    assert VERBS[words.split()[0]].manual in str(caught.value)


@pytest.mark.parametrize("words", ["swallow nothing", "delay nothing 5s", "chaos 1 0.5 openOrder,nothing"])
def test_a_frame_of_no_known_kind_is_refused_with_those_there_are(words):
    with pytest.raises(GatewayError, match=r"'nothing' is neither .* there are .*openOrder, .*placeOrder, "):
        read(words)


def test_a_script_names_file_and_line_of_what_it_cannot_take():
    with pytest.raises(GatewayError, match=r"^faults\.txt line 2: 'blah' is no verb"):
        Script("10:00 drop\n10:01 blah", dt.date(2025, 10, 2), name="faults.txt")


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("fill nosuch", "no order is called 'nosuch'"),
        ("tws-cancel nosuch", "no order is called 'nosuch'"),
        ("err 399 nosuch", "no order is called 'nosuch'"),
        ("correct nosuch 6300", "no execution is called 'nosuch'"),
        ("position MES 1 DU9", "'DU9' is no account of this login"),
        ("accounts DU1,DU1", "DU1 is named twice"),
    ],
)
@on_a_loop
async def test_what_can_only_fail_when_it_is_done_is_one_sentence_without_a_programs_words(words, part):
    async with running() as gateway, side_of(gateway) as side:
        answer = await side.ask(do=words)
        assert answer["ok"] is False and part in answer["error"]
        assert "Error" not in answer["error"]


@on_a_loop
async def test_a_line_of_a_script_that_fails_later_is_told_and_the_gateway_goes_on():
    """A verb that takes time: another program has taken the port meanwhile."""
    said: list[str] = []
    async with running(script="10:00 restart 0s\n") as gateway, side_of(gateway) as side:
        gateway.say = said.append

        async def taken() -> None:
            raise GatewayError("Port 4002 is taken.")

        gateway.listener.reopen = taken
        await side.do("step 2")
        event = await side.next_event()
        assert (event["event"], event["error"]) == ("script", "Port 4002 is taken.")
        assert said == ["Script line 1: Port 4002 is taken."]
