"""How many days or hours of a model a person asks for."""

from __future__ import annotations

import os

import pytest


def asked(name: str, default: int, least: int = 1) -> int:
    """The whole number of an environment variable. If it is none or too small, raises CollectError: pytest prints its sentence alone."""
    text = os.environ.get(name, str(default))
    if not text.isdecimal() or int(text) < least:
        raise pytest.Collector.CollectError(f"{name}={text} must be a whole number of at least {least}.")
    return int(text)
