"""The learning loop: each strategy's state as a fold over trade outcomes (spec 7)."""

# long because: one fold, whose steps all read what the others keep
from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

import msgspec

from bot.contracts.models import Contracts
from bot.decision.outcome import TradeOutcome
from bot.errors import UsageError
from bot.journal.records import StateRecord
from bot.learning import release, rules
from bot.learning.evidence import Aged, Sessions, effective_sample, sessions_until_aged, weight
from bot.learning.metrics import ReliabilityMetrics, Result, measure, result_of, streak_after
from bot.learning.restored import Restored
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
    trades, weighted by DVS at entry and age; `metrics` describe the same trades. A QUARANTINED or
    ARCHIVED strategy is refused whatever the other fields say. `release` says what lets it go, as of the newest
    session and outcome; "" while ACTIVE.
    """

    state: StrategyState
    throttle_level: int
    cost_multiplier: float
    wins: float
    losses: float
    metrics: ReliabilityMetrics
    release: str


class _Ledger:
    """What the loop keeps of one strategy."""

    __slots__ = (
        "comeback", "level", "loss_streak", "name", "quarantined_ns", "quarantines", "rolling", "sample",
        "shadow_streak", "shadows", "state", "throttled_at", "view",
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
        self.throttled_at = 0  # the session count of the newest record that made it THROTTLED

    def restart_samples(self) -> None:
        self.sample.clear()
        self.shadows.clear()
        self.loss_streak = self.shadow_streak = 0


class LearningLoop:
    """Folds outcomes into states; the same outcomes and sessions give the same states to the bit.

    Real trades throttle and quarantine, shadow trades release, age ends a throttle, a person restores. Evidence
    ages with each session, at its first bar (evidence.py); that alone changes no state but THROTTLED. A shadow
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
        self._sessions = Sessions()

    def on_session(self, trading_day: str) -> list[StateRecord]:
        """A session's first bar (ISO date): all evidence is a session older. The changes of state that makes, by strategy.

        A day that is not after the last one changes nothing.
        """
        if not self._sessions.begin(trading_day):
            return []
        changes = [change for name in sorted(self._ledgers) for change in self._on_age(self._ledgers[name])]
        for ledger in self._ledgers.values():
            ledger.view = self._view(ledger)
        return changes

    def on_outcome(self, outcome: TradeOutcome) -> list[StateRecord]:
        """Take in a closed trade, real or shadow; the changes of state it makes, in order."""
        changes = self.on_session(outcome.trading_day)
        if not outcome.mark:  # else it says nothing of its strategy
            ledger = self._ledger(outcome.strategy)
            changes += self._on_shadow(ledger, outcome) if outcome.shadow else self._on_trade(ledger, outcome)
            ledger.view = self._view(ledger)
        return changes

    def refold(
        self, past: Iterable[int | TradeOutcome | Restored], day_of: Callable[[int], str], told: Mapping[str, StateRecord] | None = None
    ) -> list[StateRecord]:
        """Fold what earlier runs journaled: outcomes, the close (UTC ns) of a bar of each session (`day_of` names its trading day), and
        whom a person has brought back.

        `told` is the last change of each strategy that they journaled. Returns the changes from there to what the fold gives:
        none, unless they were made by other rules.
        """
        for each in past:
            if isinstance(each, TradeOutcome):
                self.on_outcome(each)
            elif isinstance(each, Restored):
                self._restored(each)
            else:
                self.on_session(day_of(each))
        known = told or {}
        return [change for name in sorted({*self._ledgers, *known}) for change in self._untold(name, known.get(name))]

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

    def _restored(self, told: Restored) -> None:
        """A journaled restoring; of a strategy that the rules in force have not archived it changes nothing."""
        if self._ledger(told.strategy).state is StrategyState.ARCHIVED:
            self.restore(told.strategy, told.reason)

    def release(self, strategy: str, date_of: Callable[[int], str]) -> str:
        """What lets a strategy go, "" if ACTIVE; `date_of` names the date of the n-th session to come, where age does ("": not known)."""
        return self._release(self._ledger(strategy), date_of)

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
        ledger.loss_streak = streak_after(ledger.loss_streak, result, Result.LOSS)
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
        archive, sessions = self._learning.archive, len(self._sessions)
        changes = [self._change(ledger, StrategyState.QUARANTINED, finding)]
        ledger.quarantines = [day for day in ledger.quarantines if sessions - day < archive.within_sessions]
        ledger.quarantines.append(sessions)
        count = len(ledger.quarantines)
        if count >= archive.quarantines:
            again = Finding(f"{count} quarantines within {archive.within_sessions} sessions", "quarantines", count, count)
            changes.append(self._change(ledger, StrategyState.ARCHIVED, again))
        return changes

    def _throttle(self, ledger: _Ledger, sample: ReliabilityMetrics, won: bool) -> list[StateRecord]:
        if ledger.comeback and won:
            ledger.comeback, ledger.level = False, 0
            first = Finding("first real win after the comeback", "real_wins", 1, sample.trades)
            return [self._change(ledger, StrategyState.ACTIVE, first)]
        level = rules.throttle_level(sample, self._learning)
        if ledger.comeback:
            level = max(level, ledger.level)
        if level == ledger.level:
            return []
        ledger.level = level
        finding = Finding(f"win rate {sample.win_rate:.0%}", "win_rate", sample.win_rate, sample.trades)
        return [self._change(ledger, StrategyState.ACTIVE if level == 0 else StrategyState.THROTTLED, finding)]

    # -------------------------------------------------------------------------- age

    def _on_age(self, ledger: _Ledger) -> list[StateRecord]:
        """The rolling trades are asked, not the restarted sample: what made a strategy THROTTLED must have faded."""
        if ledger.state is not StrategyState.THROTTLED:
            return []
        sample = effective_sample(self._aged(ledger), self._learning)
        finding = rules.aged_finding(sample, len(ledger.rolling), self._since_throttled(ledger), self._learning)
        if finding is None:
            return []
        ledger.comeback, ledger.level = False, 0
        return [self._change(ledger, StrategyState.ACTIVE, finding)]

    def _since_throttled(self, ledger: _Ledger) -> int:
        return len(self._sessions) - ledger.throttled_at

    def _aged(self, ledger: _Ledger) -> list[Aged]:
        return [(outcome.dvs, self._sessions.since(outcome.trading_day)) for outcome in ledger.rolling]

    # ---------------------------------------------------------------- shadow trades

    def _on_shadow(self, ledger: _Ledger, outcome: TradeOutcome) -> list[StateRecord]:
        if ledger.state is not StrategyState.QUARANTINED or outcome.decided_ns < ledger.quarantined_ns:
            return []
        ledger.shadows.append(outcome)
        ledger.shadow_streak = streak_after(ledger.shadow_streak, result_of(outcome, self._bounds), Result.WIN)
        finding = rules.release_finding(self._measure(ledger.shadows), ledger.shadow_streak, self._learning)
        return [] if finding is None else [self._come_back(ledger, finding)]

    def _come_back(self, ledger: _Ledger, finding: Finding) -> StateRecord:
        ledger.restart_samples()
        ledger.comeback, ledger.level = True, max(1, ledger.level)
        return self._change(ledger, StrategyState.THROTTLED, finding)

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
            release=self._release(ledger),
        )

    def _measure(self, outcomes: Iterable[TradeOutcome]) -> ReliabilityMetrics:
        trades = list(outcomes)
        weights = [weight(trade.dvs, self._sessions.since(trade.trading_day), self._learning) for trade in trades]
        return measure(trades, weights, self._bounds, self._learning.wilson_confidence)

    def _release(self, ledger: _Ledger, date_of: Callable[[int], str] | None = None) -> str:
        match ledger.state:
            case StrategyState.THROTTLED:
                sessions = sessions_until_aged(self._aged(ledger), self._since_throttled(ledger), self._learning)
                date = date_of(sessions) if sessions is not None and date_of is not None else ""
                return release.from_throttle(ledger.comeback, sessions, self._learning, date)
            case StrategyState.QUARANTINED:
                return release.from_quarantine(self._learning)
            case StrategyState.ARCHIVED:
                return release.from_archive(ledger.name)
        return ""

    def _change(self, ledger: _Ledger, after: StrategyState, finding: Finding) -> StateRecord:
        """Move a strategy to its next state and say why."""
        before, ledger.state = ledger.state, after
        if after is StrategyState.THROTTLED:
            ledger.throttled_at = len(self._sessions)
        return self._record(ledger, before.value, finding)

    def _untold(self, strategy: str, told: StateRecord | None) -> list[StateRecord]:
        """A change from what the journal told last to what the fold gives, if they differ."""
        ledger = self._ledger(strategy)
        before, level = (StrategyState.ACTIVE.value, 0) if told is None else (told.after, told.throttle_level)
        if (before, level) == (ledger.state.value, ledger.level):
            return []
        reason = "the journal, folded by the rules in force, gives another state than the one it told last"
        sample = effective_sample(self._aged(ledger), self._learning)
        return [self._record(ledger, before, Finding(reason, "effective_sample", sample, len(ledger.rolling)))]

    def _record(self, ledger: _Ledger, before: str, finding: Finding) -> StateRecord:
        value, release = float(finding.value), self._release(ledger)
        said = (finding.reason, finding.statistic, value, finding.sample_size, release)
        return StateRecord(ledger.name, before, ledger.state.value, ledger.level, *said)
