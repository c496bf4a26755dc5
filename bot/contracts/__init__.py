"""The law: models of the six YAML files (models), their loader and cross-checks (load),
and the limits derived from them (derived)."""

from bot.contracts.load import load_contracts
from bot.contracts.models import Contracts

__all__ = ["Contracts", "load_contracts"]
