"""Where the broker is, from the environment alone."""

from __future__ import annotations

import pytest

from bot.errors import UsageError
from bot.ibkr.link.endpoint import Endpoint, endpoint_of, located, unlocated
from bot.ibkr.link.settings import LinkSettings

HERE = {"TWS_HOST": "127.0.0.1"}


def test_without_host_and_port_there_is_no_broker():
    assert endpoint_of({}) is None
    assert endpoint_of({"TWS_CLIENT_ID": "9", "HOME": "/root"}) is None


def test_all_four_are_taken_as_they_are_said():
    said = {"TWS_HOST": "gateway", "TWS_PORT": "7497", "TWS_ACCOUNT": "DU1", "TWS_CLIENT_ID": "3"}
    assert endpoint_of(said) == Endpoint("gateway", 7497, "DU1", 3)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ({"TWS_HOST": "gateway"}, Endpoint("gateway", 4002, "", 7)),
        ({"TWS_PORT": "7497"}, Endpoint("127.0.0.1", 7497, "", 7)),
        ({"TWS_PORT": " 7497\n"}, Endpoint("127.0.0.1", 7497, "", 7)),
    ],
)
def test_what_is_left_out_has_its_default(said, meant):
    assert endpoint_of(said) == meant


@pytest.mark.parametrize("port", [1, 65_535])
def test_ports_at_the_edge_are_ports(port):
    assert endpoint_of({"TWS_PORT": str(port)}).port == port


@pytest.mark.parametrize("client_id", [1, 2**31 - 1])
def test_client_ids_at_the_edge_are_client_ids(client_id):
    assert endpoint_of(HERE | {"TWS_CLIENT_ID": str(client_id)}).client_id == client_id


def test_a_file_holds_the_value_and_white_space_around_it_is_nothing(tmp_path):
    for name, value in {"host": "gateway", "port": "4001", "account": "U123", "client": "5"}.items():
        (tmp_path / name).write_text(f"  {value}\n", encoding="utf-8")
    names = {"TWS_HOST": "host", "TWS_PORT": "port", "TWS_ACCOUNT": "account", "TWS_CLIENT_ID": "client"}
    assert endpoint_of({f"{name}_FILE": str(tmp_path / file) for name, file in names.items()}) == Endpoint("gateway", 4001, "U123", 5)


@pytest.mark.parametrize(
    ("said", "parts"),
    [
        ({"TWS_PORT": "0"}, ("TWS_PORT=0", "from 1 to 65535", "set the gateway's API port")),
        ({"TWS_PORT": "65536"}, ("TWS_PORT=65536", "from 1 to 65535")),
        ({"TWS_PORT": "-1"}, ("TWS_PORT=-1",)),
        ({"TWS_PORT": "4002.0"}, ("TWS_PORT=4002.0",)),
        ({"TWS_PORT": "٤٠٠٢"}, ("whole number",)),
        ({"TWS_PORT": "9" * 5000}, ("whole number",)),
        ({"TWS_HOST": ""}, ("TWS_HOST= holds nothing", "unset it")),
        ({"TWS_HOST": " "}, ("TWS_HOST= holds nothing",)),
        (HERE | {"TWS_ACCOUNT": ""}, ("TWS_ACCOUNT= holds nothing",)),
        (HERE | {"TWS_ACCOUNT": "../U1"}, ("TWS_ACCOUNT must be one account id",)),
        (HERE | {"TWS_ACCOUNT": "U1,U2"}, ("TWS_ACCOUNT must be one account id",)),
        (HERE | {"TWS_CLIENT_ID": "0"}, ("TWS_CLIENT_ID=0", "from 1 to 2147483647", "entered by hand")),
        (HERE | {"TWS_CLIENT_ID": "2147483648"}, ("TWS_CLIENT_ID=2147483648",)),
        (HERE | {"TWS_CLIENT_ID": "seven"}, ("TWS_CLIENT_ID=seven",)),
        ({"TWS_ACCOUNT": "DU1"}, ("TWS_ACCOUNT names an account", "set TWS_HOST and TWS_PORT")),
        ({"TWS_PORT": "4002", "TWS_PORT_FILE": "/run/secrets/port"}, ("TWS_PORT and TWS_PORT_FILE are both set", "unset")),
        ({"TWS_PORT_FILE": "/nowhere/port"}, ("TWS_PORT_FILE=/nowhere/port cannot be read (No such file or directory)", "or set TWS_PORT")),
        ({"TWS_PORT_FILE": ""}, ("TWS_PORT_FILE= cannot be read",)),
    ],
)
def test_what_cannot_be_is_one_sentence(said, parts):
    with pytest.raises(UsageError) as caught:
        endpoint_of(said)
    assert all(part in str(caught.value) for part in parts), caught.value
    assert "\n" not in str(caught.value)


def test_a_file_that_holds_nothing_or_no_text_is_named(tmp_path):
    file = tmp_path / "port"
    file.write_text(" \n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"TWS_PORT_FILE=.*port holds nothing"):
        endpoint_of({"TWS_PORT_FILE": str(file)})
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match=r"no UTF-8 text"):
        endpoint_of({"TWS_PORT_FILE": str(file)})


def test_what_a_secret_file_holds_and_the_account_are_never_repeated(tmp_path):
    file = tmp_path / "secret"
    file.write_text("hunter2", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        endpoint_of({"TWS_PORT_FILE": str(file)})
    assert "hunter2" not in str(caught.value)
    with pytest.raises(UsageError) as caught:
        endpoint_of(HERE | {"TWS_ACCOUNT": "hunter 2"})
    assert "hunter" not in str(caught.value)
    endpoint = endpoint_of(HERE | {"TWS_ACCOUNT": "DU1234567"})
    assert "DU1234567" not in f"{endpoint} {endpoint!r}"
    assert str(endpoint) == "127.0.0.1:4002"


# ------------------------------------------------------------------ settings that leave it to the environment

ELSEWHERE = unlocated(LinkSettings(host="10.0.0.9", port=4001, client_id=3, account="DU1", zone="Asia/Tokyo"))


def test_settings_that_name_a_host_are_left_as_they_are():
    named = LinkSettings(host="10.0.0.9", port=4001)
    assert located(named, {"TWS_HOST": "gateway", "TWS_PORT": "7"}) is named


def test_the_environment_says_where_and_the_rest_stays():
    found = located(ELSEWHERE, {"TWS_HOST": "gateway", "TWS_PORT": "4003", "TWS_CLIENT_ID": "9"})
    assert (found.host, found.port, found.client_id, found.account, found.zone) == ("gateway", 4003, 9, "DU1", "Asia/Tokyo")


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "leaves it to the environment where the gateway is; set TWS_HOST and TWS_PORT there"),
        ({"TWS_PORT": "4002", "TWS_ACCOUNT": "DU2"}, "is for another account than TWS_ACCOUNT names"),
    ],
)
def test_an_environment_that_does_not_fit_is_refused_without_the_account(environ, said):
    with pytest.raises(UsageError, match=said) as caught:
        located(ELSEWHERE, environ)
    assert "DU" not in str(caught.value)
