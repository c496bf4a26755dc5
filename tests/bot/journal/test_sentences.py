import pytest

from bot.journal.records import Action, GateRecord
from bot.journal.sentences import apart, decision_sentence, smallest_change


@pytest.mark.parametrize(
    ("size", "unit", "told"),
    [
        (1, "entries", "1 entry"),
        (2, "entries", "2 entries"),
        (1, "losses", "1 loss"),
        (1, "ticks", "1 tick"),
        (0.5, "R", "0.50 R"),
        (3, "", "3"),
    ],
)
def test_a_distance_on_a_screen_has_its_singular(size, unit, told):
    assert apart(size, unit) == told


def gate(name, observed, limit_name, limit, unit=""):
    return GateRecord("CODE", 7, name, observed, limit_name, limit, unit, None)


@pytest.mark.parametrize(
    ("strategy", "side", "action", "text", "sentence"),
    [
        ("K1", 1, Action.SKIP, "FRICTION_SHARE: share=0.41, limit=0.30", "K1 long skipped: FRICTION_SHARE: share=0.41, limit=0.30"),
        ("K2", -1, Action.ENTER, "EUC 0.12 R", "K2 short enters: EUC 0.12 R"),
        ("K2", -1, Action.MANAGE, "hold", "K2 short managed: hold"),
        ("K4", 1, Action.EXIT, "TIME", "K4 long exits: TIME"),
        ("K5", 0, Action.VETO, "NOISE: noise=0.74, limit=0.70", "K5 vetoes this bar: NOISE: noise=0.74, limit=0.70"),
        ("K3", 0, Action.SKIP, "", "K3 skipped"),
    ],
)
def test_a_decision_is_one_plain_sentence(strategy, side, action, text, sentence):
    assert decision_sentence(strategy, side, action, text) == sentence


@pytest.mark.parametrize(
    ("failing", "change"),
    [
        ([], ""),
        ([gate("share", 0.41, "limit", 0.30)], "share would have to fall by 0.11"),
        ([gate("abs_z", 0.83, "minimum", 1.5)], "abs_z would have to rise by 0.67"),
        ([gate("stop", 14, "maximum", 12, "ticks")], "stop would have to fall by 2 ticks"),
        ([gate("stop", 13, "maximum", 12, "ticks")], "stop would have to fall by 1 tick"),
        ([gate("noise", 0.7, "below", 0.7)], "noise would have to fall below 0.70"),
        ([gate("trades", 2, "maximum", 2)], "trades would have to fall below 2"),
        ([gate("spread", 3, "minimum", 3)], "spread would have to rise above 3"),
        ([gate("euc", 0.0, "limit", 0.0)], "euc would have to move past 0.00"),
        ([gate("regime", "choppy", "required", "not choppy")], "regime would have to be not choppy"),
        ([gate("atr_norm", float("nan"), "minimum", 0.0)], "atr_norm would have to be known"),
        (
            [gate("share", 0.41, "limit", 0.30), gate("dvs", 0.75, "minimum", 0.80), gate("stop", 14, "maximum", 12, "ticks")],
            "share would have to fall by 0.11; also dvs to rise by 0.05, stop to fall by 2 ticks",
        ),
    ],
)
def test_the_smallest_change_names_every_failing_gate_with_its_distance(failing, change):
    assert smallest_change(failing) == change
