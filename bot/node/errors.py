"""What goes wrong with a live node."""

from __future__ import annotations

from bot.errors import Interrupted, MesbotError


class NodeError(MesbotError):
    """The node could not start in time, or stopped by itself; the text says why."""


class NodeStopped(NodeError):
    """A person stopped the node (Ctrl-C) before it was ready."""

    exit_code = Interrupted.exit_code
