import json
import re

import pytest
import small_journal

from bot.errors import JournalError
from bot.journal.verify import verify
from bot.report.html import write_report
from bot.report.terminal import LEARNING_OFF


def report_of(journal):
    path = journal.with_name("report.html")
    write_report(journal, path)
    return path.read_text(encoding="utf-8")


def figures_of(html):
    found = re.search(r'<script id="figures" type="application/json">(.*?)</script>', html, re.DOTALL)
    return list(json.loads(found[1]).values())


def body_of(html):
    return html[html.index("<main>") : html.index("</main>")]


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    return small_journal.write(tmp_path_factory.mktemp("html") / "journal.sqlite", bars=200)


@pytest.fixture(scope="module")
def html(journal):
    return report_of(journal)


def test_the_report_is_one_file_that_asks_nobody_for_anything(html):
    page = html.replace(html[html.index("<script>") :], "")
    assert not re.search(r'(src|href)="', page)
    assert html.count("Plotly.newPlot(box") == 1
    assert len(html) < 15_000_000


def test_every_section_of_the_report_is_there(html):
    headings = re.findall(r"<h2>(.*?)</h2>", html)
    assert headings == [
        "Equity and drawdown",
        "Strategies",
        "Trades",
        "Why not",
        "Data validity (DVS) and execution quality (EQS)",
        "What the learning loop did",
        "What the refusals saved or cost",
        "Beside random entries",
        "Sessions and loss limits",
        "Where this comes from",
    ]


def test_every_figure_has_its_box(html):
    boxes = re.findall(r'class="figure" id="(figure-\d+)"', html)
    assert len(boxes) == len(figures_of(html)) == 5 + len(small_journal.DAYS)


def test_equity_starts_at_the_account_and_ends_at_its_net(html):
    equity, drawdown = figures_of(html)[0]["data"]
    assert equity["y"][0] == 10_000
    assert equity["y"][-1] == pytest.approx(10_000 + 3 * 13.76 - 3 * 12.49)
    assert min(drawdown["y"]) == pytest.approx(-12.49)


def test_each_trade_is_drawn_with_entry_stop_target_and_exit(html):
    chart = next(figure for figure in figures_of(html) if figure["data"][0]["type"] == "candlestick")
    candles, stop, target, entry, entered, left = chart["data"]
    assert len(candles["x"]) == 20 + 1 + 10 + 12
    assert (stop["y"][0], target["y"][0]) == (entry["y"][0] - 2.0, entry["y"][0] + 3.0)
    assert (entered["x"], left["x"]) == (["10:31"], ["10:40"])


def test_every_bar_is_in_the_score_timeline_with_its_events(html):
    timeline = next(figure for figure in figures_of(html) if "DVS" in json.dumps(figure["layout"].get("yaxis", {})))
    dvs, eqs, dvs_events, eqs_events = timeline["data"]
    assert len(dvs["y"]) == len(eqs["y"]) == 200 * len(small_journal.DAYS)
    assert (dvs["y"].count(0.7), len(dvs_events["x"])) == (10, 11)
    assert eqs_events["text"] == ["2025-10-06 10:40<br>excess_slippage −0.10"]


def test_refusals_states_ledger_and_budget_are_told(html):
    body = body_of(html)
    assert re.search(r"2 quality</td><td[^>]*><span[^>]*>DVS_BELOW_MINIMUM</span></td><td[^>]*>K2</td><td[^>]*><span[^>]*>12<", body)
    assert re.search(r"VWAP_Z</span></td><td[^>]*>K3</td><td[^>]*><span[^>]*>1,200<", body)
    text = re.sub(r"<[^>]+>", "", body)
    assert "win rate 0.33" in text
    assert re.search(r"At the end.*K1 throttled since 2025-10-\d\d \d\d:\d\d, released by: a win rate of 40 %", text)
    assert re.search(r"K2 quarantined since 2025-10-\d\d \d\d:\d\d, released by: 2 shadow wins in a row", text)
    assert "+$74.94" in body  # six losses avoided
    assert "$17.51" in body  # left of the day's limit after a loss


def test_a_quarantine_and_a_veto_have_rows_of_their_own_beside_the_gates(html):
    kinds = re.findall(r"<td[^>]*>(gate|K5 veto|quarantine)</td><td[^>]*>(.*?)</td>", body_of(html))
    assert [(kind, re.sub(r"<[^>]+>", "", label)) for kind, label in kinds] == [
        ("gate", "DVS_BELOW_MINIMUM"),
        ("gate", "QUARANTINED"),
        ("K5 veto", "K5_NOISE"),
        ("quarantine", "K2, 2025-10-06 to the end"),
    ]


def test_random_entries_stand_beside_each_strategy_that_traded_and_the_book(html):
    names = re.findall(r'title="mesbot why (\w+)\.random\.(\w+)"', body_of(html))
    assert set(names) == {(owner, part) for owner in ("K1", "book") for part in ("below", "median", "interval")}


def test_many_looks_are_warned_of_before_the_first_interval_of_the_table(html):
    body = body_of(html)
    assert body.index("one look at one run") < body.index("K1.net.interval")


def test_the_run_can_be_told_from_its_report(html, journal):
    body = body_of(html)
    assert verify(journal).head in body
    assert "bars.csv" in body
    assert re.search(r"Contracts</dt><dd[^>]*>[0-9a-f]{64}<", body)


def test_learning_off_is_the_first_thing_said(tmp_path):
    body = body_of(report_of(small_journal.write(tmp_path / "off.sqlite", days=small_journal.DAYS[:1], bars=100, learning=False)))
    assert re.sub(r"<[^>]+>", "", body).lstrip().startswith(LEARNING_OFF)


def test_text_of_a_record_cannot_become_markup(tmp_path):
    html = report_of(small_journal.write(tmp_path / "x.sqlite", days=small_journal.DAYS[:1], bars=100, note="<script>alert(1)</script>"))
    assert "<script>alert(1)" not in html


def test_a_run_without_sessions_or_trades_still_has_a_report(tmp_path):
    body = body_of(report_of(small_journal.write(tmp_path / "empty.sqlite", days=())))
    assert "No trade was made" in body
    assert "No session." in body


def test_same_journal_same_report(journal, html):
    assert report_of(journal) == html


def test_a_folder_that_is_not_there_gets_one_sentence(journal, tmp_path):
    with pytest.raises(JournalError, match="cannot be written"):
        write_report(journal, tmp_path / "nowhere" / "report.html")
