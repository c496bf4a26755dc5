"""The counterfactual ledger: what each gate, veto and quarantine saved or cost (spec 7)."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from bot.decision.outcome import Mark, TradeOutcome
from bot.learning.intervals import by_day, total_interval

DRAWS = 1000


class LedgerRow(msgspec.Struct, frozen=True, gc=False):
    """One refusal code over the shadow trades that it refused. Money is whole cents, net of fees and slippage.

    `episodes` counts shadow trades that filled (refusals within 30 minutes on one side are one
    episode); `saved_cents` is the sum of losses avoided, `cost_cents` of wins missed, both
    >= 0; `net_cents` = saved - cost with its bootstrap bounds `low_cents` and `high_cents` (nan with fewer than
    two days); `overlap` is the share of episodes that another gate refused as well, so rows
    do not add up.
    """

    code: str
    episodes: int
    saved_cents: int
    cost_cents: int
    net_cents: int
    low_cents: float
    high_cents: float
    overlap: float


def veto_ledger(outcomes: Iterable[TradeOutcome], confidence: float, seed: int, draws: int = DRAWS) -> list[LedgerRow]:
    """A row per refusal code, the most episodes first; real trades are passed over, and so is what never was (VOID).

    Hand in the outcomes of one strategy to see what its quarantine did.
    """
    refused: dict[str, list[TradeOutcome]] = {}
    for outcome in outcomes:
        if outcome.shadow and outcome.mark is not Mark.VOID:
            for code in dict.fromkeys(outcome.gates):
                refused.setdefault(code, []).append(outcome)
    rows = [_row(code, episodes, confidence, draws, seed) for code, episodes in refused.items()]
    return sorted(rows, key=lambda row: (-row.episodes, row.code))


def _row(code: str, episodes: list[TradeOutcome], confidence: float, draws: int, seed: int) -> LedgerRow:
    saved_cents = -sum(min(0, episode.net_cents) for episode in episodes)
    cost_cents = sum(max(0, episode.net_cents) for episode in episodes)
    low, high = total_interval(by_day(episodes, "net_cents"), confidence, draws, seed)
    return LedgerRow(
        code=code,
        episodes=len(episodes),
        saved_cents=saved_cents,
        cost_cents=cost_cents,
        net_cents=saved_cents - cost_cents,
        low_cents=-high,
        high_cents=-low,
        overlap=sum(len(set(episode.gates)) > 1 for episode in episodes) / len(episodes),
    )
