"""Every number in the report opens the records it was made from: ten drawn by lot are added again from the file's raw rows.

What a record adds, and how its amounts make the number, is written here once more, in SQL and
by name; nothing of bot.report is asked but `mesbot why` itself.
"""

from __future__ import annotations

import io
import random
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner
from plain_journal import plain
from rich.console import Console
from whole_runs import Run, run

from bot.backtest.request import BacktestRequest
from bot.cli.main import cli
from bot.journal.sentences import LAYER_NAMES
from bot.report import why_number
from bot.report.html import write_report
from bot.report.terminal import print_summary

SEED = 20_251_002  # of the draw of ten
TEN = 10
USD = "json_extract(body, '$.net_cents') / 100.0"
R = "json_extract(body, '$.r')"
SECONDS = "(json_extract(body, '$.closed_ns') - json_extract(body, '$.opened_ns')) / 1e9"
LIMIT = "CAST(json_extract(body, '$.values.constitution.loss_limits.{}_usd') AS REAL)"
FIELDS = {"entry": "entry_price", "exit": "exit_price", "best": "mfe_ticks", "worst": "mae_ticks"}
RULES: tuple[tuple[str, str, str | None], ...] = (
    (r"ledger\..*\.(?:net|saved|cost)", f"-{USD}", None),
    (r".*\.left\.(\w+)", f"CASE kind WHEN 'contracts' THEN {LIMIT} ELSE {USD} END", None),
    (r".*\.lowest_(\w+)", "json_extract(body, '$.{}')", "lowest"),
    (r"trades\.\d+\.r", R, None),
    (r"trades\.\d+\.held", f"{SECONDS} / 60", None),
    (r"trades\.\d+\.(entry|exit|best|worst)", "json_extract(body, '$.{}')", None),
    (r"states\.\d+\.value", "json_extract(body, '$.value')", None),
    (r".*\.net|drawdown", USD, None),
    (r"(?:K\d|book)\.r", R, "{}.trades"),
    (r"(?:K\d|book)\.won", "1", "{}.trades"),
    (r"book\.trades\.per_session", "1", "sessions"),
    (r"K5\.vetoed\.share", "1", "bars.planned"),
    (r"ledger\..*\.overlap", "1", "{}.episodes"),
    (r".*", "1", None),
)
"""Name, what a record adds in SQL ({} is the first group of the name), and what the sum is divided by ({} is what the last dot follows)."""
DRAWN = re.compile(r".*\.interval|.*\.random\.\w+")


class Shown(NamedTuple):
    """A run's journal, and the text of each number by name as its HTML report and its terminal summary show it."""

    journal: Path
    html: dict[str, str]
    terminal: dict[str, str]


def html_of(journal: Path) -> dict[str, str]:
    path = journal.with_name("numbers.html")
    write_report(journal, path)
    found = re.findall(r'title="mesbot why ([^"]+)">([^<]*)<', path.read_text(encoding="utf-8"))
    texts = dict(found)
    assert all(texts[name] == text for name, text in found), "one number, two texts"
    return texts


def terminal_of(journal: Path) -> dict[str, str]:
    console = Console(file=io.StringIO(), width=160)
    print_summary(journal, console)
    text = console.file.getvalue()
    rows = [re.split(r"\s{2,}", line.strip()) for line in text.splitlines() if re.match(r" (K\d|book) ", line)]
    shown: dict[str, str] = {}
    for owner, *cells in rows:
        texts = cells[-6:] if owner == "book" else cells[1:]
        if texts[0] != "–":
            shown |= zip((f"{owner}.{part}" for part in ("trades", "won", "won.interval", "net", "r")), texts, strict=False)
    said = " ".join(text.split())
    plans, chosen, refused = re.search(r"Of (\S+) plans (\S+) (?:was|were) chosen; refused: ([^.]+)\.", said).groups()
    shown |= {"book.plans": plans, "book.chosen": chosen.replace("none", "0")}
    return shown | {
        f"book.refused.{LAYER_NAMES.index(name)}": count for count, name in re.findall(r"([\d,]+) by ((?:(?!, \d).)+)", refused)
    }


