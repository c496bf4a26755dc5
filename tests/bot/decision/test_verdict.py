"""The sentence of a refusal, and how far it was from passing."""

from __future__ import annotations

import pytest

from bot.decision.codes import Layer
from bot.decision.plan import NoSetup, Veto
from bot.decision.verdict import APPROVED, Approved, Refused, shown


def refusal(observed: object, limit: object) -> Refused:
    return Refused("EQS_BELOW_MINIMUM", "eqs", observed, "minimum", limit, layer=2)


def test_a_refusal_reads_code_observed_limit():
    assert refusal(0.71, 0.75).text == "EQS_BELOW_MINIMUM: eqs=0.71, minimum=0.75"


def test_the_worked_example_of_the_daily_budget():
    text = Refused("DAILY_LOSS_BUDGET", "worst_case", 13.74, "remaining", 12.51, "USD", layer=1).text
    assert text == "DAILY_LOSS_BUDGET: worst_case=13.74, remaining=12.51"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("unknown", "unknown"),
        ("", ""),
        (3, "3"),
        (-2, "-2"),
        (0.0, "0.00"),
        (-0.0, "0.00"),  # of a short, whose signals are multiplied by -1
        (1.0, "1.00"),
        (0.306, "0.31"),
        (0.01, "0.01"),
        (0.004, "0.004"),  # not 0.00, which would read as the limit itself
        (-0.004, "-0.004"),
        (0.00123, "0.0012"),
        (1e-8, "1e-08"),
        (1234.5, "1234.50"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
    ],
)
def test_numbers_are_shown_with_two_decimals_and_words_bare(value, text):
    assert shown(value) == text


@pytest.mark.parametrize(
    ("observed", "limit", "distance"),
    [(0.71, 0.75, 0.04), (13.74, 12.51, 1.23), (3, 2, 1), (0.75, 0.75, 0.0), ("unknown", 0.75, None), (0.5, "never", None)],
)
def test_the_distance_is_how_far_observed_and_limit_are_apart(observed, limit, distance):
    assert refusal(observed, limit).distance == (None if distance is None else pytest.approx(distance))


@pytest.mark.parametrize("kind", [NoSetup, Veto])
def test_a_missing_setup_and_a_veto_become_the_refusal_of_a_layer_and_stay_different_answers(kind):
    said = kind("VWAP_Z", "abs_z", 0.83, "minimum", 1.5, "sigma")
    assert (said.text, said.distance) == ("VWAP_Z: abs_z=0.83, minimum=1.50", pytest.approx(0.67))
    assert said.refused_by(Layer.TEMPLATE) == Refused("VWAP_Z", "abs_z", 0.83, "minimum", 1.5, "sigma", layer=8)
    assert not isinstance(said, Refused) and NoSetup("A", "b", 1, "c", 2) != Veto("A", "b", 1, "c", 2)


def test_a_refusal_says_its_layer():
    with pytest.raises(TypeError, match="layer"):
        Refused("EQS_BELOW_MINIMUM", "eqs", 0.7, "minimum", 0.75)


def test_a_verdict_is_approved_or_refused_and_cannot_be_changed():
    assert isinstance(APPROVED, Approved) and not isinstance(refusal(0.71, 0.75), Approved)
    with pytest.raises(AttributeError):
        refusal(0.71, 0.75).code = "OTHER"
