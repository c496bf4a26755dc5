"""The report of a check: how it is kept, and what LIVE makes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from builders import new_york_ns

from bot.errors import MesbotError
from bot.node.check import (
    BROKER_ITEMS,
    VALID_NS,
    CheckItem,
    CheckReport,
    Status,
    check_refusal,
    latest_check,
    report_path,
    write_report,
)

PASS, FAIL, SKIP = Status.PASS, Status.FAIL, Status.SKIP
SHA = "a" * 64
MADE = new_york_ns("2025-10-02 10:00")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The state folder, which is not there yet."""
    return tmp_path / "state"


def report_of(*changed: CheckItem, **changes: Any) -> CheckReport:
    """A report in which everything passed but these items."""
    items = {name: CheckItem(name, PASS, "fine") for name in ("contracts", "limits", "drill", *BROKER_ITEMS)} | {
        item.name: item for item in changed
    }
    values: dict[str, Any] = dict(made_at_ns=MADE, mode="LIVE", account="U1", contracts_sha256=SHA, items=tuple(items.values()))
    return CheckReport(**(values | changes))


def test_a_report_is_kept_by_mode_and_account_and_read_back_whole(folder):
    report = report_of(CheckItem("orders", FAIL, "read-only", "Untick it"))
    for mode, account in (("LIVE", "U1"), ("PAPER", "DU1")):
        write_report(msgspec.structs.replace(report, mode=mode, account=account), report_path(folder, mode, account))
    assert sorted(path.name for path in folder.iterdir()) == ["check-live-U1.json", "check-paper-DU1.json"]
    assert latest_check(folder, "LIVE", "U1") == report
    assert latest_check(folder, "LIVE", "U2") is None
    assert report_path(folder, "PAPER", "").name == "check-paper-none.json"


def test_the_newest_report_replaces_the_one_before(folder):
    for made_at_ns in (MADE, MADE + 1):
        write_report(report_of(made_at_ns=made_at_ns), report_path(folder, "LIVE", "U1"))
    assert latest_check(folder, "LIVE", "U1").made_at_ns == MADE + 1


@pytest.mark.parametrize("text", ["", "{", "[]", '{"items": []}', "\xff"])
def test_a_spoilt_report_counts_as_none(folder, text):
    folder.mkdir()
    report_path(folder, "LIVE", "U1").write_text(text, encoding="latin-1")
    assert latest_check(folder, "LIVE", "U1") is None


def test_a_report_renamed_to_another_account_or_mode_counts_as_none(folder):
    write_report(report_of(), report_path(folder, "LIVE", "U2"))
    write_report(report_of(mode="PAPER"), report_path(folder, "LIVE", "U1"))
    assert latest_check(folder, "LIVE", "U2") is None
    assert latest_check(folder, "LIVE", "U1") is None


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(MesbotError, match="cannot be written"):
        write_report(report_of(), tmp_path / "file" / "check.json")


# ------------------------------------------------------------- what LIVE makes of it


@pytest.mark.parametrize("age_ns", [0, 1, VALID_NS - 1])
def test_a_passed_check_younger_than_a_day_allows_live(age_ns):
    assert check_refusal(report_of(), MADE + age_ns, SHA) == ""


def test_what_was_skipped_but_connection_account_and_drill_does_not_hinder():
    skipped = [CheckItem(name, SKIP, "shut") for name in ("bars", "clock skew")]
    assert check_refusal(report_of(*skipped), MADE, SHA) == ""


@pytest.mark.parametrize(
    ("report", "now_ns", "sha256", "part"),
    [
        (None, MADE, SHA, "no check of this account was found"),
        (report_of(), MADE + VALID_NS, SHA, "the last check is of 2025-10-02 10:00 New York, 24.0 h ago"),
        (report_of(), MADE + VALID_NS + 1, SHA, "24.0 h ago"),
        (report_of(), MADE - 1, SHA, "a time that has not come, 2025-10-02 10:00 New York"),
        (report_of(), MADE, "b" * 64, "was made under contracts aaaaaaaaaaaa, not bbbbbbbbbbbb"),
        (report_of(contracts_sha256=""), MADE, SHA, "under contracts unknown"),
        (report_of(CheckItem("orders", FAIL, "read-only")), MADE, SHA, "failed at orders"),
        (report_of(CheckItem("connection", SKIP, "no broker")), MADE, SHA, "did not look at connection"),
        (report_of(CheckItem("account", SKIP, "no broker")), MADE, SHA, "did not look at account"),
        (report_of(CheckItem("drill", SKIP, "none yet")), MADE, SHA, "did not look at drill"),
        (report_of(CheckItem("drill", FAIL, "9 days ago")), MADE, SHA, "failed at drill"),
        (report_of(items=()), MADE, SHA, "did not look at connection and account"),
    ],
)
def test_any_other_check_refuses_live_in_one_sentence_that_says_what_to_run(report, now_ns, sha256, part):
    refusal = check_refusal(report, now_ns, sha256)
    assert part in refusal
    assert "less than 24 h old" in refusal and refusal.endswith("run `mesbot check --live`.")
    assert "\n" not in refusal