@pytest.fixture(scope="module", autouse=True)
def _journals_are_read_once() -> Iterator[None]:
    """Some hundred questions are asked of two journals that no longer change."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(why_number, "_summary", cache(why_number._summary))
        yield


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    journal = run(BacktestRequest(out=tmp_path_factory.mktemp("numbers"), seed=5, sessions=6)).journal
    return Shown(journal, html_of(journal), terminal_of(journal))


@pytest.fixture(scope="module")
def real(learning_on: Run) -> Shown:
    return Shown(learning_on.journal, html_of(learning_on.journal), terminal_of(learning_on.journal))


@pytest.fixture(params=["synthetic", pytest.param("real", marks=pytest.mark.slow)])
def shown(request: pytest.FixtureRequest) -> Shown:
    return request.getfixturevalue(request.param)


@cache
def why(journal: Path, name: str) -> str:
    result = CliRunner().invoke(cli, ["why", name, "--all", "--journal", str(journal)])
    assert result.exit_code == 0, result.output
    return result.output


def records_of(text: str) -> list[int]:
    return [int(seq) for seq in re.findall(r"^ +(\d+)  (?:\d{4}-|before)", text, re.MULTILINE)]


def added_again(journal: Path, name: str) -> float:
    """The value of a number from the raw rows of the records that `mesbot why` names; dollars, shares of 1."""
    pattern, amount, over = next(rule for rule in RULES if re.fullmatch(rule[0], name))
    group = (re.fullmatch(pattern, name).groups() or ("",))[0]
    seqs = records_of(why(journal, name))
    with plain(journal) as db:
        expression = amount.format(FIELDS.get(group, group))
        rows = [db.execute(f"SELECT {expression} FROM records WHERE seq = ?", (seq,)).fetchone() for seq in seqs]
    amounts = [row[0] for row in rows]
    if over == "lowest":
        return min(amounts)
    total = sum(amounts)
    return total / added_again(journal, over.format(name.rpartition(".")[0])) if over else total


def assert_says(text: str, value: float) -> None:
    """That a text says this value, to half of its last digit."""
    digits = re.search(r"[\d,]*\.?\d+", text)[0].replace(",", "")
    said = float(digits) * (-1 if "−" in text else 1)
    scale = 100 if text.endswith("%") else 1
    places = len(digits.partition(".")[2])
    assert abs(value * scale - said) <= 0.5 * 10**-places + 1e-9, f"{text} is not {value * scale}"


def sums(names: dict[str, str]) -> list[str]:
    return sorted(name for name, text in names.items() if not DRAWN.fullmatch(name) and text != "–")


def test_ten_numbers_of_the_html_drawn_by_lot_are_the_sums_of_their_records(shown: Shown) -> None:
    for name in random.Random(SEED).sample(sums(shown.html), TEN):
        assert_says(shown.html[name], added_again(shown.journal, name))


def test_ten_numbers_of_the_terminal_drawn_by_lot_are_the_sums_of_their_records_and_those_of_the_html(shown: Shown) -> None:
    for name in random.Random(SEED).sample(names := sums(shown.terminal), min(TEN, len(names))):
        assert_says(shown.terminal[name], added_again(shown.journal, name))
        if name in shown.html:
            assert shown.terminal[name] == shown.html[name]


def test_of_each_kind_of_number_one_is_added_again(shown: Shown) -> None:
    """Lots fall mostly on days and gates; here every rule that the run has a number for is asked once."""
    names, lots = sums(shown.html), random.Random(SEED)
    for place, (pattern, _, _) in enumerate(RULES):
        earlier = [rule[0] for rule in RULES[:place]]
        mine = [name for name in names if re.fullmatch(pattern, name) and not any(re.fullmatch(other, name) for other in earlier)]
        for name in lots.sample(mine, min(1, len(mine))):
            assert_says(shown.html[name], added_again(shown.journal, name))


def test_the_total_that_why_prints_is_what_the_report_shows(shown: Shown) -> None:
    for name in random.Random(SEED).sample(sums(shown.html), TEN):
        text = why(shown.journal, name)
        assert text.startswith(f"{name} = {shown.html[name]}\n")
        assert re.search(rf"(added again|lowest amount|divided by .*): {re.escape(shown.html[name])}\n", text)


def test_what_is_drawn_opens_the_sample_of_the_number_beside_it(shown: Shown) -> None:
    names = sorted(name for name in shown.html if DRAWN.fullmatch(name))
    kinds = {re.sub(r"^[\w.]*?(random\.\w+|ledger|won|net|r)\b.*", r"\1", name): name for name in names}
    for name in kinds.values():
        text = why(shown.journal, name)
        assert "How: no sum." in text
        assert re.search(r"seed \d|each the sum of one draw of every strategy|Wilson's score interval|no random entries", text)
        base = name.removesuffix(".interval")
        if name.startswith("ledger."):
            assert records_of(text) == records_of(why(shown.journal, base))
        else:
            assert records_of(text) == records_of(why(shown.journal, f"{base.partition('.')[0]}.trades"))


def test_all_names_are_listed_with_the_values_that_are_shown(shown: Shown) -> None:
    result = CliRunner().invoke(cli, ["why", "--numbers", "--journal", str(shown.journal)])
    listed = dict(re.findall(r"^(\S+)  +(.+?)  \S", result.output, re.MULTILINE))
    assert shown.html.items() <= listed.items()


def test_the_results_of_trades_are_what_their_fills_say(shown: Shown) -> None:
    """One step further down: the outcome's net is the cash of the fills, five dollars a point, less the fees."""
    with plain(shown.journal) as db:
        cash = dict(
            db.execute(
                "SELECT json_extract(body, '$.intent_id'), sum(-500 * json_extract(body, '$.side') * json_extract(body, '$.quantity')"
                " * json_extract(body, '$.price') - json_extract(body, '$.fee_cents')) FROM records WHERE kind = 'fill' GROUP BY 1"
            )
        )
        seqs = records_of(why(shown.journal, "book.net"))
        nets = [db.execute(f"SELECT {USD} FROM records WHERE seq = ?", (seq,)).fetchone()[0] for seq in seqs]
    assert nets, "this run has no trade to look at; choose another seed"
    assert sorted(cash.values()) == pytest.approx(sorted(100 * net for net in nets))
    assert sum(cash.values()) / 100 == pytest.approx(added_again(shown.journal, "book.net"))


