"""Words for every code that a report shows: on the terminal, in HTML, in a journal. One home, so that they mean one thing.

The report's legend reads it, and `mesbot why CODE` and `--codes`, which know those of other lists too (bot/cli/codes.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from bot.decision.codes import MEANING, Layer
from bot.decision.outcome import Mark
from bot.decision.plan import ExitReason
from bot.decision.snapshot import KillState
from bot.journal.records import Action
from bot.journal.sentences import LAYER_NAMES
from bot.learning.states import StrategyState
from bot.market.state import Regime


class Term(NamedTuple):
    """A code or word, what kind of word it is, and what it means: a clause without its full stop. `also` are its other spellings."""

    code: str
    kind: str
    meaning: str
    also: tuple[str, ...] = ()

    def is_called(self, word: str) -> bool:
        """Whether a person who writes this word means it: capital letters and spaces do not matter."""
        wanted = " ".join(word.split()).casefold()
        return any(name.casefold() == wanted for name in (self.code, *self.also))

    @property
    def sentence(self) -> str:
        """The term as a line for a person."""
        return f"{self.code} ({self.kind}): {self.meaning}."


STRATEGIES = {
    "K1": "VWAP mean reversion: fades a price that is stretched away from the session's average back to it",
    "K2": "failed break: takes the other side of a level that was broken and won back",
    "K3": "sweep reversal: joins the turn after a 20-bar extreme was run and rejected",
    "K4": "momentum extension: two one-contract brackets on a break of the 20-bar range",
    "K5": "noise filter: never orders; it vetoes every entry of a bar that is noise",
}
SCORES = {
    "DVS": "data validity score, 0 to 1: how far the bars can be believed; below the contract's minimum nothing is entered",
    "EQS": "execution quality score, 0 to 1: how far fills can be believed; below the contract's minimum nothing is entered",
    "EUC": "edge minus uncertainty minus cost, in R: what a plan is worth before it is entered; the higher plan of a bar goes first",
    "R": "the planned risk of a trade; +1 R is a gain of as much as was risked",
    "VWAP": "volume-weighted average price of the session",
    "ATR": "average true range of the last bars, in ticks",
    "RTH": "regular trading hours: 09:30 to 16:00 New York, 13:00 on half days",
}
BELIEFS = {
    "F1": "how likely it is that the price returns to its average",
    "F2": "how likely it is that the break of a level has failed",
    "F3": "how likely it is that a swept extreme turns",
    "F4": "how likely it is that the move goes on",
    "F5": "how likely it is that the market is noise",
}
EXITS = {
    ExitReason.TARGET: "the target was reached",
    ExitReason.STOP: "the stop was reached, where it was entered or where it had been moved to",
    ExitReason.THESIS: "the belief that the trade was entered for no longer holds",
    ExitReason.TIME: "the trade was open for as long as its strategy allows",
    ExitReason.VOLATILITY: "a volatility shock came while it was open",
    ExitReason.SESSION: "the session's flatten time, or the first bar after a hole in the bars",
    ExitReason.QUALITY: "the bars or the fills could no longer be believed",
    ExitReason.KILL: "the kill switch tripped by itself",
    ExitReason.MANUAL: "a person tripped the kill switch",
    ExitReason.RECONCILED: "the broker's account said that it had ended while it was not watched",
}
MARKS = {
    Mark.HELD_OVER_GAP: "bars stopped while the trade was held, and it was left at the first that came; it counts in money and limits only",
    Mark.VOID: "the prices that closed the trade were another level's, which no market reaches in a day; it is no result",
}
STATES = {
    StrategyState.ACTIVE: "it may trade as its contract says",
    StrategyState.THROTTLED: "it may trade, but its costs count more, so that fewer of its plans pass",
    StrategyState.QUARANTINED: "it may not trade; its plans are followed as shadow trades, which may bring it back",
    StrategyState.ARCHIVED: "it may not trade; only a person brings it back",
}
KILL = {
    KillState.ARMED: "the kill switch waits; entries are possible",
    KillState.TRIPPED: "the kill switch has tripped: entries are locked, orders are cancelled and the position is closed",
    KillState.FLAT: "nothing is open and nothing works any more after a kill",
    KillState.HALTED: "nothing is entered until a person says `mesbot resume`",
}
ACTIONS = {
    Action.ENTER: "the plan passed every gate and its bracket was sent",
    Action.MANAGE: "its trade is open and stays so; its stop may have come closer",
    Action.EXIT: "its trade is left at once",
    Action.SKIP: "no setup, or a gate refused its plan",
    Action.VETO: "the noise filter forbids every entry of this bar",
}
SETUPS = {
    "PHASE": "the strategy does not look for setups in this phase of the session",
    "NOT_BEFORE": "the session is too young for the strategy",
    "REGIME": "the market's regime is not known, or none that the strategy trades in",
    "CHOPPY": "the price goes to and fro too much for the strategy",
    "EXTREME_EXCEEDED": "the price is beyond the extreme again that it had turned from",
    "VWAP_Z": "the price is not stretched far enough from VWAP",
    "VWAP_SIDE": "the price is on the wrong side of VWAP",
    "VWAP": "VWAP is not known: the session's first minute was not seen",
    "MICRO_TREND": "the trend of the last bars is too strong to fade, or too weak to join",
    "CLOSE_LOCATION": "the bar did not close on the side towards VWAP",
    "OPPOSITE_F2": "it is too likely that the break of a level has failed the other way",
    "TARGET_TICKS": "VWAP is too near for a target",
    "FAILED_BREAK": "no level was broken and won back, or not clearly enough",
    "TREND_AGAINST": "the market goes against the plan",
    "SWEEP": "no 20-bar extreme was run and rejected, or not clearly enough",
    "RANGE": "the close is not beyond the 20-bar range",
    "BODY_IMPULSE": "the bar's body is too small beside those before it",
    "VOLUME_Z": "volume is not far enough above its usual",
    "NOISE": "the market is not noise enough for a veto",
    "NEVER": "the strategy never orders",
}
REGIMES = {
    Regime.VOLATILE: "ranges are far above their usual size",
    Regime.TRENDING: "the price goes one way, and straight",
    Regime.CHOPPY: "the price goes to and fro",
    Regime.RANGE: "none of the others: it turns around its average",
    Regime.UNKNOWN: "a signal that it takes is not defined yet",
}
MODES = {
    "OBSERVE": "everything is done but the sending of orders: every plan is followed as a shadow trade",
    "PAPER": "orders go to a paper account or the simulated gateway",
    "LIVE": "orders go to a real account",
}
WHAT_LAYERS_ASK = {
    Layer.KILL_SWITCH: "may anything be entered at all",
    Layer.CONSTITUTION: "loss limits, trades a day, contracts, stop and risk",
    Layer.QUALITY: "can bars and fills be believed",
    Layer.SESSION: "is it a time at which entries are allowed",
    Layer.LOCKOUT: "was there a shock, or is there a blackout",
    Layer.TIER: "does the account's size allow it",
    Layer.BELIEF: "does K5 veto the market, is every signal defined, and is the strategy trusted",
    Layer.EUC: "is the plan worth its cost",
    Layer.TEMPLATE: "are order and bracket of the right form",
}


EVENTS = {
    "missing_gap": "minutes are missing between two bars of the session",
    "not_increasing": "a bar's time is not after the last one's: the bar is rejected",
    "impossible": "a bar's prices contradict each other or are off the tick: the bar is rejected",
    "synthetic": "a bar was filled in, not traded",
    "thin": "too little was traded in the last bars",
    "zero_volume": "a bar of the session without volume",
    "outlier": "a range far above its usual size, and no shock that explains it",
    "late": "a bar arrived late",
    "stuck": "bars that only repeat the one before",
    "bad_quote": "bid or ask were empty, crossed or far apart",
    "stale": "the feed was silent",
    "stale_repeat": "the feed stayed silent",
    "outside_hours": "a bar at an hour at which the exchange is closed",
    "new_level": "prices went to another level and stayed there: it is believed, and what was known of the old one is not",
    "roll": "prices jumped at an open in the days of a roll: another contract; yesterday's levels are not carried over",
    "untrusted_feed": "delayed or frozen data, or another session took the feed",
    "trusted_feed": "data are live again",
    "order_rejected": "the broker rejected an order",
    "late_fill": "a fill came late",
    "excess_slippage": "a fill was further from its price than the contract expects",
    "partial_fill": "an order was filled in parts",
    "change_rejected": "the broker rejected a change of an order",
    "order_unknown": "an order's state was not known for too long",
    "connection_disrupted": "the connection to the broker was lost",
    "naked_time": "a position stood without its stop for a while",
    "entry_expired": "an entry was not filled in its time",
}
LINKS = {
    "DOWN": "no connection to the gateway",
    "CUT": "the gateway has lost the broker: nothing is sent, stops that work stay, exits wait and go first",
    "CONNECTED": "what is true at the broker is being asked for; the way out is open",
    "SYNCED": "all that is true at the broker is known; entries are possible",
    "DEGRADED": "something is not told by the broker and is asked for again every minute: no entries, the way out is open",
}


@cache
def glossary() -> dict[str, tuple[Term, ...]]:
    """Every code with its meanings (a word may be a state and a refusal), in the order a reader meets them."""
    found: dict[str, tuple[Term, ...]] = {}
    for term in _terms():
        found[term.code] = (*found.get(term.code, ()), term)
    return found


def _terms() -> Iterator[Term]:
    parts: list[tuple[str, Mapping[str, str]]] = [
        ("strategy", STRATEGIES), ("score or measure", SCORES), ("belief", BELIEFS), ("decision", ACTIONS), ("exit", EXITS),
        ("mark of a trade", MARKS), ("learning state", STATES), ("kill switch", KILL), ("link to the broker", LINKS), ("mode", MODES),
        ("regime", REGIMES), ("no setup", SETUPS), ("event that costs score", EVENTS),
    ]  # fmt: skip
    for kind, part in parts:
        yield from (Term(str(code), kind, words) for code, words in part.items())
    for layer, asks in WHAT_LAYERS_ASK.items():
        yield Term(f"L{layer.value}", "layer of gates", f"{LAYER_NAMES[layer]}: {asks}")
    for code, words in MEANING.items():
        yield Term(str(code), "refusal", words)
