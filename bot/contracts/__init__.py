"""The contracts: models of the seven YAML files (models), their loader and cross-checks (load, checks),
and the hours in which a strategy may enter (entry_windows)."""

from bot.contracts.load import load_contracts
from bot.contracts.models import Contracts

__all__ = ["Contracts", "load_contracts"]
