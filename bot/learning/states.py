"""The learning loop: each strategy's state as a fold over trade outcomes (spec 7)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from enum import StrEnum

import msgspec

from bot.contracts.models import Contracts
from bot.decision.outcome import TradeOutcome
from bot.errors import UsageError
from bot.journal.records import StateRecord
from bot.learning import rules
from bot.learning.metrics import ReliabilityMetrics, Result, measure, result_of
from bot.learning.rules import Finding


class StrategyState(StrEnum):
    """How far a strategy is trusted."""

    ACTIVE = "ACTIVE"
    THROTTLED = "THROTTLED"
    QUARANTINED = "QUARANTINED"
    ARCHIVED = "ARCHIVED"


RESTING = (StrategyState.QUARANTINED, StrategyState.ARCHIVED)


class LearningView(msgspec.Struct, frozen=True, gc=False):
    """All that the rest of mesbot may know of the loop.

    `cost_multiplier` >= 1 is EUC's; `wins` and `losses` are those of the rolling last real
    trades, weighted by DVS at entry; `metrics` describe the same trades. A QUARANTINED or
    ARCHIVED strategy is refused whatever the other fields say.
    """

    state: StrategyState
    throttle_level: int
    cost_multiplier: float
    wins: float
    losses: float
    metrics: ReliabilityMetrics


class _Ledger:
    """What the loop keeps of one strategy."""

    __slots__ = (
        "comeback", "level", "loss_streak", "name", "quarantined_ns", "quarantines", "rolling", "sample",
        "shadow_streak", "shadows", "state", "view",
    )  # fmt: skip

    view: LearningView

    def __init__(self, name: str, rolling_trades: int) -> None:
        self.name = name
        self.state = StrategyState.ACTIVE
        self.level = 0
        self.comeback = False  # back from quarantine and not yet a real win
        self.rolling: deque[TradeOutcome] = deque(maxlen=rolling_trades)
        self.sample: deque[TradeOutcome] = deque(maxlen=rolling_trades)  # since the samples were restarted
        self.shadows: deque[TradeOutcome] = deque(maxlen=rolling_trades)  # since the quarantine began
        self.loss_streak = self.shadow_streak = 0
        self.quarantines: list[int] = []  # the session counts of their days
        self.quarantined_ns = 0

    def restart_samples(self) -> None:
        self.sample.clear()
        self.shadows.clear()
        self.loss_streak = self.shadow_streak = 0


class LearningLoop:
    """Folds outcomes into states; the same outcomes and sessions give the same states to the bit.

    Real trades throttle and quarantine, shadow trades release, a person restores. A shadow
    counts if it was decided while the strategy was quarantined, whatever other gates it failed.
    Quarantine is asked before throttle. The first real win of a comeback makes ACTIVE by itself;
    the win rate is looked at again with the next trade. A real trade that closes in
    quarantine changes no state. Restoring forgets earlier quarantines.

    The loop can only make entry harder: nothing in here leads to a limit, a size or a stop.
    Source: learning.yaml; constitution.yaml: outcome says what a win and a loss are.
    """

    def __init__(self, contracts: Contracts) -> None:
        self._learning = contracts.learning
        self._bounds = contracts.constitution.outcome
        self._ledgers: dict[str, _Ledger] = {}
        self._cells: dict[tuple[str, str, str], deque[TradeOutcome]] = {}
        self._sessions = 0
        self._last_day = ""

    def on_session(self, trading_day: str) -> None:
        """Count a session (ISO date); a day that is not after the last one changes nothing."""
        if trading_day > self._last_day:
            self._sessions += 1
            self._last_day = trading_day

    def on_outcome(self, outcome: TradeOutcome) -> list[StateRecord]:
        """Take in a closed trade, real or shadow; the changes of state it makes, in order."""
        self.on_session(outcome.trading_day)
        if outcome.mark:
            return []  # it says nothing of its strategy
        ledger = self._ledger(outcome.strategy)
        changes = self._on_shadow(ledger, outcome) if outcome.shadow else self._on_trade(ledger, outcome)
        ledger.view = self._view(ledger)
        return changes

    def refold(self, past: Iterable[int | TradeOutcome], day_of: Callable[[int], str]) -> None:
        """Fold what earlier runs journaled: outcomes, and the close (UTC ns) of a bar of each session; `day_of` names its trading day."""
        for each in past:
            if isinstance(each, TradeOutcome):
                self.on_outcome(each)
            else:
                self.on_session(day_of(each))

    def restore(self, strategy: str, reason: str) -> StateRecord:
        """A person brings an archived strategy back, THROTTLED. Raises UsageError if it is not archived or no reason is given."""
        ledger = self._ledger(strategy)
        if ledger.state is not StrategyState.ARCHIVED:
            raise UsageError(f"{strategy} is {ledger.state}; only an ARCHIVED strategy can be restored.")
        if not reason.strip():
            raise UsageError(f"Restoring {strategy} needs a reason; say why with --reason.")
        quarantines = len(ledger.quarantines)
        ledger.quarantines.clear()
        change = self._come_back(ledger, Finding(f"restored by a person: {reason}", "quarantines", quarantines, quarantines))
        ledger.view = self._view(ledger)
        return change

    def view(self, strategy: str) -> LearningView:
        """What is in force for a strategy; ACTIVE with nothing to its name if it never traded."""
        return self._ledger(strategy).view

    def cells(self, strategy: str) -> dict[tuple[str, str], ReliabilityMetrics]:
        """Metrics of the rolling last real trades by (regime, time of day)."""
        return {
            (regime, time_of_day): self._measure(outcomes)
            for (name, regime, time_of_day), outcomes in self._cells.items()
            if name == strategy
        }

    # ------------------------------------------------------------------ real trades

    def _on_trade(self, ledger: _Ledger, outcome: TradeOutcome) -> list[StateRecord]:
        ledger.rolling.append(outcome)
        cell = (outcome.strategy, outcome.regime, outcome.time_of_day)
        self._cells.setdefault(cell, deque(maxlen=self._learning.rolling_trades)).append(outcome)
        if ledger.state in RESTING:
            return []
        result = result_of(outcome, self._bounds)
        ledger.sample.append(outcome)
        ledger.loss_streak = _streak_after(ledger.loss_streak, result, Result.LOSS)
        sample = self._measure(ledger.sample)
        finding = rules.quarantine_finding(sample, ledger.loss_streak, self._learning)
        if finding is not None:
            return self._quarantine(ledger, finding, sample, outcome.closed_ns)
        return self._throttle(ledger, sample, won=result is Result.WIN)

    def _quarantine(self, ledger: _Ledger, finding: Finding, sample: ReliabilityMetrics, ts_ns: int) -> list[StateRecord]:
        ledger.level = max(ledger.level if ledger.comeback else 0, rules.throttle_level(sample, self._learning))
        ledger.comeback = False
        ledger.quarantined_ns = ts_ns
        ledger.restart_samples()
        archive, release = self._learning.archive, self._learning.release
        until = (
            f"{release.shadow_wins_in_a_row} shadow wins in a row, "
            f"or shadow expectancy above 0 over {release.shadow_expectancy_min_trades} or more"
        )
        changes = [_change(ledger, StrategyState.QUARANTINED, finding, until)]
        ledger.quarantines = [day for day in ledger.quarantines if self._sessions - day < archive.within_sessions]
        ledger.quarantines.append(self._sessions)
        count = len(ledger.quarantines)
        if count >= archive.quarantines:
            again = Finding(f"{count} quarantines within {archive.within_sessions} sessions", "quarantines", count, count)
            changes.append(_change(ledger, StrategyState.ARCHIVED, again, f"a person: mesbot strategy restore {ledger.name} --reason"))
        return changes

    def _throttle(self, ledger: _Ledger, sample: ReliabilityMetrics, won: bool) -> list[StateRecord]:
        if ledger.comeback and won:
            ledger.comeback, ledger.level = False, 0
            first = Finding("first real win after the comeback", "real_wins", 1, sample.trades)
            return [_change(ledger, StrategyState.ACTIVE, first, "")]
        level = rules.throttle_level(sample, self._learning)
        if ledger.comeback:
            level = max(level, ledger.level)
        if level == ledger.level:
            return []
        ledger.level = level
        finding = Finding(f"win rate {sample.win_rate:.0%}", "win_rate", sample.win_rate, sample.trades)
        if level == 0:
            return [_change(ledger, StrategyState.ACTIVE, finding, "")]
        return [_change(ledger, StrategyState.THROTTLED, finding, self._throttle_release(ledger))]

    def _throttle_release(self, ledger: _Ledger) -> str:
        if ledger.comeback:
            return "the first real win"
        return f"win rate of {self._learning.throttle.level_1.win_rate_below:.0%} or more"

    # ---------------------------------------------------------------- shadow trades

    def _on_shadow(self, ledger: _Ledger, outcome: TradeOutcome) -> list[StateRecord]:
        if ledger.state is not StrategyState.QUARANTINED or outcome.decided_ns < ledger.quarantined_ns:
            return []
        ledger.shadows.append(outcome)
        ledger.shadow_streak = _streak_after(ledger.shadow_streak, result_of(outcome, self._bounds), Result.WIN)
        finding = rules.release_finding(self._measure(ledger.shadows), ledger.shadow_streak, self._learning)
        return [] if finding is None else [self._come_back(ledger, finding)]

    def _come_back(self, ledger: _Ledger, finding: Finding) -> StateRecord:
        ledger.restart_samples()
        ledger.comeback, ledger.level = True, max(1, ledger.level)
        return _change(ledger, StrategyState.THROTTLED, finding, self._throttle_release(ledger))

    # ------------------------------------------------------------------------ shared

    def _ledger(self, strategy: str) -> _Ledger:
        ledger = self._ledgers.get(strategy)
        if ledger is None:
            ledger = self._ledgers[strategy] = _Ledger(strategy, self._learning.rolling_trades)
            ledger.view = self._view(ledger)
        return ledger

    def _view(self, ledger: _Ledger) -> LearningView:
        metrics = self._measure(ledger.rolling)
        return LearningView(
            state=ledger.state,
            throttle_level=ledger.level,
            cost_multiplier=rules.cost_multiplier(ledger.level, self._learning),
            wins=metrics.weighted_wins,
            losses=metrics.weighted_losses,
            metrics=metrics,
        )

    def _measure(self, outcomes: Iterable[TradeOutcome]) -> ReliabilityMetrics:
        return measure(list(outcomes), self._bounds, self._learning.wilson_confidence)


def _streak_after(streak: int, result: Result, kind: Result) -> int:
    """A streak after one more result; a scratch breaks none."""
    if result is Result.SCRATCH:
        return streak
    return streak + 1 if result is kind else 0


def _change(ledger: _Ledger, after: StrategyState, finding: Finding, release: str) -> StateRecord:
    """Move a strategy to its next state and say why."""
    before, ledger.state = ledger.state, after
    return StateRecord(
        strategy=ledger.name,
        before=before.value,
        after=after.value,
        throttle_level=ledger.level,
        reason=finding.reason,
        statistic=finding.statistic,
        value=float(finding.value),
        sample_size=finding.sample_size,
        release=release,
    )