@pytest.mark.slow
def test_the_streak_that_changed_a_state_is_found_in_its_sample(real: Shown) -> None:
    """A strategy's last losses in a row (its last shadow wins in a row, when it came back) are the last of the records named."""
    checks: dict[str, Callable[[float], bool]] = {"loss_streak": lambda r: r <= -0.25, "shadow_win_streak": lambda r: r > 0}
    with plain(real.journal) as db:
        changes = db.execute(
            "SELECT json_extract(body, '$.statistic'), json_extract(body, '$.value'), strategy FROM records"
            " WHERE kind = 'state change' ORDER BY seq"
        ).fetchall()
        assert len(changes) >= 2
        for index, (statistic, value, strategy) in enumerate(changes, 1):
            seqs = records_of(why(real.journal, f"states.{index}.sample"))
            rows = [
                db.execute(f"SELECT {R}, strategy, json_extract(body, '$.shadow') FROM records WHERE seq = ?", (seq,)).fetchone()
                for seq in seqs
            ]
            assert {row[1:] for row in rows} == {(strategy, int(statistic.startswith("shadow")))}
            if statistic in checks:
                counted = [row[0] for row in rows if row[0] <= -0.25 or row[0] > 0]  # a scratch breaks no streak
                assert all(checks[statistic](r) for r in counted[-int(value) :])
