"""The items of a checklist, and how one is made."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Status(StrEnum):
    """How an item ended. WARN: no fault, but a person should know. SKIP: it could not be looked at, and `found` says why."""

    PASS = "PASS"
    WARN = "WARN"
    FAIL = "FAIL"
    SKIP = "SKIP"


NO_FAILURE = (Status.PASS, Status.WARN, Status.SKIP)  # whatever else a report says is one


class CheckItem(msgspec.Struct, frozen=True):
    """One line of the checklist: what was found, and what a person does about it ("" if nothing).

    `brief` is what a person needs of a long finding that passed, "" where all of it is short.
    """

    name: str
    status: Status
    found: str
    remedy: str = ""
    brief: str = ""


def passed(name: str, found: str, brief: str = "") -> CheckItem:
    """It is as it must be."""
    return CheckItem(name, Status.PASS, found, brief=brief)


def warned(name: str, found: str, remedy: str) -> CheckItem:
    """No fault, so the check passes with it; this is what ends it."""
    return CheckItem(name, Status.WARN, found, remedy)


def failed(name: str, found: str, remedy: str) -> CheckItem:
    """It is not, and this is what to do."""
    return CheckItem(name, Status.FAIL, found, remedy)


def skipped(name: str, why: str) -> CheckItem:
    """It could not be looked at."""
    return CheckItem(name, Status.SKIP, why)


def all_skipped(names: tuple[str, ...], why: str) -> list[CheckItem]:
    """None of these could be looked at, for one reason."""
    return [skipped(name, why) for name in names]
