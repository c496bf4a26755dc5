"""What the learning loop takes in beside outcomes and sessions: that a person has brought a strategy back."""

from __future__ import annotations

import msgspec

RESTORE = "restore"
"""The action of the operator record that says so."""


class Restored(msgspec.Struct, frozen=True, gc=False):
    """A person has brought this ARCHIVED strategy back, and why."""

    strategy: str
    reason: str
