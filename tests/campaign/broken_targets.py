"""What each broken build changes in the product. For a process of its own: a build is taken back, but nobody else should run meanwhile."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import broken


def _places() -> list[tuple[str, Any]]:
    """The classes, modules and tables that a build can reach, with their names."""
    reached = [each for each in vars(broken).values() if isinstance(each, type | ModuleType)]
    ours = [each for each in reached if getattr(each, "__module__", each.__name__).startswith("bot.")]
    return [*((each.__name__, each) for each in ours), ("TABLE", broken.TABLE), ("_STATUSES", broken.doubt._STATUSES)]


def _content(place: Any) -> dict[Any, Any]:
    return dict(place if isinstance(place, dict) else vars(place))


def _put_back(place: Any, before: dict[Any, Any], changed: list[Any]) -> None:
    for name in changed:
        if isinstance(place, dict):
            place[name] = before[name]
        else:
            setattr(place, name, before[name])


def changes(build: str) -> dict[str, list[str]]:
    """Names that this build adds, and names that were there and that it changes; afterwards all is as it was."""
    places = [(name, place, _content(place)) for name, place in _places()]
    broken.BUILDS[build]()
    found: dict[str, list[str]] = {"added": [], "changed": []}
    for where, place, before in places:
        now = _content(place)
        added = [name for name in now if name not in before]
        changed = [name for name in before if now[name] is not before[name] and now[name] != before[name]]
        found["added"] += [f"{where}.{name}" for name in added]
        found["changed"] += [f"{where}.{name}" for name in changed]
        _put_back(place, before, changed)
    return found
