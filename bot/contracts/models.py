"""The seven contracts as frozen typed models, and what every strategy's block must hold.

Numbers live in the YAML files alone; here stand their names, units and the ranges
outside which a value can only be a mistake. Units are the last word of a name.
"""
# long because: it mirrors the YAML files key by key, and they are read side by side

from __future__ import annotations

import hashlib
import json
from datetime import date as Date
from datetime import datetime as DateTime
from datetime import time as Time
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SerializeAsAny

from bot.contracts.bounds import Bounds
from bot.contracts.declaration import Declared
from bot.contracts.strictness import Down, Fewer, More, Neither, Up

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Score = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
Count = Annotated[int, Field(ge=1, le=1000)]
Ticks = Annotated[int, Field(ge=0, le=400)]
Minutes = Annotated[int, Field(ge=0, le=1440)]
Seconds = Annotated[float, Field(gt=0.0, le=86_400.0)]
Phase = Annotated[int, Field(ge=1, le=5)]
Weights = dict[str, Share]


def _clock_time(value: object) -> object:
    """Accept "HH:MM" as YAML gives it (an unquoted 09:30 would be a number)."""
    return Time.fromisoformat(value) if isinstance(value, str) else value


def _money(value: object) -> object:
    """Dollars as YAML gives them, exactly."""
    return Decimal(str(value)) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


ClockTime = Annotated[Time, BeforeValidator(_clock_time)]
Usd = Annotated[Decimal, BeforeValidator(_money), Field(gt=0, le=1_000_000, decimal_places=2)]
UsdOrZero = Annotated[Decimal, BeforeValidator(_money), Field(ge=0, le=1_000_000, decimal_places=2)]


