import json
import re
import shlex
from html import unescape

import pytest
import small_journal
from msgspec.structs import replace

from bot.errors import JournalError
from bot.journal.verify import verify
from bot.report import colours
from bot.report.html import write_report
from bot.report.plot import holding
from bot.report.run import Run
from bot.report.terminal import LEARNING_OFF

MANY_DAYS = tuple(f"2025-10-{day:02}" for day in (1, 2, 3, 6, 7, 8, 9, 10, 13, 14, 15, 16, 17))


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
    assert not re.search(r'(src|href)="(?!#)', page)  # contents lead to places of the page itself
    assert html.count("Plotly.react(box") == 1
    assert len(html) < 15_000_000


def test_every_section_of_the_report_is_there(html):
    headings = re.findall(r"<h2[^>]*>(.*?)</h2>", html)
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
        "Words",
    ]


def test_the_contents_lead_to_every_section(html):
    links = dict(re.findall(r'<a href="#(section-\d+)">(.*?)</a>', body_of(html)))
    assert links == dict(re.findall(r'<h2 id="(section-\d+)">(.*?)</h2>', html))
    assert body_of(html).index("<nav") < body_of(html).index("<h2")


def test_a_colour_of_a_figure_is_changed_in_the_dark_or_seen_on_both(html):
    named = set(re.findall(r"#[0-9a-f]{6}", json.dumps(figures_of(html))))
    seen_on_both = set(colours.PALETTE) - colours.DARK.keys()
    assert named <= colours.DARK.keys() | seen_on_both
    assert "prefers-color-scheme: dark" in html


def test_what_is_long_is_folded_and_what_is_short_is_not(html, tmp_path):
    assert "All 6 trades" not in html and "<summary>All 6 sessions" not in html
    longer = report_of(small_journal.write(tmp_path / "longer.sqlite", days=MANY_DAYS, bars=75))
    assert re.findall(r"<details><summary>(.*?)</summary>", longer) == ["All 13 trades", "Charts of all 13 trades", "All 13 sessions"]


def test_every_figure_has_its_box(html):
    boxes = re.findall(r'class="figure" id="(figure-\d+)"', html)
    assert len(boxes) == len(figures_of(html)) == 5 + len(small_journal.DAYS)


def test_equity_starts_at_the_account_and_ends_at_its_net(html):
    equity, drawdown, _ = figures_of(html)[0]["data"]
    assert equity["y"][0] == 10_000
    assert (equity["x"][0], equity["x"][1], equity["x"][-1]) == ("2025-10-01 09:31", "2025-10-01 10:40", "2025-10-08 12:50")
    assert equity["y"][-1] == pytest.approx(10_000 + 3 * 13.76 - 3 * 12.49)
    assert min(drawdown["y"]) == pytest.approx(-12.49)


def test_the_account_is_drawn_over_dates_with_titles_on_every_axis(html):
    layout = figures_of(html)[0]["layout"]
    titles = {name: layout[name]["title"]["text"] for name in ("xaxis", "yaxis", "yaxis2")}
    assert layout["xaxis"]["type"] == "date"
    assert titles == {"xaxis": "date, New York", "yaxis": "account", "yaxis2": "below peak"}


def test_the_index_bought_and_held_stands_beside_it(html, journal):
    index = figures_of(html)[0]["data"][2]
    bars = [bar for bar in Run.read(journal).bars if not bar.rejected]
    assert (index["name"], index["y"][0], len(index["y"])) == ("index bought and held", 10_000, len(bars))
    assert index["y"][-1] == pytest.approx(10_000 * bars[-1].close / bars[0].close, abs=0.02)
    assert 'title="mesbot why index.net"' in html


