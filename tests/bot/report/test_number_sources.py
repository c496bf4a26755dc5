"""Are the records that a number names all that there are, and no others? Asked of the file in SQL that knows nothing of the report."""

import json
import math
import re

import pytest
import small_journal
from plain_journal import plain

from bot.errors import UsageError
from bot.learning.ledger import veto_ledger
from bot.report.html import render
from bot.report.numbers.number import How, Number, Numbers, Source, Unit, added, ones
from bot.report.summary import Summary

REAL = "kind = 'outcome' AND json_extract(body, '$.shadow') = 0"
SHADOW = "kind = 'outcome' AND json_extract(body, '$.shadow') = 1"
DECISION = "kind = 'decision' AND "
PLAN = DECISION + "json_extract(body, '$.plan') IS NOT NULL"
GATED = " AND json_extract(body, '$.action') = 'SKIP' AND json_extract(body, '$.gate.code') = "
QUARANTINED = "strategy = 'K2' AND EXISTS (SELECT 1 FROM json_each(body, '$.gates') WHERE value = 'QUARANTINED')"
NEW_YORK_DAY = "date(ts_ns / 1000000000 - 4 * 3600, 'unixepoch')"  # October 2025 has daylight saving time
ALL_OF = {
    "K1.trades": f"{REAL} AND strategy = 'K1'",
    "K1.net": f"{REAL} AND strategy = 'K1'",
    "K1.net.interval": f"{REAL} AND strategy = 'K1'",
    "K1.random.below": f"{REAL} AND strategy = 'K1'",
    "book.r": REAL,
    "book.won": f"{REAL} AND json_extract(body, '$.net_cents') > 0",
    "K1.plans": f"{PLAN} AND strategy = 'K1'",
    "book.plans": PLAN,
    "book.plans.long": f"{PLAN} AND json_extract(body, '$.plan.side') = 1",
    "book.plans.short": f"{PLAN} AND json_extract(body, '$.plan.side') = -1",
    "K1.chosen": DECISION + "strategy = 'K1' AND json_extract(body, '$.action') = 'ENTER'",
    "K2.refused.2": f"{PLAN} AND strategy = 'K2'" + GATED + "'DVS_BELOW_MINIMUM'",
    "K2.refused.DVS_BELOW_MINIMUM": f"{PLAN} AND strategy = 'K2'" + GATED + "'DVS_BELOW_MINIMUM'",
    "K3.skips.VWAP_Z": DECISION + "json_extract(body, '$.plan') IS NULL AND strategy = 'K3'" + GATED + "'VWAP_Z'",
    "bars": "kind = 'bar'",
    "dvs.rejected": "kind = 'bar' AND json_extract(body, '$.rejected') = 1",
    "dvs.low": "kind = 'bar' AND json_extract(body, '$.dvs') < 0.8",
    "days.2025-10-02.bars": f"kind = 'bar' AND {NEW_YORK_DAY} = '2025-10-02'",
    "days.2025-10-02.lowest_dvs": f"kind = 'bar' AND {NEW_YORK_DAY} = '2025-10-02'",
    "days.2025-10-03.net": f"{REAL} AND json_extract(body, '$.trading_day') = '2025-10-03'",
    "days.2025-10-03.left.week": "seq = 1 OR " + REAL + " AND json_extract(body, '$.trading_day') BETWEEN '2025-09-29' AND '2025-10-02'",
    "ledger.DVS_BELOW_MINIMUM.net": SHADOW,
    "ledger.DVS_BELOW_MINIMUM.cost": "0",
    "ledger.DVS_BELOW_MINIMUM.overlap": f"{SHADOW} AND json_array_length(body, '$.gates') > 1",
    "ledger.QUARANTINED.K2.1.episodes": f"{SHADOW} AND {QUARANTINED}",
    "states.1.value": "kind = 'state change' AND strategy = 'K2'",
}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return small_journal.write(tmp_path_factory.mktemp("sources") / "journal.sqlite", bars=200)


@pytest.fixture(scope="module")
def summary(path):
    return Summary.from_journal(path)


@pytest.mark.parametrize("name", ALL_OF)
def test_the_records_are_all_that_there_are(path, summary, name):
    with plain(path) as db:
        wanted = [seq for (seq,) in db.execute(f"SELECT seq FROM records WHERE {ALL_OF[name]} ORDER BY seq")]
    assert sorted(source.seq for source in summary[name].sources()) == wanted
    assert wanted or ALL_OF[name] == "0" or name == "book.plans.short"


def test_no_number_names_a_record_twice_or_one_that_is_not_there(path, summary):
    with plain(path) as db:
        (last,) = db.execute("SELECT max(seq) FROM records").fetchone()
    for number in summary.numbers.values():
        seqs = [source.seq for source in number.sources()]
        assert len(set(seqs)) == len(seqs), number.name
        assert all(1 <= seq <= last for seq in seqs), number.name


