"""The law: models of the seven YAML files and of the strategies' blocks (models, blocks), how strategies are found and what
they declare (discovery, declaration), loader and cross-checks (load, checks), and the limits derived from them (derived)."""

from bot.contracts.load import load_contracts, read_contracts
from bot.contracts.models import Contracts

__all__ = ["Contracts", "load_contracts", "read_contracts"]
