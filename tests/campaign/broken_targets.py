"""What each broken build changes in the product. For a process of its own: a build is taken back, but nobody else should run meanwhile."""

from __future__ import annotations

import inspect
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


def _stands_in(new: Any, old: Any) -> bool:
    """Whether `new` can be used as the product uses `old`: called with all that the other takes, read, or awaited."""
    if not inspect.isfunction(old):
        return type(new) is type(old)
    named = inspect.signature(old).parameters.values()
    alone = {each.name: None for each in named if each.kind is each.KEYWORD_ONLY}
    try:
        inspect.signature(new).bind(*[None] * (len(named) - len(alone)), **alone)
    except TypeError:
        return False
    return inspect.iscoroutinefunction(new) is inspect.iscoroutinefunction(old)


def changes(build: str) -> dict[str, list[str]]:
    """Names that this build adds, names that were there and that it changes, and of these the ones that cannot be used as before;
    afterwards all is as it was."""
    places = [(name, place, _content(place)) for name, place in _places()]
    broken.BUILDS[build]()
    found: dict[str, list[str]] = {"added": [], "changed": [], "misfits": []}
    for where, place, before in places:
        now = _content(place)
        added = [name for name in now if name not in before]
        changed = [name for name in before if now[name] is not before[name] and now[name] != before[name]]
        found["added"] += [f"{where}.{name}" for name in added]
        found["changed"] += [f"{where}.{name}" for name in changed]
        found["misfits"] += [f"{where}.{name}" for name in changed if not _stands_in(now[name], before[name])]
        _put_back(place, before, changed)
    return found
