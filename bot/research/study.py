"""What was tried, in Optuna's storage: each set of numbers once, whatever ends the process, and what comes next.

Sets come in batches. A batch is proposed from the seed and the outcomes of the batches before it, never from the order in which
outcomes came, so that a seed tries the same sets with one worker or with a hundred, in one go or resumed.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple

import msgspec
import numpy as np
import optuna
from optuna.distributions import IntDistribution
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from bot.errors import MesbotError, UsageError
from bot.research.pool import Failed
from bot.research.space import Places, Space
from bot.research.trial import Outcome

OF, SET, FACTS, WHY = "made_of", "set", "outcome", "why"
RANDOM_FIRST = 10  # sets before Optuna's sampler has enough to go by
ASKED_AGAIN = 50  # times a batch asks on when a set is proposed that is known; then what is left is drawn by lot
optuna.logging.set_verbosity(optuna.logging.ERROR)


class Tried(NamedTuple):
    """A set that was tried: its number from 0 on, its places, its score, and its outcome or why there is none."""

    number: int
    places: Places
    score: float
    outcome: Outcome | None
    why: str = ""


class Study:
    """One study. `made_of` says what its outcomes hang on, by name; a study that hangs on anything else is refused.

    Raises UsageError, one sentence, if the storage cannot be used, if there is such a study and `resume` is False, or if it was made of
    something else.
    """

    def __init__(self, storage: str, name: str, space: Space, made_of: dict[str, Any], *, seed: int, batch: int, resume: bool) -> None:
        self._space, self._seed, self._batch = space, seed, batch
        self._distributions = {each.key: IntDistribution(0, each.bounds.count - 1) for each in space.parameters}
        self._study = _opened(storage, name)
        self._require(name, made_of, resume)

    def _require(self, name: str, made_of: dict[str, Any], resume: bool) -> None:
        there = self._study.user_attrs.get(OF)
        if there is None or not self._study.trials:  # begun, and refused or interrupted before its first set
            self._study.set_user_attr(OF, made_of)
            return
        if not resume:
            count = len(self.tried())
            raise UsageError(f"There is a study {name} of {count} sets already; --resume goes on with it, or name another with --study.")
        other = [what for what in made_of if there.get(what) != made_of[what]]
        if other:
            raise UsageError(f"The study {name} was made with other {' and other '.join(other)}; name another with --study.")

    def tried(self) -> list[Tried]:
        """All sets that are done, in the order in which they were proposed."""
        return sorted(_tried(each, self._space) for each in self._in_state(TrialState.COMPLETE, TrialState.FAIL))

    def batches(self, total: int) -> Iterator[dict[int, Places]]:
        """The sets that are left to be tried of so many, batch by batch, by number; the next is made when all of one are told."""
        total = min(total, self._space.size)
        for first in range(0, total, self._batch):
            done = self.tried()
            known = {each.number for each in done}
            proposed = dict(enumerate(self._proposed(first, [each for each in done if each.number < first]), first))
            left = {number: places for number, places in proposed.items() if number < total and number not in known}
            if left:
                self._ask(left)
                yield left

    def _ask(self, left: dict[int, Places]) -> None:
        """Note that these sets are being tried; one that was noted before a process ended is not noted twice."""
        begun = {each.user_attrs[SET] for each in self._in_state(TrialState.RUNNING, TrialState.WAITING)}
        for number in left.keys() - begun:
            self._study.enqueue_trial(self._params(left[number]), user_attrs={SET: number})
        for _ in self._in_state(TrialState.WAITING):
            self._study.ask(self._distributions)

    def _in_state(self, *states: TrialState) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False, states=states)

    def tell(self, number: int, outcome: Outcome | Failed, score: float) -> None:
        """Keep what a set came to."""
        (trial,) = (each for each in self._in_state(TrialState.RUNNING) if each.user_attrs[SET] == number)
        writable = optuna.trial.Trial(self._study, trial._trial_id)
        if isinstance(outcome, Failed):
            writable.set_user_attr(WHY, outcome.why)
            self._study.tell(trial.number, state=TrialState.FAIL)
            return
        writable.set_user_attr(FACTS, msgspec.to_builtins(msgspec.structs.replace(outcome, journal=b"")))
        self._study.tell(trial.number, score)

    def note(self, name: str, value: Any) -> None:
        """Keep a fact of the study as a whole."""
        self._study.set_user_attr(name, value)

    def noted(self, name: str, otherwise: Any) -> Any:
        """A fact that was kept, or `otherwise`."""
        return self._study.user_attrs.get(name, otherwise)

    def _params(self, places: Places) -> dict[str, int]:
        return dict(zip(self._distributions, places, strict=True))

    def _proposed(self, first: int, before: list[Tried]) -> list[Places]:
        """The batch whose first set has this number: a function of the seed and of the sets before it alone."""
        seed = [self._seed, first]
        with warnings.catch_warnings(action="ignore", category=optuna.exceptions.ExperimentalWarning):
            sampler = optuna.samplers.TPESampler(
                n_startup_trials=RANDOM_FIRST, multivariate=True, constant_liar=True, seed=int(np.random.default_rng(seed).integers(2**31))
            )
        search = optuna.create_study(direction="maximize", sampler=sampler)
        search.add_trials([self._frozen(each) for each in before])
        known = {each.places for each in before}
        found = [] if before else [self._space.in_force]
        for _ in range(self._batch + ASKED_AGAIN):
            if len(found) == self._batch:
                return found
            places = tuple(search.ask(self._distributions).params.values())
            if places not in known and places not in found:
                found.append(places)
        return [*found, *islice(_by_lot(self._space, known | set(found), seed), self._batch - len(found))]

    def _frozen(self, tried: Tried) -> FrozenTrial:
        state = TrialState.FAIL if tried.outcome is None else TrialState.COMPLETE
        value = None if tried.outcome is None else tried.score
        return optuna.trial.create_trial(
            state=state, value=value, params=self._params(tried.places), distributions=dict(self._distributions)
        )


def _by_lot(space: Space, known: set[Places], seed: list[int]) -> Iterator[Places]:
    """Sets that are not known, drawn by lot; ends when there are none."""
    generator = np.random.default_rng([*seed, 1])
    known = set(known)
    while len(known) < space.size:
        places = tuple(int(generator.integers(each.bounds.count)) for each in space.parameters)
        if places not in known:
            known.add(places)
            yield places


def _tried(trial: FrozenTrial, space: Space) -> Tried:
    places = tuple(trial.params[each.key] for each in space.parameters)
    facts, number = trial.user_attrs.get(FACTS), trial.user_attrs[SET]
    if facts is None:
        return Tried(number, places, float("nan"), None, trial.user_attrs.get(WHY, ""))
    return Tried(number, places, float(trial.value), msgspec.convert(facts, Outcome))


@contextmanager
def storage_told() -> Iterator[None]:
    """While this lasts, a storage that fails ends it in one sentence, a MesbotError."""
    try:
        yield
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        why = str(error.__cause__ or error).splitlines()[0]
        raise MesbotError(f"The study's storage failed ({why}); what it held before stays, and --resume goes on with it.") from None


def shown(storage: str) -> str:
    """The address of a storage without its password."""
    return make_url(storage).render_as_string(hide_password=True)


def _opened(storage: str, name: str) -> optuna.Study:
    try:
        where = shown(storage)
    except ArgumentError:
        raise UsageError("--storage is no address of a database; write one such as sqlite:///study.sqlite.") from None
    try:
        kept = optuna.storages.RDBStorage(
            storage, engine_kwargs={"connect_args": {"timeout": 60}} if storage.startswith("sqlite") else None
        )
        return optuna.create_study(storage=kept, study_name=name, direction="maximize", load_if_exists=True)
    except (ImportError, NoSuchModuleError):
        raise UsageError(f"--storage {where}: needs a driver that is not installed; install it, or use sqlite:///FILE.") from None
    except (SQLAlchemyError, RuntimeError, optuna.exceptions.StorageInternalError) as error:
        why = str(error).splitlines()[0]
        raise UsageError(f"--storage {where}: cannot be used ({why}); name another, or leave it out.") from None
