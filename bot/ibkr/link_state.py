"""The states of the connection, and why everything is asked for again."""

from __future__ import annotations

from enum import StrEnum


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
