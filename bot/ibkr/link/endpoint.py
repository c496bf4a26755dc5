"""Where the broker is: from the environment alone, so that no file of a project and no log ever holds it.

`TWS_HOST`, `TWS_PORT`, `TWS_ACCOUNT`, `TWS_CLIENT_ID`; each may instead be `NAME_FILE`, which names a file
whose content is the value (Docker secrets). What such a file holds is not repeated in any message, and the host in none:
there it reads TWS_HOST.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from bot.environment import Setting, setting
from bot.errors import UsageError
from bot.ibkr.link.settings import LinkSettings
from bot.masking import keep_secret, masked

DEFAULT_HOST, DEFAULT_PORT, DEFAULT_CLIENT_ID = "127.0.0.1", 4002, 7
MAX_PORT, MAX_CLIENT_ID = 65_535, 2**31 - 1
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")  # it becomes part of a file's name


@dataclass(frozen=True)
class Endpoint:
    """A gateway's address and who we are there. `account` "" means the only one it manages; it is left out of the repr."""

    host: str
    port: int
    account: str = field(repr=False)
    client_id: int

    def __str__(self) -> str:
        return masked(f"{self.host}:{self.port}")


def endpoint_of(environ: Mapping[str, str]) -> Endpoint | None:
    """The broker that an environment names; None if it names neither host nor port.

    What is left out has its default: 127.0.0.1, 4002, the only account, client id 7. Raises UsageError, one
    sentence, for a value that cannot be, for one said twice, and for an account without host and port.
    """
    host, port, account = (setting(environ, name) for name in ("TWS_HOST", "TWS_PORT", "TWS_ACCOUNT"))
    if host is None and port is None:
        if account is not None:
            raise UsageError("TWS_ACCOUNT names an account and nothing says at which gateway; set TWS_HOST and TWS_PORT too, or unset it.")
        return None
    client_id = setting(environ, "TWS_CLIENT_ID")
    _keep_secret(host)
    if account is not None and not _ACCOUNT.fullmatch(account.value):
        raise UsageError(
            "TWS_ACCOUNT must be one account id, letters and digits such as DU1234567; correct it, or unset it for the only one."
        )
    return Endpoint(
        host=DEFAULT_HOST if host is None else host.value,
        port=DEFAULT_PORT if port is None else _whole(port, MAX_PORT, "set the gateway's API port, e.g. 4002"),
        account="" if account is None else account.value,
        client_id=DEFAULT_CLIENT_ID
        if client_id is None
        else _whole(client_id, MAX_CLIENT_ID, "give the bot an id of its own (0 would take over orders entered by hand)"),
    )


def located(link: LinkSettings, environ: Mapping[str, str]) -> LinkSettings:
    """The settings themselves if they name a host; else with the gateway that the environment names.

    Raises UsageError, one sentence, if it names none, or another account than the settings are for.
    """
    if link.host:
        return link
    endpoint = endpoint_of(environ)
    if endpoint is None:
        raise UsageError("This configuration leaves it to the environment where the gateway is; set TWS_HOST and TWS_PORT there.")
    if link.account and endpoint.account and link.account != endpoint.account:
        raise UsageError("This configuration is for another account than TWS_ACCOUNT names; make it again, or correct TWS_ACCOUNT.")
    account = link.account or endpoint.account
    return msgspec.structs.replace(link, host=endpoint.host, port=endpoint.port, client_id=endpoint.client_id, account=account)


def unlocated(link: LinkSettings) -> LinkSettings:
    """The settings without where the gateway is, which the environment says when the run starts."""
    return msgspec.structs.replace(link, host="", port=0)


def _keep_secret(host: Setting | None) -> None:
    """This machine is no secret. A bare name may be a word of any sentence (`gateway`), so it is one only before a port."""
    if host is not None and host.value not in ("localhost", "::1") and not host.value.startswith("127."):
        secret, name = (host.value, "TWS_HOST") if "." in host.value else (f"{host.value}:", "TWS_HOST:")
        keep_secret(secret, name)


def _whole(said: Setting, highest: int, remedy: str) -> int:
    digits = said.value if said.value.isascii() and said.value.isdecimal() and len(said.value) <= 10 else "0"
    if not 1 <= (number := int(digits)) <= highest:
        raise UsageError(f"{said.found} must be a whole number from 1 to {highest}; {remedy}.")
    return number
