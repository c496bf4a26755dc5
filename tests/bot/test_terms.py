"""Every word that heads a column, a card, a fact or an axis is plain English, or `mesbot why` knows it."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from builders import CONTRACTS, ROOT
from click.testing import CliRunner

from bot.cli import checklist, codes, operate
from bot.cli.main import cli
from bot.cli.runs import HEADINGS
from bot.dashboard.facts import cards
from bot.dashboard.now import now_of
from bot.dashboard.target import target_of
from bot.dashboard.today import STYLES
from bot.journal.sentences import LAYER_NAMES
from bot.node.drill_run import LIMITS
from bot.report import terminal
from bot.report.html import render
from bot.report.summary import Summary
from bot.terms import TERMS, terms

sys.path += [str(Path(__file__).parent / folder) for folder in ("report", "dashboard", "runtime")]
import small_journal
from dashboard_journals import TEN_31, account_journal

PLAIN = """
action | bot | calendar | clock | connection | day | disk | entries blocked | data permissions | date, New York | entry | exit
from | from → to | instrument | kind | last bar | last record | long / short | lowest dvs | lowest eqs | mode | month | net of a draw
net of the day | number | on the last bar | orders | outcome | plans refused | position | positions | reason | records | session
side | started | step | stop | strategies | strategy | target | time | to | total | broker | trading day | limits | bars | week
what | what, at least, would have had to be otherwise | why | cancels on the wire | chosen from | also fails
"""
"""Words that need no other: a new heading is added here only if a person who has never traded knows it."""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESBOT_HOME", str(tmp_path / "state"))


@pytest.fixture
def summary(tmp_path: Path) -> Summary:
    return Summary.from_journal(small_journal.write(tmp_path / "j.sqlite"))


def headings_of_the_report(summary: Summary) -> Iterator[str]:
    html = render(summary)
    for column, card in re.findall(r'<th[^>]*>([^<]+)</th>|<div class="card"><span>([^<(]+)', html):
        yield column or card
    figures = re.search(r'<script id="figures" type="application/json">(.*?)</script>', html, re.DOTALL)
    assert figures
    for figure in json.loads(figures[1]).values():
        yield from (axis["title"]["text"] for name, axis in figure["layout"].items() if "axis" in name and axis.get("title"))


def headings_of_contracts(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    tables = []
    monkeypatch.setattr("bot.cli.contracts.print_table", lambda console, table, names=1: tables.append(table))
    assert CliRunner().invoke(cli, ["contracts"]).exit_code == 0
    yield from (str(column.header) for table in tables for column in table.columns)


def items_of_check() -> Iterator[str]:
    report = json.loads(CliRunner().invoke(cli, ["check", "--json"]).stdout)
    yield from (item["name"] for item in report["items"])
    yield from (heading for heading, _ in checklist.GROUPS)
    yield checklist.BROKER


def words_of_the_pages(tmp_path: Path) -> Iterator[str]:
    for path in (ROOT / "bot" / "dashboard" / "pages").glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            named = getattr(node.targets[0], "id", "") if isinstance(node, ast.Assign) else ""
            if named in ("COLUMNS", "HEADROOM", "TRUST", "CHANGES", "LEDGER"):
                yield from (head for _, head in ast.literal_eval(node.value) if head)
    for held in (False, True):
        for card, facts in cards(now_of(target_of(account_journal(tmp_path / str(held), held=held)), CONTRACTS, TEN_31)).items():
            yield card
            yield from (fact.name for fact in facts if fact.name)
    yield from STYLES


def rows_of_status(tmp_path: Path) -> Iterator[str]:
    from bot.node.status import journal_names, status_of

    account_journal(tmp_path / "state", held=True)
    for name in journal_names(tmp_path / "state"):
        yield from (row for row, _ in operate._rows(status_of(tmp_path / "state", name, CONTRACTS, TEN_31), CONTRACTS))


def rows_of_why() -> Iterator[str]:
    yield from re.findall(r'_row\("([^"]+)"', (ROOT / "bot" / "journal" / "explain.py").read_text(encoding="utf-8"))


def words_of_research() -> Iterator[str]:
    tree = ast.parse((ROOT / "bot" / "research" / "report.py").read_text(encoding="utf-8"))
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "_table":
            heads, rows = call.args
            assert isinstance(heads, ast.Tuple)
            firsts = [each.elts[0] for each in ast.walk(rows) if isinstance(each, ast.Tuple)]
            yield from (each.value for each in (*heads.elts, *firsts) if isinstance(each, ast.Constant) and each.value)


@pytest.fixture
def shown(summary: Summary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """What each screen shows, in small letters."""
    parts: dict[str, Callable[[], Iterator[str]]] = {
        "report": lambda: headings_of_the_report(summary),
        "result": lambda: (str(column.header) for column in terminal._results(summary).columns),
        "contracts": lambda: headings_of_contracts(monkeypatch),
        "runs": lambda: iter(HEADINGS),
        "check": items_of_check,
        "dashboard": lambda: words_of_the_pages(tmp_path),
        "status": lambda: rows_of_status(tmp_path),
        "why": rows_of_why,
        "drill": lambda: iter(LIMITS),
        "research": words_of_research,
    }
    return {part: {word.strip().casefold() for word in words() if word.strip()} for part, words in parts.items()}


def test_every_heading_of_every_screen_is_plain_or_explained(shown: dict[str, set[str]], summary: Summary) -> None:
    plain = {word.strip().casefold() for line in PLAIN.splitlines() for word in line.split("|")}
    tiers = {f"{tier.name} from ${tier.min_equity_usd:,.0f}".casefold() for tier in CONTRACTS.constitution.tiers}
    known = {name.casefold() for name in codes.names()} | {name.casefold() for name in summary.numbers} | plain | tiers
    assert all(len(words) > 2 for words in shown.values())
    assert {part: sorted(words - known) for part, words in shown.items() if words - known} == {}
    assert sorted(plain - set.union(*shown.values(), {""})) == []


def test_every_layer_is_known_by_its_name_and_by_each_part_of_it() -> None:
    for number, name in enumerate(LAYER_NAMES):
        for word in (name, f"{number} {name}", *name.replace(" and ", ", ").split(", ")):
            assert f"{name} (layer {number} of gates): " in codes.explained(word), word


def test_no_word_is_a_numbers_name_which_it_would_hide(summary: Summary) -> None:
    assert not {name.casefold() for name in codes.names()} & {name.casefold() for name in summary.numbers}


def test_no_spelling_stands_twice() -> None:
    spellings = [name.casefold() for names in TERMS for name in names.split("|")]
    assert sorted(spellings) == sorted(set(spellings))


@pytest.mark.parametrize(
    ("word", "said"),
    [("won", "share of trades"), ("R/TRADE", "planned risk"), ("  risk   cap ", "most that a plan may lose"), ("95 %", "95 of 100")],
)
def test_why_says_what_a_word_means_without_a_run(word: str, said: str) -> None:
    answer = CliRunner().invoke(cli, ["why", word])
    assert answer.exit_code == 0 and said in answer.output and "Journal:" not in answer.output


def test_what_may_be_meant_may_be_a_word_and_is_never_far_off(tmp_path: Path) -> None:
    journal = small_journal.write(tmp_path / "j.sqlite", days=small_journal.DAYS[:1], bars=90)
    near = CliRunner().invoke(cli, ["why", "risc cap", "--journal", str(journal)])
    assert near.exit_code == 2 and "did you mean risk cap or stop cap? `mesbot" in near.stderr
    assert "did you mean" not in CliRunner().invoke(cli, ["why", "xylophone", "--journal", str(journal)]).stderr
    alone = CliRunner().invoke(cli, ["why", "risc cap"])
    assert alone.exit_code == 2 and "did you mean risk cap" in alone.stderr


def test_the_report_explains_the_words_of_its_own_columns(summary: Summary) -> None:
    html = render(summary)
    legend = html[html.index("Words</h2>") :]
    for term in terms():
        assert (f"<dt>{term.code}</dt>" in legend) == any(map(term.is_called, headings_in(html))), term.code


def headings_in(html: str) -> list[str]:
    return [column or card for column, card in re.findall(r'<th[^>]*>([^<]+)</th>|<div class="card"><span>([^<(]+)', html)]
