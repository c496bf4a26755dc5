"""Deliberately broken builds: each brings one fault back into the node's process, by name, and the campaign must catch it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Build(NamedTuple):
    """A fault that was mended once: what it does, and how it comes back."""

    what: str
    apply: Callable[[], None]


BUILDS: dict[str, Build] = {}
