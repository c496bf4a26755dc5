"""The states of the link, the one place that says what each allows, and why everything is asked for again."""

from __future__ import annotations

from enum import StrEnum


class LinkState(StrEnum):
    """What the broker can hear from us, and what we know of it.

    DOWN: no connection to the gateway. CUT: the gateway has lost IBKR (from 1100 or 2110 to 1101 or 1102): nothing is sent,
    stops that work stay, exits and cancels wait and go first once it is over. CONNECTED: what is true at the broker is being
    asked for. SYNCED: all of it is known. DEGRADED: some of it is not told; it is asked for again every minute.

    What is allowed is listed: a state that nobody has thought of yet allows nothing.
    """

    DOWN = "DOWN"
    CUT = "CUT"
    CONNECTED = "CONNECTED"
    SYNCED = "SYNCED"
    DEGRADED = "DEGRADED"

    @property
    def allows_way_out(self) -> bool:
        """Whether exits, stops, changes and cancels may be sent: that takes socket and broker link, and nothing else."""
        return self in (LinkState.CONNECTED, LinkState.SYNCED, LinkState.DEGRADED)

    @property
    def allows_entries(self) -> bool:
        """Whether entries may be sent, as far as the link is concerned: that takes all that is to be known."""
        return self is LinkState.SYNCED


class SyncReason(StrEnum):
    """Why something is asked for again, the reason that demands most first."""

    CONNECTED = "a new connection"
    DATA_LOST = "1101: the link is back, subscriptions are gone"
    DATA_KEPT = "1102: the link is back"
    UNANSWERED = "it was not answered"