def test_each_row_of_the_trades_has_contracts_stop_and_target(html, journal):
    rows = re.findall(r"<tr[^>]*><td[^>]*>2025-10-\d\d 10:30</td>(.*?)</tr>", html)
    trade = Run.read(journal).trades[0]
    cells = [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", rows[0])]
    prices = [f"{trade.entry_price + step:,.2f}" for step in (0, -2, 3, 3)]
    assert len(rows) == 6 and cells[4:10] == ["TARGET", "1", *prices]


def test_a_trade_of_two_brackets_shows_both_targets_and_says_what_its_exit_is(tmp_path, monkeypatch):
    made = small_journal.plan
    legs = lambda limit: [(1, limit - 2.0, limit + 2.0), (1, limit - 2.0, limit + 3.0)]  # noqa: E731
    monkeypatch.setattr(small_journal, "plan", lambda limit: replace(made(limit), legs=legs(limit)))
    journal = small_journal.write(tmp_path / "journal.sqlite")
    write_report(journal, tmp_path / "report.html")
    html, entry = (tmp_path / "report.html").read_text(encoding="utf-8"), Run.read(journal).trades[0].entry_price
    row = re.sub(r"<[^>]+>", "", re.search(r"<tr[^>]*><td[^>]*>2025-10-01 10:30</td>(.*?)</tr>", html).group(1))
    assert f"{entry - 2:,.2f}{entry + 2:,.2f} / {entry + 3:,.2f}" in row
    assert "A trade of K1 is more than one bracket, each with its own target: the first's / the last's." in html
    assert 'title="mesbot why trades.1.target.first"' in html
    chart = next(figure for figure in figures_of(html) if figure["data"][0]["type"] == "candlestick")
    assert [line["hovertemplate"].rpartition(" ")[0] for line in chart["data"][2:4]] == ["target 1 of 2", "target 2 of 2"]


def test_one_bracket_needs_no_word_of_several(html):
    assert "more than one bracket" not in html and ".target.first" not in html


def test_every_title_of_an_axis_has_room_beyond_the_words_of_its_axis(html):
    axes = [each for figure in figures_of(html) for each in figure["layout"].values() if isinstance(each, dict)]
    titled = [axis for axis in axes if "text" in axis.get("title", {})]
    assert len(titled) > 5 and all(axis["automargin"] and axis["title"]["standoff"] for axis in titled)


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
    assert re.search(r"DVS_BELOW_MINIMUM</span></td><td[^>]*>K2</td><td[^>]*><span[^>]*>12</span></td><td[^>]*>2 quality<", body)
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


def test_a_run_without_sessions_is_one_paragraph(tmp_path):
    journal = small_journal.write(tmp_path / "empty.sqlite", days=())
    body = body_of(report_of(journal))
    assert body.count("<p") == 1 and "<h2" not in body and "<nav" not in body and figures_of(report_of(journal)) == []
    assert "No regular session was in it, so nothing was decided." in body and verify(journal).head in body


def test_a_run_without_sessions_still_says_first_that_it_was_interrupted(tmp_path):
    body = body_of(report_of(small_journal.write(tmp_path / "empty.sqlite", days=(), ended=None)))
    assert body.index("INTERRUPTED") < body.index("<h1")


def test_a_run_without_trades_still_has_a_report(tmp_path):
    body = body_of(report_of(small_journal.write(tmp_path / "quiet.sqlite", days=small_journal.DAYS[:1], bars=50)))
    assert "No trade was made" in body and "<p>None.</p>" in body


def test_same_journal_same_report(journal, html):
    assert report_of(journal) == html


def test_a_folder_that_is_not_there_gets_one_sentence(journal, tmp_path):
    with pytest.raises(JournalError, match="cannot be written"):
        write_report(journal, tmp_path / "nowhere" / "report.html")


def test_every_command_names_the_journal_that_the_report_was_made_from(tmp_path):
    folder = tmp_path / "it's my run"
    folder.mkdir()
    journal = small_journal.write(folder / "journal.sqlite", days=small_journal.DAYS[:2], bars=200)
    commands = [unescape(code) for code in re.findall(r"<code>(mesbot .*?)</code>", body_of(report_of(journal)))]
    assert [shlex.split(command)[1:-2] for command in commands] == [
        ["why", "NAME"],
        ["why", "--numbers"],
        ["why", "2025-10-01 10:30"],
        ["why", "TIME"],
        ["journal", "verify"],
    ]
    assert {tuple(shlex.split(command)[-2:]) for command in commands} == {("--journal", str(journal))}


def test_an_axis_of_money_or_counts_has_a_tick_beyond_all_that_is_drawn(html):
    equity, *trades, refused, _, random, daily = figures_of(html)
    assert {each["data"][0]["type"] for each in trades} == {"candlestick"}
    account, below, index = equity["data"]
    drawn = [
        (equity["layout"]["yaxis"], account["y"] + index["y"]),
        (equity["layout"]["yaxis2"], below["y"]),
        (refused["layout"]["xaxis"], [sum(each["x"]) for each in refused["data"]]),
        (random["layout"]["xaxis"], random["data"][0]["x"]),
        (daily["layout"]["yaxis"], [*daily["data"][0]["y"], daily["layout"]["shapes"][0]["y0"]]),
    ]
    for axis, values in drawn:
        assert values
        low, high = axis["range"]
        ticks = [axis["tick0"] + axis["dtick"] * count for count in range(10) if axis["tick0"] + axis["dtick"] * count <= high]
        assert low <= ticks[0] <= min(values) and max(values) <= ticks[-1] <= high


@pytest.mark.parametrize(
    ("values", "most", "ticks"),
    [
        ([0, -93.61], 3, [-100, -50, 0]),
        ([-126.12, 0], 3, [-150, -100, -50, 0]),
        ([9_889.2, 10_197.4], 5, [9_800, 9_900, 10_000, 10_100, 10_200]),
        ([-1.2, 99], 4, [-50, 0, 50, 100]),
        ([-0.3, 0.2], 4, [-1, 0, 1]),
        ([0, 0], 3, [-1, 0, 1]),
        ([], 3, [-1, 0, 1]),
        ([7_000_001], 3, [7_000_000, 7_000_001, 7_000_002]),
        ([-5, 5_000], 4, [-2_000, 0, 2_000, 4_000, 6_000]),
    ],
)
def test_an_axis_holds_its_data_in_a_few_round_steps(values, most, ticks):
    made = holding(values, most)
    assert [made["tick0"] + place * made["dtick"] for place in range(len(ticks))] == ticks
    assert made["range"][0] < ticks[0] <= min(values, default=0) and max(values, default=0) <= ticks[-1] < made["range"][1]
    assert made["range"][1] < ticks[-1] + made["dtick"] and len(ticks) <= most + 1


def test_what_the_run_says_of_itself_is_words_and_not_the_spelling_of_a_program(tmp_path):
    journal = small_journal.write(tmp_path / "j.sqlite", days=small_journal.DAYS[:1], bars=100, learning=True, data=["Data: 1 minute."])
    body = body_of(report_of(journal))
    origin = body.partition("Where this comes from</h2>")[2].partition("<h2")[0]
    assert '<dt>learning</dt><dd class="mono">on</dd>' in origin
    assert "Data: 1 minute." in body and not re.search(r"[\[{\]}]|True|False", origin)