class Section(BaseModel):
    """Base of every section: frozen, no unknown keys, no silent conversions."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Change(Section):
    version: Count
    date: Date
    change: str


class Contract(Section):
    """Base of every file: its version and what changed."""

    version: Neither[Count]
    changelog: Neither[list[Change]] = Field(min_length=1)


# ---------------------------------------------------------------- constitution


class Instrument(Section):
    id: Neither[Literal["MES.CME"]]
    kind: Neither[Literal["FuturesContract"]]
    currency: Neither[Literal["USD"]]
    multiplier: Neither[Literal[5]]
    tick_size: Neither[Literal[0.25]]
    backtest_initial_margin_usd: Up[Usd]


class PositionLaw(Section):
    max_contracts: Down[Annotated[int, Field(ge=1, le=2)]]
    max_concurrent: Down[Literal[1]]
    overnight: Down[Literal[False]]


class Never(Section):
    market_order_entries: Up[Literal[True]]
    averaging_down: Up[Literal[True]]
    hedging: Up[Literal[True]]
    entry_without_stop_and_target: Up[Literal[True]]
    stop_that_widens: Up[Literal[True]]
    more_contracts_than_last_losing_trade_of_day: Up[Literal[True]]


class RiskPerTrade(Section):
    max_risk_usd: Down[Usd]
    max_stop_ticks: Down[Count]
    min_stop_ticks: Up[Count]


class LossLimits(Section):
    day_usd: Down[Usd]
    week_usd: Down[Usd]
    month_usd: Down[Usd]


class LosingStreak(Section):
    max_losses: Down[Count]


class OutcomeLaw(Section):
    loss_at_or_below_r: Up[Annotated[float, Field(gt=-1.0, lt=0.0)]]


class Frequency(Section):
    max_trades_per_day: Down[Count]
    max_entries_per_hour: Down[Count]
    min_spacing_minutes: Up[Minutes]
    max_submissions_per_day: Down[Count]


class Gate(Section):
    """Score limits: enter at or above, hold at or above, kill below."""

    enter: Up[Score]
    hold: Up[Score]
    kill: Up[Score]


class QualityGates(Section):
    dvs: Gate
    eqs: Gate


class Friction(Section):
    max_share_of_target: Down[Share]


class VolatilityShock(Section):
    atr_norm: Down[Share]
    range_multiple: Down[Positive]
    minutes: Up[Minutes]


class ExecutionDanger(Section):
    spread_ticks: Down[Ticks]
    slippage_ticks: Down[Ticks]
    minutes: Up[Minutes]


class NewsShock(Section):
    minutes: Up[Minutes]


class Blackout(Section):
    """No entries in [start, end); both times carry their offset."""

    start: DateTime
    end: DateTime
    reason: str


class Lockouts(Section):
    volatility_shock: VolatilityShock
    execution_danger: ExecutionDanger
    news_shock: NewsShock
    blackouts: More[list[Blackout]]


class Tier(Section):
    name: Neither[str]
    min_equity_usd: Neither[UsdOrZero]
    max_stop_ticks: Down[Count]
    max_risk_usd: Down[Usd]


class KillSwitch(Section):
    bars_below_kill: Down[Count]


class Constitution(Contract):
    instrument: Instrument
    position: PositionLaw
    never: Never
    risk_per_trade: RiskPerTrade
    loss_limits: LossLimits
    losing_streak: LosingStreak
    outcome: OutcomeLaw
    frequency: Frequency
    quality_gates: QualityGates
    friction: Friction
    lockouts: Lockouts
    tiers: list[Tier] = Field(min_length=1)
    kill_switch: KillSwitch


# ------------------------------------------------------------------ risk model


class RiskModel(Contract):
    fee_per_side_usd: Neither[UsdOrZero]
    margin_buffer: Up[Annotated[float, Field(ge=1.0, le=100.0)]]
    stop_budget_rounding: Neither[Literal["floor"]]
    signal_while_in_position: Neither[Literal["ignore"]]


# --------------------------------------------------------------- data contract


class BarsLaw(Section):
    minutes: Neither[Literal[1]]
    fields: Neither[list[Literal["open", "high", "low", "close", "volume"]]]


class DvsPenalties(Section):
    missing_gap: Up[Share]
    not_increasing: Up[Share]
    impossible: Up[Share]
    synthetic: Up[Share]
    thin: Up[Share]
    zero_volume: Up[Share]
    outlier: Up[Share]
    late: Up[Share]
    stuck: Up[Share]
    bad_quote: Up[Share]
    stale: Up[Share]
    stale_repeat: Up[Share]
    outside_hours: Up[Share]
    untrusted_feed: Up[Share]


class DvsLaw(Section):
    window_bars: Up[Count]
    gates: Gate
    penalties: DvsPenalties
    thin_median_volume: Up[Positive]
    thin_bars: Neither[Count]
    outlier_atr_multiple: Down[Positive]
    stuck_bars: Down[Count]
    max_spread_ticks: Down[Ticks]
    stale_seconds: Down[Seconds]


class ShockSignature(Section):
    atr_multiple: Neither[Positive]
    volume_z: Neither[Positive]
    body_stdev_multiple: Neither[Positive]
    body_bars: Neither[Count]


class PriceLevelLaw(Section):
    believed_after_bars: Up[Count]
    close_after_rejected_bars: Down[Count]
    void_beyond: Neither[Share]
    roll_jump: Neither[Share]
    roll_window_days: Neither[Count]


class DataContract(Contract):
    bars: BarsLaw
    max_gap_seconds: Down[Seconds]
    max_late_seconds: Down[Seconds]
    price_band: Neither[Share]
    price_level: PriceLevelLaw
    dvs: DvsLaw
    shock_signature: ShockSignature


# ---------------------------------------------------------- execution contract

EntryType = Literal["LIMIT", "STOP_LIMIT"]
ExitType = Literal["LIMIT", "STOP_MARKET", "STOP_LIMIT", "MARKET"]


class EntryLaw(Section):
    order_types: Fewer[list[EntryType]] = Field(min_length=1)
    ttl_seconds: Down[Seconds]
    partial_fill_patience_seconds: Down[Seconds]


class ExitLaw(Section):
    order_types: Neither[list[ExitType]] = Field(min_length=1)
    max_stop_changes: Down[Annotated[int, Field(ge=0, le=10)]]
    target_partial_patience_seconds: Down[Seconds]
    flatten_limit_ticks: Neither[Ticks]


class AtrSlippage(Section):
    atr_norm: Neither[Share]
    extra_ticks: Neither[Ticks]


class SpreadSlippage(Section):
    spread_ticks: Neither[Ticks]
    extra_ticks: Neither[Ticks]


class SlippageLaw(Section):
    base_ticks: Neither[Ticks]
    elevated: AtrSlippage
    extreme: AtrSlippage
    wide_spread: SpreadSlippage
    first_hour_factor: Neither[Annotated[float, Field(ge=1.0, le=10.0)]]
    last_hour_factor: Neither[Annotated[float, Field(ge=1.0, le=10.0)]]
    max_ticks: Neither[Ticks]


class EqsEvent(Section):
    penalty: Up[Share]
    half_life_minutes: Up[Positive]


class EqsEvents(Section):
    order_rejected: EqsEvent
    late_fill: EqsEvent
    excess_slippage: EqsEvent
    partial_fill: EqsEvent
    change_rejected: EqsEvent
    order_unknown: EqsEvent
    connection_disrupted: EqsEvent
    naked_time: EqsEvent
    entry_expired: EqsEvent


class EqsLaw(Section):
    gates: Gate
    late_fill_seconds: Down[Seconds]
    slippage_multiple: Down[Positive]
    naked_seconds: Down[Seconds]
    events: EqsEvents


class Timeouts(Section):
    order_unknown_seconds: Down[Seconds]
    reconcile_after_reconnect_seconds: Neither[Seconds]
    reconcile_seconds: Neither[Seconds]
    connection_lost_seconds: Down[Seconds]


class Reconnect(Section):
    backoff_seconds: Neither[list[Seconds]]
    then_every_seconds: Neither[Seconds]


class ExecutionContract(Contract):
    entry: EntryLaw
    exit: ExitLaw
    slippage: SlippageLaw
    eqs: EqsLaw
    timeouts: Timeouts
    reconnect: Reconnect


# --------------------------------------------------------------------- session


class Hours(Section):
    open: Neither[ClockTime]
    close: Neither[ClockTime]


class NoEntry(Section):
    start: ClockTime
    end: ClockTime
    reason: str


class PhaseLaw(Section):
    code: Phase
    name: str
    start: ClockTime


class Calendars(Section):
    rth: Neither[Literal["XNYS"]]
    globex: Neither[Literal["CME Globex Equity"]]


class Override(Section):
    """One date's RTH hours; null open and close mean: shut."""

    date: Date
    open: ClockTime | None
    close: ClockTime | None
    reason: str


