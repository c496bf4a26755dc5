"""QualityActor: scores every bar (DVS) and every order event (EQS), and publishes both with their parts.

It is the one component that takes bars from Nautilus; everybody else hears of them through it.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

from nautilus_trader.model.data import Bar as NautilusBar

from actors.config import RuntimeActorConfig
from actors.part import Part
from bot.journal.records import Kind, QualityRecord
from bot.journal.times import new_york
from bot.market.bar import RawBar
from bot.market.rolling import MinuteMedians
from bot.market.update import QualityUpdate
from bot.messages import ENDPOINT_BAR_AHEAD, ENDPOINT_RISK_LEAVING, TOPIC_EQS_EVENT, TOPIC_FEED, TOPIC_QUALITY, BarAhead, Leaving
from bot.quality.dvs import DvsResult, DvsScorer
from bot.quality.eqs import EqsScorer
from bot.quality.feed import QualityEvent, QualityKind
from bot.quality.rth_clock import RthClock
from bot.runtime.judged_bars import judged_before
from bot.runtime.runtime import runtime_of
from bot.words import copied

NAN = float("nan")
BAD = frozenset(QualityKind) - {QualityKind.TRUSTED_FEED}


class QualityActor(Part):
    """DVS from bars and feed events, EQS from order events, each on market time."""

    part = "QUALITY"

    def __init__(self, config: RuntimeActorConfig) -> None:
        super().__init__(config)
        runtime = runtime_of(config.runtime)
        self._bar_type = config.bar_type
        signals = runtime.contracts.strategies.signals
        ranges = MinuteMedians(signals.atr_norm_sessions, signals.atr_norm_min_sessions)
        before = judged_before(runtime.spec.earlier)
        self._dvs = DvsScorer(runtime.contracts.data_contract, runtime.calendar, ranges, self._holds, before)
        self._told_ns = runtime.past.last_ns  # up to here earlier runs have told of levels and rolls
        self._eqs = EqsScorer(runtime.contracts.execution_contract)
        self._clock_rth = RthClock(runtime.calendar.sessions)
        for event, ts_ns in runtime.past.charges:
            self._eqs.on_event(event, self._clock_rth.minute(ts_ns))
        self._ahead: Sequence[NautilusBar] = ()
        self._passed: list[tuple[RawBar, DvsResult]] = []
        self._penalties = runtime.contracts.execution_contract.eqs.events.model_dump()

    def on_start(self) -> None:
        """Subscribe to bars, order charges and what the live feed says of itself."""
        self.subscribe_bars(self._bar_type)
        self.hear(TOPIC_EQS_EVENT, self._on_charge)
        self.hear(TOPIC_FEED, self.said.only(TOPIC_FEED, self._on_feed, self._on_any_feed))
        self.answer(ENDPOINT_BAR_AHEAD, self._on_ahead)

    def on_stop(self) -> None:
        """Answer no more."""
        self.msgbus.deregister(ENDPOINT_BAR_AHEAD, self.doors.pop(ENDPOINT_BAR_AHEAD))

    def on_bar(self, bar: NautilusBar) -> None:
        """Score a closed bar and hand it on. On a live node the adapter's alone: another's would fill a hole, or be the market."""
        if not self.said.heard(bar):
            self.log.warning(f"Not believed: {bar}, which no part of this run says")
            return
        ahead, self._ahead = self._ahead, ()
        for each in ahead:
            self._pass_over(_raw(each))
        raw = _raw(bar)
        self._take(raw, self._dvs.score(raw))

    def pass_over(self, bars: Sequence[NautilusBar]) -> None:
        """Bars of an idle stretch (bot.backtest.idle), which Nautilus does not tell of; they come before the next that it does."""
        self._ahead = bars

    def _pass_over(self, raw: RawBar) -> None:
        """Score a bar and keep it for the update of the next that is told; what is more than an ordinary believed bar is told itself."""
        result = self._dvs.score(raw)
        if _is_ordinary(result):
            self._passed.append((raw, result))
        else:
            self._take(raw, result)

    def _take(self, raw: RawBar, result: DvsResult) -> None:
        """Hand a scored bar on, with those passed over before it. One that is not ordinary finds everybody where the last of those left
        the market.
        """
        if self._passed and not _is_ordinary(result):
            self._take(*self._passed.pop())
        ts_ns = raw.ts_ns
        eqs, eqs_parts = self._eqs.at(self._clock_rth.minute(ts_ns))
        update = QualityUpdate(
            ts_ns=ts_ns,
            raw_prices=raw[1:5],
            volume=int(raw.volume),
            bar=result.bar,
            dvs=NAN if result.dvs is None else result.dvs,
            own_dvs=result.own,
            dvs_events=result.events,
            eqs=eqs,
            eqs_parts=eqs_parts,
            hole=result.hole,
            new_level=result.new_level,
            roll=result.roll,
            passed=tuple(passed.bar for _, passed in self._passed),
        )
        self._passed.clear()
        if update.new_level or update.roll:
            self._note_level(update)
        self.tell(TOPIC_QUALITY, update)

    def _note_level(self, update: QualityUpdate) -> None:
        """Another price level, or another contract: told, and in the record, once."""
        if update.ts_ns <= self._told_ns:
            return
        if update.new_level:
            self._note("new_level", update.ts_ns, f"prices are believed at {update.new_level:.4f} times the level before")
        elif update.roll:
            self._note("roll", update.ts_ns, f"a jump of {update.roll - 1.0:+.2%} at the open inside the roll window is taken for a roll")

    def _note(self, event: str, ts_ns: int, detail: str) -> None:
        self.log.warning(f"{new_york(ts_ns)} New York: {detail}; what was known of the prices before is not carried over.")
        self.record(Kind.QUALITY, ts_ns, QualityRecord("DVS", event, 0.0, detail))

    def _on_ahead(self, ahead: BarAhead) -> None:
        if type(ahead) is BarAhead:
            ahead.believed, ahead.hole, ahead.void = self._dvs.ahead(RawBar(ahead.ts_ns, *ahead.prices, ahead.volume, ahead.ts_ns))

    def _holds(self) -> bool:
        answer = Leaving()
        if ENDPOINT_RISK_LEAVING in self.msgbus.endpoints():
            self.msgbus.send(ENDPOINT_RISK_LEAVING, answer)
        return answer.held

    def _on_charge(self, event: Any) -> None:
        """By anybody: it can only lower the score."""
        if (event := self._read(TOPIC_EQS_EVENT, event, self._penalties)) is None:
            return
        self._eqs.on_event(event.kind, self._clock_rth.minute(event.ts_ns))
        body = QualityRecord("EQS", event.kind, self._penalties[event.kind]["penalty"], event.detail)
        self.record(Kind.QUALITY, event.ts_ns, body)

    def _on_feed(self, event: QualityEvent) -> None:
        self._dvs.on_event(event)

    def _on_any_feed(self, event: Any) -> None:
        """What is bad of the feed may be said by anybody; that it is good again, by its adapter alone."""
        if (event := self._read(TOPIC_FEED, event, BAD)) is not None:
            self._dvs.on_event(event)

    def _read(self, topic: str, event: Any, kinds: Container[str]) -> QualityEvent | None:
        """A copy of an event of one of these kinds; of any other the log says that it was not believed."""
        try:
            read = copied(event, QualityEvent)
        except ValueError as fault:
            self.log.warning(f"Not believed on {topic}: {fault}")
            return None
        if read.kind in kinds:
            return read
        self.log.warning(f"Not believed on {topic}: {read.kind}")
        return None


def _raw(bar: NautilusBar) -> RawBar:
    prices = bar.open.as_double(), bar.high.as_double(), bar.low.as_double(), bar.close.as_double()
    return RawBar(bar.ts_event, *prices, bar.volume.as_double(), bar.ts_init)


def _is_ordinary(result: DvsResult) -> bool:
    """Whether a bar is believed and begins nothing: neither another level, nor another contract, nor the market after a hole."""
    return result.bar is not None and not (result.hole or result.new_level or result.roll)
