"""Which way a contract's key is stricter. Every key declares it, beside its type: `max_trades_per_day: Down[Count]`.

Within a trading day a change counts only as far as it is stricter (bot/contracts/within_day.py). A key that declares nothing
counts as NEITHER: its change waits. A key by which something else is measured (slippage, fees, the phases of a belief) is NEITHER
too: what makes an entry dearer may make a loss look smaller.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any, TypeVar

from pydantic.fields import FieldInfo

T = TypeVar("T")


class Stricter(Enum):
    """The stricter of two values; of true and false DOWN means false."""

    DOWN = "the smaller value"
    UP = "the larger value"
    MORE = "a list of all rows of either"
    FEWER = "a list of what stands in both"
    NEITHER = "neither value"

    def of(self, in_force: Any, loaded: Any) -> Any:
        """The stricter of the value in force and the loaded one; the one in force if neither is, or they cannot be compared."""
        try:
            match self:
                case Stricter.DOWN:
                    return loaded if loaded < in_force else in_force
                case Stricter.UP:
                    return loaded if loaded > in_force else in_force
                case Stricter.MORE:
                    return [*in_force, *(row for row in loaded if row not in in_force)]
                case Stricter.FEWER:
                    return [row for row in in_force if row in loaded]
        except TypeError:  # only one of them has a value
            pass
        return in_force


Down = Annotated[T, Stricter.DOWN]
Up = Annotated[T, Stricter.UP]
More = Annotated[T, Stricter.MORE]
Fewer = Annotated[T, Stricter.FEWER]
Neither = Annotated[T, Stricter.NEITHER]


def declared_in(field: FieldInfo) -> Stricter | None:
    """What a key of a model declares; None if nothing: then it is a section, whose own keys do, or NEITHER."""
    return next((each for each in field.metadata if isinstance(each, Stricter)), None)
