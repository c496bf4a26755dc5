"""Puts this folder on the path, so that every test can import `builders`; hypothesis runs the same examples each time."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")