class Roll(Section):
    trading_days_before_last: Neither[Count]


class SessionContract(Contract):
    timezone: Neither[Literal["America/New_York"]]
    trading_day_starts: Neither[ClockTime]
    rth: Hours
    no_entry: More[list[NoEntry]]
    last_entry_minutes_before_close: Up[Minutes]
    flatten_minutes_before_close: Up[Minutes]
    flat_minutes_before_close: Up[Minutes]
    phases: Neither[list[PhaseLaw]] = Field(min_length=5, max_length=5)
    calendars: Calendars
    overrides: More[list[Override]]
    roll: Roll


# ------------------------------------------------------------------ strategies


class Climax(Section):
    atr_multiple: Neither[Positive]
    volume_z: Neither[float]


class LevelsLaw(Section):
    opening_range_minutes: Neither[Minutes]
    touch_ticks: Neither[Ticks]
    vwap_band_sigma: Neither[Positive]


class FailedBreakLaw(Section):
    min_break_ticks: Neither[Ticks]
    max_bars: Neither[Count]


class SweepLaw(Section):
    lookback_bars: Neither[Count]
    min_exceed_ticks: Neither[Ticks]
    max_bars: Neither[Count]
    volume_z: Neither[float]


class LunchVoid(Section):
    atr_norm: Neither[Share]
    volume_z: Neither[float]