def test_every_sum_is_that_of_its_sources_and_every_count_their_number(summary):
    for number in summary.numbers.values():
        amounts = [source.amount for source in number.sources()]
        if number.how in (How.SUM, How.COUNT):
            assert summary.value(number.name) == added(amounts), number.name
        if number.how is How.COUNT:
            assert summary.value(number.name) == len(amounts), number.name
        if number.how is How.DRAWN:
            assert (
                "seed" in number.origin or "sum of one draw" in number.origin or "no random" in number.origin or "Wilson" in number.origin
            )


def test_saved_and_cost_make_the_net_and_agree_with_the_ledger_of_the_learning_loop(summary):
    law = summary.run.contracts.learning
    rows = {row.code: row for row in veto_ledger(summary.run.shadows, law.wilson_confidence, 1)}
    assert set(rows) == {"DVS_BELOW_MINIMUM", "K5_NOISE", "QUARANTINED"}
    for code, row in rows.items():
        saved, cost, net = (summary.value(f"ledger.{code}.{part}") for part in ("saved", "cost", "net"))
        assert (saved, -cost, net, saved + cost) == (row.saved_cents, row.cost_cents, row.net_cents, row.net_cents)
        assert summary.value(f"ledger.{code}.overlap") == row.overlap


def test_quarantines_share_out_what_the_code_refused(summary):
    code, *one = (name for name in summary.numbers if re.fullmatch(r"ledger\.QUARANTINED(\.\w+\.\d+)?\.net", name))
    assert summary.value(code) == sum(summary.value(name) for name in one)


def test_everything_that_the_html_names_is_a_number_and_says_its_value(summary):
    html = render(summary)
    shown = re.findall(r'title="mesbot why ([^"]+)">([^<]*)<', html)
    assert len(shown) > 150
    assert {name for name, _ in shown} <= set(summary.numbers)
    texts = {}
    for name, text in shown:
        assert texts.setdefault(name, text) == text


def test_no_number_of_the_tables_and_cards_stands_without_a_name(summary):
    html = render(summary)
    body = html[html.index("<main>") : html.index(">Where this comes from</h2>")]
    cells = re.findall(r'<td class="n">(.*?)</td>', body)
    bare = [re.sub(r"<span title=[^>]*>[^<]*</span>", "", cell) for cell in cells]
    assert [cell for cell in bare if re.search(r"\d", re.sub(r"<[^>]+>", "", cell))] == []
    assert re.findall(r'<div class="card">.*?<b>(?!<span title)', body) == []


def test_a_figures_bars_carry_the_names_of_what_they_show(summary):
    html = render(summary)
    figures = json.loads(re.search(r'<script id="figures" type="application/json">(.*?)</script>', html, re.DOTALL)[1])
    stacked = [trace for figure in figures.values() for trace in figure["data"] if trace.get("orientation") == "h"]
    assert stacked
    for trace in stacked:
        assert trace["x"] == [summary.value(name) for name in trace["customdata"]]


def test_a_number_is_found_in_any_case_and_an_unknown_one_gets_the_nearest(summary):
    assert summary.numbers.find("BOOK.net").name == "book.net"
    with pytest.raises(UsageError, match=r'"K1.nett" is neither a time, a code, a strategy nor a number of this run; did you mean K1.net'):
        summary.numbers.find("K1.nett")
    with pytest.raises(UsageError, match=r"K1\.plans"):
        summary.numbers.find("K1")


def test_two_numbers_of_one_name_are_refused():
    number = Number(name="a", unit=Unit.COUNT, words="", how=How.COUNT, amounts="1", sources=lambda: ones([1]))
    with pytest.raises(ValueError, match="two numbers are named a"):
        Numbers([number, number])


def test_a_quotient_without_a_divisor_and_a_lowest_of_nothing_are_nan():
    none = Number(name="n", unit=Unit.COUNT, words="", how=How.COUNT, amounts="1", sources=list)
    share = Number(name="s", unit=Unit.SHARE, words="", how=How.QUOTIENT, over="n", amounts="1", sources=list)
    lowest = Number(name="l", unit=Unit.SCORE, words="", how=How.LOWEST, amounts="dvs", sources=list)
    numbers = Numbers([none, share, lowest])
    assert numbers.value("n") == 0
    assert math.isnan(numbers.value("s")) and math.isnan(numbers.value("l"))


def test_adding_does_not_depend_on_the_order_of_the_records():
    values = [0.1, 1e16, -1e16, 0.2]
    assert added(values) == added(values[::-1]) == math.fsum(values)
    assert added([2, 3]) == 5 and isinstance(added([2, 3]), int)
    assert ones([4]) == [Source(4, 1)]
