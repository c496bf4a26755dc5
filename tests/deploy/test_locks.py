"""Each lock is whole and holds nothing more than what it is for; the image's has neither research nor tests, and the versions of tests."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

import pytest
from builders import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS, GROUPS = PROJECT["project"]["optional-dependencies"], PROJECT["dependency-groups"]
UNATTENDED = ("requirements-unattended.lock", ("alerts", "dashboard"), ("build",))
LOCKS = [("requirements.lock", tuple(EXTRAS), tuple(GROUPS)), UNATTENDED]


def read(name: str) -> dict[str, tuple[str, frozenset[str], bool]]:
    """Version and hashes of each library of a lock, and whether it is for this platform alone or another."""
    found = {}
    for block in re.split(r"\n(?=\S)", (ROOT / name).read_text(encoding="utf-8")):
        if said := re.match(r"([a-z0-9_.-]+)==([^\s;]+)( ;)?", block):
            found[canonicalize_name(said[1])] = (said[2], frozenset(re.findall(r"--hash=(sha256:[0-9a-f]{64})", block)), bool(said[3]))
    return found


def reached(wanted: Iterable[str]) -> set[str]:
    """The names that these requirements lead to on this machine, by what the installed libraries say of themselves."""
    found: set[tuple[str, str]] = set()
    waiting = [Requirement(each) for each in wanted]
    while waiting:
        each = waiting.pop()
        for extra in ("", *each.extras):
            key = (canonicalize_name(each.name), extra)
            if key not in found:
                found.add(key)
                needs = [Requirement(need) for need in distribution(each.name).requires or ()]
                waiting += [need for need in needs if not need.marker or need.marker.evaluate({"extra": extra})]
    return {name for name, _ in found}


def named(extras: Iterable[str], groups: Iterable[str]) -> list[str]:
    """What pyproject.toml asks for."""
    chosen = [*(EXTRAS[name] for name in extras), *(GROUPS[name] for name in groups)]
    return [*PROJECT["project"]["dependencies"], *(each for some in chosen for each in some)]


@pytest.mark.parametrize(("lock", "extras", "groups"), LOCKS, ids=[each[0] for each in LOCKS])
def test_a_lock_holds_what_pyproject_asks_for_and_nothing_else(lock, extras, groups):
    held, wanted = read(lock), reached(named(extras, groups))
    assert wanted - set(held) == set(), "make lock"
    assert {name for name, (_, _, elsewhere) in held.items() if not elsewhere} - wanted == set(), "make lock"
    assert all(hashes for _, hashes, _ in held.values())


def test_the_image_has_the_versions_and_files_that_the_tests_ran_with():
    tested, shipped = read("requirements.lock"), read(UNATTENDED[0])
    assert len(shipped) > 50 and {name: tested.get(name) for name in shipped} == shipped


def test_the_image_has_neither_research_nor_tests():
    others = {canonicalize_name(Requirement(each).name) for each in (*EXTRAS["research"], *GROUPS["dev"], *GROUPS["browser"])}
    assert {"ray", "optuna", "pytest", "playwright"} <= others & set(read("requirements.lock"))
    assert others & set(read(UNATTENDED[0])) == set()


def test_image_and_units_install_the_lock_of_the_unattended_and_make_lock_renews_it():
    for each in ("Dockerfile", "docs/operations.md"):
        assert re.findall(r"--require-hashes -r (\S+)", Path(ROOT / each).read_text(encoding="utf-8")) == [UNATTENDED[0]], each
    rules = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", "").split("$(UV) ")
    (rule,) = [each for each in rules if UNATTENDED[0] in each]
    assert tuple(re.findall(r"--extra (\w+)", rule)) == UNATTENDED[1] and tuple(re.findall(r"--group (\w+)", rule)) == UNATTENDED[2]
