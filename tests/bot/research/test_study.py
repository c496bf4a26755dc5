"""A study tries each set once and goes on where it ended; a seed proposes the same sets however they come back."""

from __future__ import annotations

import sqlite3
from importlib.util import find_spec

import pytest
from builders import CONTRACTS

from bot.research.extra import LIBRARIES

if missing := [name for name in LIBRARIES if find_spec(name) is None]:  # imported here, Ray could not be asked for the loopback
    pytest.skip(f"the extra research is not installed: {', '.join(missing)}", allow_module_level=True)

from bot.errors import MesbotError, UsageError
from bot.research.pool import Failed
from bot.research.space import space_of
from bot.research.study import Study, shown, storage_told
from bot.research.trial import Outcome

SPACE = space_of(CONTRACTS, ["K1"])
MADE_OF = {"bars": "a", "contracts": "b", "sessions": ["2025-03-10"]}


def outcome(places) -> Outcome:
    """What a set comes to in these tests: a hill around the middle."""
    score = -sum((place - 3) ** 2 for place in places)
    return Outcome("c", "h", 1, 2, (float(score), 0.5), (0.1, -0.1), 0.1)


def study(folder, name="s", *, resume=False, made_of=MADE_OF, seed=1, batch=4, space=SPACE) -> Study:
    return Study(f"sqlite:///{folder / 'study.sqlite'}", name, space, made_of, seed=seed, batch=batch, resume=resume)


def told(of: Study, batch, reverse=False) -> None:
    for number, places in sorted(batch.items(), reverse=reverse):
        of.tell(number, outcome(places), outcome(places).net_usd[0])


def run(of: Study, total: int, reverse=False) -> list[tuple[int, ...]]:
    for batch in of.batches(total):
        told(of, batch, reverse)
    return [each.places for each in of.tried()]


def test_every_set_is_tried_once_and_that_in_force_first(tmp_path):
    sets = run(study(tmp_path), 12)
    assert sets[0] == SPACE.in_force
    assert len(set(sets)) == len(sets) == 12


def test_a_seed_proposes_the_same_sets_in_whatever_order_they_come_back(tmp_path):
    sets = run(study(tmp_path, "a"), 20)
    assert run(study(tmp_path, "b"), 20, reverse=True) == sets
    assert run(study(tmp_path, "c", seed=2), 20) != sets


def test_the_search_goes_by_what_was_found(tmp_path):
    sets = run(study(tmp_path), 40)
    early, late = (sum(outcome(each).net_usd[0] for each in part) for part in (sets[4:12], sets[-8:]))
    assert late > early


@pytest.mark.parametrize("after", [1, 6, 11])
def test_one_that_ended_anywhere_goes_on_to_the_same_end(tmp_path, after):
    whole = run(study(tmp_path, "whole"), 12)
    cut, count = study(tmp_path, "cut"), 0
    for batch in cut.batches(12):
        for number, places in batch.items():
            if count == after:
                break
            cut.tell(number, outcome(places), outcome(places).net_usd[0])
            count += 1
        if count == after:
            break
    again = study(tmp_path, "cut", resume=True)
    assert len(again.tried()) == after
    finished = {each.number for each in again.tried()}
    repeated = []
    for batch in again.batches(12):
        repeated += [number for number in batch if number in finished]
        told(again, batch)
    assert repeated == []
    assert [each.places for each in again.tried()] == whole


@pytest.mark.slow
def test_one_that_is_asked_for_more_goes_on_as_if_it_had_been_at_once(tmp_path):
    whole = run(study(tmp_path, "whole"), 16)
    run(study(tmp_path, "more"), 6)
    assert run(study(tmp_path, "more", resume=True), 16) == whole


def test_a_small_space_is_tried_whole_and_ends(tmp_path):
    space = space_of(CONTRACTS, ["K1.max_minutes"])
    sets = run(study(tmp_path, space=space), 50)
    assert sorted(sets) == [(place,) for place in range(7)]


def test_it_keeps_the_outcome_to_the_last_digit_and_why_there_is_none(tmp_path):
    of = study(tmp_path)
    (batch, *_) = of.batches(4)
    (first, second, *_) = batch
    of.tell(first, outcome(batch[first]), 1.25)
    of.tell(second, Failed("its numbers do not hold together"), float("nan"))
    one, two = study(tmp_path, resume=True).tried()
    assert (one.outcome, one.score) == (outcome(batch[first]), 1.25)
    assert (two.outcome, two.why) == (None, "its numbers do not hold together")


def test_a_study_that_is_there_is_gone_on_with_only_if_asked(tmp_path):
    run(study(tmp_path), 4)
    with pytest.raises(UsageError, match="There is a study s of 4 sets already; --resume goes on with it, or name another"):
        study(tmp_path)


def test_a_study_that_was_refused_before_its_first_set_is_begun_anew_also_of_something_else(tmp_path):
    study(tmp_path)
    begun = study(tmp_path, made_of={**MADE_OF, next(iter(MADE_OF)): "another"})
    assert begun.tried() == []
    next(begun.batches(4))
    with pytest.raises(UsageError, match="of 0 sets already; --resume goes on"):
        study(tmp_path)


@pytest.mark.parametrize("what", list(MADE_OF))
def test_a_study_of_something_else_is_refused(tmp_path, what):
    run(study(tmp_path), 4)
    with pytest.raises(UsageError, match=f"The study s was made with other {what}; name another with --study"):
        study(tmp_path, resume=True, made_of={**MADE_OF, what: "other"})


def test_a_password_is_not_shown():
    assert shown("postgresql://me:secret@db/studies") == "postgresql://me:***@db/studies"


@pytest.mark.parametrize(
    ("storage", "sentence"),
    [
        ("no address secret", "is no address of a database"),
        ("sqlite:////nowhere/at/all/study.sqlite", "cannot be used"),
        ("nosuchdb://me:secret@db/x", "needs a driver that is not installed"),
    ],
)
def test_a_storage_that_cannot_be_used_is_a_sentence_without_its_password(storage, sentence):
    with pytest.raises(UsageError) as told:
        Study(storage, "s", SPACE, MADE_OF, seed=1, batch=4, resume=False)
    assert sentence in str(told.value) and "secret" not in str(told.value) and "\n" not in str(told.value)


def test_a_storage_that_fails_midway_is_a_sentence(tmp_path):
    of = study(tmp_path)
    (batch, *_) = of.batches(4)
    with sqlite3.connect(tmp_path / "study.sqlite") as db:
        db.execute("DROP TABLE trial_user_attributes")
    with pytest.raises(MesbotError, match=r"The study's storage failed .*--resume goes on"), storage_told():
        of.tell(0, outcome(batch[0]), 1.0)
