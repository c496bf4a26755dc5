"""The contracts: models of the seven YAML files and of the strategies' blocks (models, blocks), how strategies are found and what
they declare (discovery, declaration), loader and cross-checks (load, checks), and the hours in which a strategy may enter
(entry_windows)."""

from bot.contracts.load import load_contracts, read_contracts
from bot.contracts.models import Contracts

__all__ = ["Contracts", "load_contracts", "read_contracts"]
