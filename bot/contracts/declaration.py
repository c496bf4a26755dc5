"""What a strategy says of itself, once, in its own file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel

Evidence = Callable[[Any, int, Mapping[str, float]], float]
"""(MarketState, side +1 or -1, the block's weights) -> -1..1; nan if it cannot be known."""


class Declaration:
    """Base of every strategy class: three names, from which all else follows.

    `name` is a capital letter and up to seven more letters or digits; `rules_model` the model of its block;
    `belief` the one it stands on, the core's or its own (then the same file has a function `evidence`).
    """

    name: ClassVar[str]
    rules_model: ClassVar[type[BaseModel]]
    belief: ClassVar[str]


@dataclass(frozen=True)
class Declared:
    """A strategy that was found: what it declares, its class `kind`, and where both are.

    `shipped` says that its block stands in strategies.yaml; else it stands beside the file. `origin` is where a person
    finds it: the folder, or the name of the entry point. `evidence` is None if it stands on a belief of another.
    """

    name: str
    summary: str
    belief: str
    rules_model: type[BaseModel]
    evidence: Evidence | None
    kind: type[Any]
    file: Path
    origin: str
    shipped: bool

    @property
    def import_path(self) -> str:
        """What Nautilus' ImportableStrategyConfig calls the class: `strategies.k6:Name`."""
        return f"{self.kind.__module__}:{self.kind.__qualname__}"

    @property
    def block_file(self) -> str:
        """The name of the file that holds its block."""
        return "strategies.yaml" if self.shipped else self.file.with_suffix(".yaml").name
