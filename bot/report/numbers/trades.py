"""The numbers of each real trade, and of each change of a strategy's state, in the order they were written: 1, 2, 3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bot.journal.read import Record
from bot.learning.states import StrategyState
from bot.report.numbers.number import NAN, ONE, How, Number, Source, Unit, ones
from bot.report.run import Closed, Run

_FIELDS = (
    ("quantity", Unit.COUNT, "quantity", "contracts"),
    ("entry", Unit.POINTS, "entry_price", "mean price of the entry's fills"),
    ("exit", Unit.POINTS, "exit_price", "mean price of the exits' fills"),
    ("net", Unit.CENTS, "net_cents", "result after fees and slippage"),
    ("r", Unit.R, "r", "result as a multiple of the planned risk"),
    ("best", Unit.TICKS, "mfe_ticks", "best excursion from the entry, a contract"),
    ("worst", Unit.TICKS, "mae_ticks", "worst excursion from the entry, a contract"),
)


_PLANNED = (("stop", 0, 1, "planned stop of the first leg"), ("target", -1, 2, "planned target of the last leg"))  # leg, place in it
FIRST_TARGET = "target.first"
_OF_SEVERAL = (*_PLANNED, (FIRST_TARGET, 0, 2, "planned target of the first leg"))


def amounts_of(trades: Iterable[Closed], field: str) -> list[Source]:
    """Sources from one field of closed trades."""
    return [Source(trade.seq, getattr(trade, field)) for trade in trades]


def trade_numbers(run: Run) -> Iterator[Number]:
    """Of each real trade, from its one record, and from that of its intent what was planned."""
    for index, trade in enumerate(run.trades, 1):
        whose = f"of {trade.strategy}'s trade {trade.trade_id}"
        for part, unit, field, words in _FIELDS:
            yield Number(
                name=f"trades.{index}.{part}", unit=unit, words=f"{words}, {whose}", how=How.SUM, amounts=field,
                sources=lambda trade=trade, field=field: amounts_of([trade], field),
            )  # fmt: skip
        intent = run.intent_of(trade)
        legs = [] if intent is None else intent["plan"]["legs"]
        for part, leg, place, words in _OF_SEVERAL if len(legs) > 1 else _PLANNED if legs else ():
            yield Number(
                name=f"trades.{index}.{part}", unit=Unit.POINTS, words=f"{words}, {whose}", how=How.SUM,
                amounts=f"{part.partition('.')[0]} of the plan",
                sources=lambda intent=intent, leg=leg, place=place: [Source(intent["seq"], intent["plan"]["legs"][leg][place])],
            )  # fmt: skip
        yield Number(
            name=f"trades.{index}.held", unit=Unit.MINUTES, words=f"time from entry to last exit, {whose}", how=How.SUM,
            amounts="closed_ns − opened_ns, in minutes",
            sources=lambda trade=trade: [Source(trade.seq, trade.duration_seconds / 60)],
        )  # fmt: skip


def state_numbers(run: Run) -> Iterator[Number]:
    """Of each change of state: the statistic as the learning loop recorded it, and the records it was measured on."""
    for index, record in enumerate(run.states, 1):
        statistic = record.body["statistic"].replace("_", " ")
        value = NAN if record.body["value"] is None else record.body["value"]
        what = f"{record.body['strategy']} {record.body['before'].lower()} → {record.body['after'].lower()}"
        yield Number(
            name=f"states.{index}.value", unit=Unit.STATISTIC, how=How.SUM, amounts="value",
            words=f"{what}: {statistic}, as the learning loop recorded it (measured on the records of states.{index}.sample)",
            sources=lambda record=record, value=value: [Source(record.seq, value)],
        )  # fmt: skip
        yield Number(
            name=f"states.{index}.sample", unit=Unit.COUNT, how=How.COUNT, amounts=ONE,
            words=f"{what}: records that its {statistic} was measured on",
            sources=lambda record=record: ones(_sample(run, record)),
        )  # fmt: skip


def _sample(run: Run, change: Record) -> list[int]:
    """The last `sample_size` records of the kind that the change rests on, written before it."""
    body, size = change.body, change.body["sample_size"]
    earlier = [record for record in run.states if record.seq < change.seq and record.body["strategy"] == body["strategy"]]
    quarantines = [record for record in earlier if record.body["after"] == StrategyState.QUARANTINED]
    if body["statistic"] == "quarantines":
        seqs = [record.seq for record in quarantines]
    elif body["before"] == StrategyState.QUARANTINED:
        since_ns = quarantines[-1].ts_ns if quarantines else 0
        seqs = _of(run.shadows, body["strategy"], change.seq, since_ns)
    else:
        seqs = _of(run.trades, body["strategy"], change.seq, 0)
    return seqs[-size:] if size else []


def _of(trades: Sequence[Closed], strategy: str, before_seq: int, since_ns: int) -> list[int]:
    """Those of a strategy that the learning loop took in; a marked one says nothing of it."""
    ours = (trade for trade in trades if trade.strategy == strategy and not trade.mark)
    return [trade.seq for trade in ours if trade.seq < before_seq and trade.decided_ns >= since_ns]
