"""What contracts may say, and a person should think about twice."""

from __future__ import annotations

from bot.contracts.models import Contracts


def doubts(contracts: Contracts) -> list[str]:
    """Sentences about values that hold and are hardly meant; none if there is nothing to say."""
    if contracts.risk_model.fee_per_side_usd == 0:
        return [
            "Warning: risk_model.yaml: fee_per_side_usd = 0: no broker trades for nothing, and friction, targets and results all count it; "
            "write what yours takes for a contract and side."
        ]
    return []
