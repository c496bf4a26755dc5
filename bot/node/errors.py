"""What goes wrong with a live node."""

from __future__ import annotations

from bot.errors import MesbotError


class NodeError(MesbotError):
    """The node could not start in time, or stopped by itself; the text says why."""
