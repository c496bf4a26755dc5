"""The parts of a run and the order in which they must stand. The risk engine, which is the first, looks before anything starts.

Nautilus starts actors in the order in which they were added, then strategies. The journal is open before anybody writes,
whoever publishes comes before those who act on it, and learning tells its trust to a library that listens already.
A part of somebody else may stand anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import is_
from typing import Any

from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.enums import OmsType
from nautilus_trader.trading.strategy import Strategy

from bot.errors import RiskEngineError
from bot.messages import ENDPOINT_RISK_PATH, OnPath, venue_endpoint

PARTS = ("JOURNAL", "QUALITY", "MARKET", "LIBRARY", "LEARNING")
LIVE_PARTS = (*PARTS, "DESK")
OWN_BUSINESS = {  # what a strategy's configuration may say as it likes: names and logs
    "strategy_id", "order_id_tag", "use_uuid_client_order_ids", "use_hyphens_in_client_order_ids", "log_events", "log_commands",
    "log_rejected_due_post_only_as_warning",
}  # fmt: skip


def parts_of(trader: Any) -> Callable[[], list[Any]]:
    """A function that says which parts of this run stand now. An actor that was a part stays one while the actors are the same."""
    actors: list[Any] = []
    parts: list[Any] = []

    def now() -> list[Any]:
        nonlocal actors, parts
        found = trader.actors()
        if len(found) != len(actors) or not all(map(is_, found, actors)):
            actors, parts = found, [actor for actor in found if getattr(actor, "part", "") in LIVE_PARTS]
        return parts

    return now


def require_whole(trader: Any, runtime: Any, parts: Sequence[str] | None, simulated: Any, venue: Any) -> None:
    """Raises RiskEngineError if a part of the run is missing or in the wrong place. `parts`: those there must be (None: all of them);
    `simulated`: a backtest's message bus, None for a live node."""
    wanted = parts if parts is not None else LIVE_PARTS if simulated is None else PARTS
    require_parts((getattr(actor, "part", "") for actor in trader.actors()), wanted)
    if "LIBRARY" in wanted:
        standing = (getattr(strategy, "name", "") for strategy in trader.strategies())
        require_strategies(standing, runtime.contracts.declared)
    require_one_runtime(runtime.spec, [*trader.actors(), *trader.strategies()])
    require_plain(trader.strategies())
    if simulated is not None:
        require_venue(venue.value, simulated)


def require_risk_engine(name: str, msgbus: Any) -> None:
    """Raises RiskEngineError, which names the part that asks, unless the contract risk engine is on the bus and on the path."""
    answer = OnPath()
    if ENDPOINT_RISK_PATH in msgbus.endpoints():
        msgbus.send(ENDPOINT_RISK_PATH, answer)
    if answer.lost is None:
        raise RiskEngineError(
            f"{name} refuses to start: the contract risk engine is not installed; make RiskController the controller of the "
            "configuration, or install it before anything else."
        )
    if answer.lost:
        raise RiskEngineError(f"{name} refuses to start: the contract risk engine does not stand at {', '.join(answer.lost)}.")


def require_parts(found: Iterable[str], wanted: Sequence[str]) -> None:
    """Raises RiskEngineError, one sentence that names the part, if one is missing, there twice, or before one it must follow."""
    order = f"the parts are {', '.join(wanted)}, in this order"
    standing = [name for name in found if name in wanted]
    for name in wanted:
        if (times := standing.count(name)) != 1:
            raise RiskEngineError(f"The run cannot start: {name} is {'there twice' if times else 'missing'}; {order}.")
    for name, right in zip(standing, wanted, strict=True):
        if name != right:
            raise RiskEngineError(f"The run cannot start: {name} stands before {right} and must come after it; {order}.")


def require_strategies(found: Iterable[str], wanted: Iterable[str]) -> None:
    """Raises RiskEngineError, one sentence that names it, if a strategy that the library asks is missing."""
    standing, asked = set(found), tuple(wanted)
    if missing := next((name for name in asked if name not in standing), None):
        raise RiskEngineError(f"The run cannot start: strategy {missing} is missing; the library asks {', '.join(asked)}.")


def require_one_runtime(runtime: Any, parts: Iterable[Any]) -> None:
    """Raises RiskEngineError, which names the part, if one was made for another law, journal or span of time than the risk engine."""
    for part in parts:
        found = getattr(part.config, "runtime", runtime)
        if found != runtime:
            other = next(name for name in type(runtime).__struct_fields__ if getattr(found, name) != getattr(runtime, name))
            raise RiskEngineError(
                f"The run cannot start: {part.id} has runtime.{other} = {getattr(found, other)!r} where the risk engine has "
                f"{getattr(runtime, other)!r}; give every part the same runtime."
            )


def require_plain(strategies: Iterable[Any]) -> None:
    """Raises RiskEngineError, which names it, if a strategy's configuration would have Nautilus send, count or claim orders otherwise.

    Every setting of Nautilus' StrategyConfig but names and logs must be its default, those of tomorrow included; positions may be
    netted by name. Looked at is what the configuration says and what Nautilus has made of it.
    """
    plain = StrategyConfig()
    made = Strategy(plain)
    for strategy in strategies:
        for name in sorted(set(StrategyConfig.__struct_fields__) - OWN_BUSINESS):
            right = getattr(plain, name)
            _require_same(strategy, name, getattr(strategy.config, name, right), right)
            if (stands := vars(Strategy).get(name)) is not None and isinstance(strategy, Strategy):
                _require_same(strategy, name, stands.__get__(strategy), stands.__get__(made))


def _require_same(strategy: Any, name: str, found: Any, right: Any) -> None:
    if found != right and not (name == "oms_type" and found in ("NETTING", OmsType.NETTING)):
        raise RiskEngineError(
            f"The run cannot start: strategy {strategy.id} is configured with {name} = {found!r}; only {right!r} is allowed, "
            "since orders and positions are the risk engine's."
        )


def require_venue(venue: str, msgbus: Any) -> None:
    """Raises RiskEngineError unless the simulated venue of a backtest fills by the one rule."""
    if venue_endpoint(venue) not in msgbus.endpoints():
        raise RiskEngineError(
            f"The run cannot start: venue {venue} has no PessimisticVenue among its modules, so orders would be filled by guesses; "
            "take the venue of bot.backtest.config."
        )
