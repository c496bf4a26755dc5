"""Where alerts go comes from the environment, and no refusal repeats an address."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from services import SECRET, Service

from bot.alerts.addresses import addresses_of, heartbeat_of, wanted
from bot.alerts.alert import Level
from bot.alerts.outbox import MOST_LINES, Message
from bot.errors import UsageError


def of(environ: dict[str, str]):
    return addresses_of(environ, lambda: "mesbot PAPER")


def test_nothing_set_is_nothing_wanted():
    assert of({}) == [] and heartbeat_of({}) == "" and not wanted({})
    assert wanted({"MESBOT_ALERTS_FILE": "x"}) and wanted({"MESBOT_HEARTBEAT_URL": "x"})


def test_one_address_a_line_in_a_file_with_remarks(tmp_path):
    path = tmp_path / "addresses"
    path.write_text(f"# the phone\njson://127.0.0.1:1/{SECRET}\n\n  jsons://user:{SECRET}@127.0.0.1/x \n")
    assert [each.name for each in of({"MESBOT_ALERTS_FILE": str(path)})] == ["1: json://***", "2: jsons://***"]


@pytest.mark.parametrize(
    ("said", "part"),
    [
        (f"nosuchservice://{SECRET}", "(***)"),
        (SECRET, "(***)"),
        (f"json://ok/{SECRET}\nnosuchservice://{SECRET}", "MESBOT_ALERTS, line 2 (***)"),
        (f"tgram://{SECRET}", "(tgram://***)"),
        ("  \n ", "holds nothing"),
        ("# only a remark", "names 0 addresses"),
        ("\n".join(["json://127.0.0.1/x"] * 21), "names 21 addresses"),
    ],
)
def test_an_address_that_no_service_is_known_for_is_refused_in_a_sentence_without_it(said, part):
    with pytest.raises(UsageError) as caught:
        of({"MESBOT_ALERTS": said})
    assert part in str(caught.value) and SECRET not in str(caught.value) and SECRET not in repr(caught.value)


@pytest.mark.parametrize("said", [SECRET, f"ftp://{SECRET}", f"http:///{SECRET}", f"http://host/{SECRET} x", f"http://[{SECRET}"])
def test_a_heartbeat_that_is_no_web_address_is_refused_without_repeating_it(said):
    with pytest.raises(UsageError, match="MESBOT_HEARTBEAT_URL") as caught:
        heartbeat_of({"MESBOT_HEARTBEAT_URL": said})
    assert SECRET not in str(caught.value)


def test_a_value_and_a_file_at_once_are_refused():
    with pytest.raises(UsageError, match="both set"):
        of({"MESBOT_ALERTS": "json://x", "MESBOT_ALERTS_FILE": "y"})


def test_a_message_arrives_with_its_title_and_level():
    with Service() as service:
        (address,) = of({"MESBOT_ALERTS": service.address})
        assert address.send(Message(Level.CRITICAL, "K1 holds 1.\nLook."))
    (message,) = service.messages
    assert (message["title"], message["message"], message["type"]) == ("mesbot PAPER: critical", "K1 holds 1.\nLook.", "failure")
    assert SECRET not in str(message)


def test_a_service_that_refuses_or_is_not_there_is_no_error_and_nothing_is_said_of_it(capfd):
    with Service("refuses") as service:
        (address,) = of({"MESBOT_ALERTS": service.address})
        assert not address.send(Message(Level.INFO, "x"))
    assert not address.send(Message(Level.INFO, "x"))  # nobody listens any more
    printed = capfd.readouterr()
    assert printed.out + printed.err == ""


@pytest.mark.parametrize(
    "text", ["gap < 2 & spread > 1", "x <b> y", "</b> x", "<img src=x>", '<a href="http://e">k', "a<b", "K_1 *x* `y [z"]
)
def test_words_that_look_like_markup_arrive_whole_at_a_service_that_reads_it(text, monkeypatch):
    sent = []
    answer = SimpleNamespace(status_code=200, content=b"{}", text="{}")
    monkeypatch.setattr("requests.post", lambda *_, **said: sent.append(json.loads(said["data"])["text"]) or answer)
    (address,) = of({"MESBOT_ALERTS": "tgram://123456789:abcdefg_hijklmnop/12315544"})
    assert address.send(Message(Level.CRITICAL, text))
    body = sent[0].partition("</b>")[2].strip()
    plain = text.replace("<", "«").replace(">", "»").replace("&", "&amp;")
    assert body.replace("&quot;", '"') == plain


def test_a_message_that_is_longer_than_a_service_takes_goes_in_pieces(monkeypatch):
    sent = []
    answer = SimpleNamespace(status_code=200, content=b"{}", text="{}")
    monkeypatch.setattr("requests.post", lambda *_, **said: sent.append(json.loads(said["data"])["text"]) or answer)
    (address,) = of({"MESBOT_ALERTS": "tgram://123456789:abcdefg_hijklmnop/12315544"})
    lines = [f"CRITICAL {number} {'word ' * 118}" for number in range(MOST_LINES)]
    assert address.send(Message(Level.CRITICAL, "\n".join(lines)))
    assert max(map(len, sent)) <= 4096 and all(f"CRITICAL {number} " in "\n".join(sent) for number in range(MOST_LINES))
