"""The states of the connection, why everything is asked for again, and what its task acts on."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from bot.ibkr.errors import BrokerError


class LinkState(StrEnum):
    """How far we are from being able to trade."""

    DISCONNECTED = "DISCONNECTED"
    CONNECTING = "CONNECTING"
    SYNCING = "SYNCING"
    READY = "READY"
    LINK_DOWN = "LINK_DOWN"
    FAILED = "FAILED"


class SyncReason(StrEnum):
    """Why everything is asked for again."""

    CONNECTED = "a new connection"
    DATA_LOST = "1101: the link is back, subscriptions are gone"
    DATA_KEPT = "1102: the link is back"


class LinkEvent(msgspec.Struct, frozen=True):
    """Something that the link's task acts on: a reason to sync, an error to reconnect for, or (both None) the link went down."""

    sync: SyncReason | None = None
    error: BrokerError | None = None