class SignalsLaw(Section):
    vwap_sigma_floor_ticks: Neither[Positive]
    atr_norm_sessions: Neither[Count]
    atr_norm_min_sessions: Neither[Count]
    climax: Climax
    levels: LevelsLaw
    failed_break: FailedBreakLaw
    sweep: SweepLaw
    lunch_void: LunchVoid
    range_bars: Neither[Count]
    extreme_bars: Neither[Count]


class Trending(Section):
    trend_strength: Neither[Share]
    efficiency: Neither[Share]


class RegimeLaw(Section):
    volatile_atr_norm: Neither[Share]
    trending: Trending
    choppy_noise: Neither[Share]


class OwnBelief(Section):
    """The numbers of a belief that one strategy brings along; the weights are handed to its evidence function."""

    weights: Weights
    a: float
    b: float
    half_life_bars: Positive


class BeliefLaw(Section):
    """A belief of the core; it applies in the phases of the strategy that owns it."""

    owner: Neither[str]
    weights: Neither[Weights]
    a: Neither[float]
    b: Neither[float]
    half_life_bars: Neither[Positive]


class NoiseBeliefLaw(Section):
    owner: Neither[str]
    noise_center: Neither[Share]
    noise_width: Neither[Positive]
    a: Neither[float]
    b: Neither[float]
    half_life_bars: Neither[Positive]


class BeliefsLaw(Section):
    instability_alpha: Neither[Share]
    F1: BeliefLaw
    F2: BeliefLaw
    F3: BeliefLaw
    F4: BeliefLaw
    F5: NoiseBeliefLaw


class UncertaintyWeights(Section):
    dvs: Up[Share]
    eqs: Up[Share]
    instability: Up[Share]
    posterior: Up[Share]


class EucLaw(Section):
    prior_weight: Neither[Positive]
    belief_slope: Neither[Positive]
    probability_floor: Down[Share]
    probability_ceiling: Down[Share]
    uncertainty: UncertaintyWeights
    min_euc_r: Up[float]


class ManagementLaw(Section):
    protect_at_r: Down[Positive]
    volatility_tighten: Down[Positive]
    volatility_exit: Down[Positive]


class Rules(Section):
    """A strategy's block: the base of every rules model, and all that is asked of the filter's."""


Size = Annotated[int, Field(ge=1, le=2)]  # constitution.yaml: position.max_contracts allows no more


class TraderRules(Rules):
    """What every strategy that orders must say, whatever its own rules: how many contracts, in which tiers, when, how sure, how long.

    `belief` are the numbers of a belief of its own; a strategy that stands on one of the core's has none.
    """

    contracts: Down[Size]
    tiers: Fewer[list[str]] = Field(min_length=1)
    phases: Neither[list[Phase]] = Field(min_length=1)
    min_belief: Up[Share]
    max_minutes: Down[Count]
    belief: Neither[OwnBelief | None] = None


class Strategies(Contract):
    signals: SignalsLaw
    regime: RegimeLaw
    beliefs: BeliefsLaw
    euc: EucLaw
    management: ManagementLaw


# -------------------------------------------------------------------- learning


class QuarantineLaw(Section):
    consecutive_losses: Down[Count]
    expectancy_min_trades: Down[Count]
    win_rate_min_trades: Down[Count]
    min_win_rate: Up[Share]
    high_target_r: Neither[Positive]
    high_target_margin: Up[Share]


class ThrottleLevel(Section):
    win_rate_below: Up[Share]
    cost_multiplier: Up[Annotated[float, Field(ge=1.0, le=10.0)]]


class ThrottleLaw(Section):
    min_trades: Down[Count]
    level_1: ThrottleLevel
    level_2: ThrottleLevel


class ReleaseLaw(Section):
    shadow_wins_in_a_row: Up[Count]
    shadow_expectancy_min_trades: Up[Count]


