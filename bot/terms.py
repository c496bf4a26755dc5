"""Words for what stands above columns, before facts and in sentences of the screens: plain English is not among them.

Codes have their words in bot/glossary.py. `mesbot why WORD` knows both, and the report's legend shows those of its headings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from bot.glossary import WHAT_LAYERS_ASK, Term
from bot.journal.sentences import LAYER_NAMES

WEIGHED = "newer trades and those on better data weigh more"

TERMS: Mapping[str, str] = {
    # how an entry comes about
    "setup": "what a strategy looks for in the market before it plans anything",
    "plan|plans": "an entry that a strategy wants: side, size, price, stop and target; the gates say whether it may be sent",
    "gate|gates|refused by|refusals": "a condition that every plan must meet; each has a code, and one that is not met refuses the plan",
    "first gate": "the failing gate of the highest authority: the one that a refusal is named by",
    "layer|layers": "gates of one authority, L0 to L8; they are asked from L0 on, and the first that fails refuses the plan",
    "headroom|to enter|to pass": "what would have had to be otherwise for a plan to become an entry",
    "no plan for want of": "the first condition of the setup that was missing",
    "chosen": "plans that passed every gate and were the best of their bar: their brackets were sent",
    "decided": "the minute whose close decided it; or what was decided for a strategy on a bar",
    "intent|intents": "an entry with its bracket, written to the journal before it is sent",
    "bracket|brackets": "an entry with its stop and target, sent together",
    "submission|submissions": "an entry that was sent to the broker, filled or not; a day has so many",
    "entry window|windows": "the times at which the session contract lets entries pass",
    "LIMIT|STOP_LIMIT": "how an entry is sent: at its price or better; STOP_LIMIT only once the market has come to another price first",
    "opening|mid-morning|afternoon|lunch": "a part of the session, by its name in the session contract: `mesbot contracts` shows them",
    "bar": "a minute: open, high, low, close and volume; it is named by its close",
    "level|levels": "a price that the market is known to turn at, such as yesterday's high or the edge of the opening range",
    "tick|ticks": "the smallest step of a price: 0.25 points, $1.25 a contract",
    # money and limits
    "law": "the contracts in force: every limit and number, in files that only a person changes",
    "contracts|contract": "the files with every limit and number that is in force; of a trade: how many futures it bought or sold",
    "budget|budgets|left|left: day": "what a loss limit, of the day, the week or the month, still leaves to lose",
    "loss limit|loss limits": "the most that a day, a week or a month may lose; what could lead beyond it is not entered",
    "tier|capital tier|tier S|tier A|tier B": "S, A or B by the account's equity: which strategies, stops and risks it allows",
    "risk cap": "the most that a plan may lose at its stop, in dollars, before fees and slippage",
    "stop cap": "the widest stop that a plan may have, in ticks",
    "set by": "which limit makes the stop cap: the constitution's, the tier's, or the risk cap divided by the contracts",
    "worst case": "what a trade is counted to lose before it is entered: its stop, with slippage and fees",
    "day left": "what the day's loss limit leaves after a worst case",
    "then stop": "the widest stop that what is left of the day still allows",
    "needs|margin|margin buffer": "funds that must be free before an entry: the contracts' margin, times a buffer",
    "friction": "fees and slippage together, beside the way to the target",
    "slippage": "how far a fill is from the price it was meant for, in ticks; a backtest takes the pessimistic one",
    "losing streak": "losses in a row, wins between them ending it; at its limit entries are locked until the next session",
    "lock|locks|lockout|lockouts": "why no entry passes at present, and until when",
    "entry lock": "a person has said `mesbot lock`; no entry passes until `mesbot unlock`",
    "lock request|unlock request|kill request": "what a person asked for and the bot has not carried out yet",
    "latch": "a file beside the journal that keeps a kill and a lock in mind even if the journal is lost",
    "drill": "the kill switch tried out on a small position, each step with its time",
    # what came of it
    "book|together": "all strategies together, as the one account they share; it holds one position at a time",
    "trade|trades": "an entry that was filled, until nothing of it is held",
    "trades a session": "trades divided by sessions, those without a trade included",
    "net": "the result in dollars after fees and slippage",
    "won|win rate": f"the share of trades with a net result above 0; where learning judges a strategy, {WEIGHED}",
    "R/trade|R a trade": "the mean result of a trade as a multiple of its planned risk (R)",
    "expectancy": "the mean result of a trade in R; shadow expectancy is that of shadow trades",
    "look|one look|intervals": "an interval holds for one look at one run: who tries many variants and keeps the best one sees a lucky one",
    "95 %|interval": "where the true value lies in 95 of 100 such runs; it holds for one look at one run",
    "account": "what the trader's account at the broker is called, or what it holds",
    "deepest fall|below peak": "how far the account fell below the highest it had been, counted after closed trades",
    "random|draws below|below": "the share of random entries, as many and with the same brackets, that came out below",
    "random: middle": "what the middle one of the draws of random entries came to",
    "random: 95 % of draws": "between what the draws of random entries came to, the best and worst 2.5 % left out",
    "draws": "so many times as many random entries, with the same sides and brackets, at moments when entries are allowed",
    "best": "the furthest a trade went in its favour, in ticks",
    "worst": "the furthest a trade went against it, in ticks",
    "held": "how long the trade was open",
    "open|open P&L": "what an open position is worth at the last price, before fees; the word also stands for an order or a bar",
    # trust
    "trust|evidence": "how far a strategy is believed, by its last real trades; it can make entry harder, never easier",
    "state": "the learning state: active, throttled, quarantined or archived",
    "exit-only": "a tier or a state in which nothing is entered, and what is held is left by its rules",
    "ledger|veto ledger": "for each gate what its refusals saved and cost, by the shadow trades of the refused plans",
    "throttle|throttled|throttle level": "a strategy's costs count more, at level 1 or 2, so that fewer of its plans pass",
    "quarantine": "a strategy may not trade; its plans are followed as shadow trades, which may bring it back",
    "released by": "what brings a strategy back from a state that is not active",
    "statistic": "the measure that moved the state, and its value",
    "sample": "how many trades the measure was made from",
    "shadow trade|shadow trades|shadow": "a refused plan followed on later bars as if it had been sent; no money is in it",
    "episode|episodes": "shadow trades of one strategy and side, counted once in so many minutes",
    "cost x|cost multiplier": "what a strategy's costs are multiplied by where a plan is weighed: 1, and more while it is throttled",
    "saved": "losses avoided: what the losing ones of the shadow trades would have lost",
    "cost": "of refusals: what the winning ones of the shadow trades would have won; of a plan: fees and slippage",
    "also refused by another": "shadow trades that another gate refused as well, so that rows do not add up",
    "belief|beliefs": "how likely a strategy holds its thesis to be, 0 to 1; F1 to F5",
    "veto|vetoes": "K5 forbids every entry of a bar that is noise",
    # bars and scores
    "scores": "DVS and EQS: how far bars and fills can be believed",
    "rejected": "bars whose prices were not used, for they cannot be right",
    "DVS below gate": "bars on which DVS was too low for an entry",
    "passport": "what a file of bars is: sessions, holes, zone of its times, price level, and whether it is usable",
    # a run and its record
    "run": "what one start of backtest, paper, live or demo did, in one journal",
    "end": "whether the run came to its end",
    "journal": "one file to which everything is added and from which nothing is taken; every figure is made from it",
    "head|head hash": "a hash over all records in their order: the same bars and contracts give the same one",
    "unfinished": "trades that may still have orders or a position",
    "link": "the connection to the broker, and how far what is true there is known",
    "clock skew": "how far this machine's clock is from the broker's",
    "told": "what a person must know of the bot's records or requests",
    "cover|naked|without a working stop|naked time today": "a position is covered while a stop works for it, else it is naked",
    "flat": "nothing is held",
    "halted": "nothing is entered until a person says `mesbot resume`",
    "armed": "the kill switch waits; entries are possible",
    "kill switch|kill": "refuses entries, cancels orders, closes the position and halts; only a person arms it again",
    "regime|market": "how the market moves: volatile, trending, choppy or in a range; strategies trade in some of them",
    "replay": "a past day, minute by minute, through the live node and the simulated gateway; it ends with the day",
    "demo": "three short sessions of synthetic bars that `mesbot demo` plays and tells",
    "simulated gateway": "a part of mesbot that answers as IB's gateway does, on this machine; no broker and no money is behind it",
    "lockstep": "a replay's gateway waits for the bot at each minute, so that every speed decides the same",
    # research
    "in force": "the numbers as the contracts have them",
    "in sample": "the sessions on which numbers were chosen",
    "out of sample|out of it|looked at from|all looks": "later sessions, at which the numbers were looked at once and not chosen by them",
    "deflated|deflated significance": "how sure it is that a best of many is no lucky one, 0 to 1",
    "significance": "how sure it is that the mean is above 0, 0 to 1",
    "best by luck alone": "the Sharpe ratio that the best of so many worthless sets would show",
    "middle neighbour": "the Sharpe ratio of the middle one of the sets a step from the best; a lone peak is luck",
    "Sharpe a session": "the mean of the sessions' results divided by how much they scatter",
    "efficiency": "what the chosen numbers made out of sample, as a share of what they made in sample",
    "R of plans": "results of all plans in R, sent or not, so that more than the few trades are counted",
    "random entries below": "the share of random entries, as many and with the same brackets, that came out below",
}  # fmt: skip
"""Spellings that mean the same stand beside each other. None is a number's name: `mesbot why bars` opens the number."""


@cache
def terms() -> tuple[Term, ...]:
    """All of them, then the layers by their names, which refusals are counted by; `also` are other spellings."""
    words = [Term(name, "word", meaning, tuple(also)) for names, meaning in TERMS.items() for name, *also in [names.split("|")]]
    return (*words, *_layers())


def _layers() -> Iterator[Term]:
    for layer, asks in WHAT_LAYERS_ASK.items():
        name = LAYER_NAMES[layer]
        parts = name.replace(" and ", ", ").split(", ")
        numbered = f"{layer.value} {name}"  # as the report's table has it
        yield Term(name, f"layer {layer.value} of gates", asks, (numbered, *(part for part in parts if part != name)))