class EvidenceLaw(Section):
    """`half_life_sessions` None: evidence does not age, as in journals from before it did."""

    half_life_sessions: Neither[Count | None]
    aged_below_sample: Down[Annotated[float, Field(ge=0.0, le=100.0)]]
    aged_after_sessions: Up[Count]


class ArchiveLaw(Section):
    quarantines: Down[Count]
    within_sessions: Up[Count]


class ShadowLaw(Section):
    min_spacing_minutes: Neither[Minutes]


class Learning(Contract):
    rolling_trades: Neither[Count]
    wilson_confidence: Neither[Annotated[float, Field(gt=0.5, lt=1.0)]]
    quarantine: QuarantineLaw
    throttle: ThrottleLaw
    release: ReleaseLaw
    evidence: EvidenceLaw
    archive: ArchiveLaw
    shadow: ShadowLaw


FILES: dict[str, type[Contract]] = {
    "constitution": Constitution,
    "risk_model": RiskModel,
    "data_contract": DataContract,
    "execution_contract": ExecutionContract,
    "session": SessionContract,
    "strategies": Strategies,
    "learning": Learning,
}


class Block(Section):
    """A strategy's block as its file holds it, in JSON's words. `file` is "strategies", or that of a strategy which brings
    its own ("k6.yaml"), whose other keys are `head`."""

    file: str
    head: dict[str, Any]
    values: dict[str, Any]


class Contracts(BaseModel):
    """All contracts in force, with where they came from and the hash of their values.

    `rules` holds each strategy's block, by name: its own rules model if the strategies were loaded, else what every block
    says. `declared` says what each strategy is, and is empty if they were not loaded (a journal's contracts, and verbs
    that only look or stop). `bounds` are those of numbers that research may change, empty then too. `strategy_folders` are
    where strategies that do not ship were looked for. `sha256` is over
    the canonical JSON of `values()`, so that a comment or a re-ordering of keys changes nothing; every journal record
    carries it.
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    constitution: Constitution
    risk_model: RiskModel
    data_contract: DataContract
    execution_contract: ExecutionContract
    session: SessionContract
    strategies: Strategies
    learning: Learning
    blocks: dict[str, Block]
    rules: dict[str, SerializeAsAny[Rules]]
    declared: dict[str, Declared] = {}
    bounds: dict[str, Bounds] = {}
    directory: str
    strategy_folders: tuple[str, ...] = ()
    sha256: str

    @property
    def traders(self) -> tuple[str, ...]:
        """The names of the strategies that order, in the order in which they are asked."""
        return tuple(sorted(name for name, rules in self.rules.items() if isinstance(rules, TraderRules)))

    @property
    def filter(self) -> str:
        """The name of the one strategy that never orders and may veto every entry of a bar."""
        return next((name for name, rules in self.rules.items() if not isinstance(rules, TraderRules)), "")

    @property
    def names(self) -> tuple[str, ...]:
        """All strategies, in the order of their decisions: those that order, then the filter."""
        return (*self.traders, self.filter)

    def trader(self, name: str) -> TraderRules:
        """What every block says, of one strategy that orders. Raises KeyError for any other name."""
        rules = self.rules[name]
        if not isinstance(rules, TraderRules):
            raise KeyError(f"{name} never orders")
        return rules

    def allowed_in(self, tier: str) -> frozenset[str]:
        """The strategies that a capital tier allows."""
        return frozenset(name for name in self.traders if tier in self.trader(name).tiers)

    def hashed(self) -> Contracts:
        """The same, with the hash of its values."""
        text = json.dumps(self.values(), sort_keys=True, separators=(",", ":"))
        return self.model_copy(update={"sha256": hashlib.sha256(text.encode()).hexdigest()})

    def values(self) -> dict[str, dict[str, Any]]:
        """What the files say, by file, in JSON's words: it is hashed, journaled and compared."""
        said = {name: getattr(self, name).model_dump(mode="json") for name in FILES}
        for name, block in self.blocks.items():
            said.setdefault(block.file, dict(block.head))[name] = block.values
        return said
