"""YAML as the contracts need it: nothing is read as something else than it looks like.

A key that stands twice is a fault, and so is a name for what stands elsewhere (an alias); times may leave out their seconds. A number is
written in figures: 1:10 is not seventy, 010 not eight, 1_0 not ten, as YAML 1.1 has it.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from copy import deepcopy
from datetime import datetime as DateTime
from functools import lru_cache
from typing import Any

import yaml

MINUTE_TIME = "!minute-time"


class DuplicateKey(yaml.MarkedYAMLError):
    """A key stands twice in one section; YAML itself would silently take the last."""


class ContractLoader(yaml.SafeLoader):
    """A safe loader that refuses duplicate keys and aliases, and knows 2025-12-10T13:55-05:00."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """A node; raises MarkedYAMLError for an alias, of which a few lines can make more than a machine holds."""
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            raise yaml.MarkedYAMLError(
                problem=f"*{event.anchor} stands for what is written elsewhere; write it out", problem_mark=event.start_mark
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The section's keys and values; raises DuplicateKey with the line of the second one."""
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                continue  # the parent names that fault
            if key in seen:
                raise DuplicateKey(problem=f"{key} stands twice; each key may stand once", problem_mark=key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)

    def number(self, node: yaml.ScalarNode) -> int | float:
        """A number in figures, also where a tag (!!int) says that it is one. Raises MarkedYAMLError."""
        if not NUMBERS[node.tag][0].match(node.value):
            raise yaml.MarkedYAMLError(problem=f"{node.value[:20]} is no number in figures", problem_mark=node.start_mark)
        return self.construct_yaml_int(node) if node.tag == INT else self.construct_yaml_float(node)

    def minute_time(self, node: yaml.ScalarNode) -> DateTime:
        """A time with offset, without seconds."""
        return DateTime.fromisoformat(node.value)


INT, FLOAT = "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"
NUMBERS = {
    INT: (re.compile(r"^[-+]?(?:0|[1-9]\d{0,17})$", re.ASCII), "-+0123456789"),
    FLOAT: (
        re.compile(r"^(?:[-+]?(?:\d+\.\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$", re.ASCII),
        "-+0123456789.",
    ),
}
ContractLoader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in forms if tag not in NUMBERS] for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _tag, (_form, _first) in NUMBERS.items():
    ContractLoader.add_implicit_resolver(_tag, _form, list(_first))
    ContractLoader.add_constructor(_tag, ContractLoader.number)
ContractLoader.add_implicit_resolver(MINUTE_TIME, re.compile(r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?:Z|[+-]\d\d:\d\d)?$"), list("0123456789"))
ContractLoader.add_constructor(MINUTE_TIME, ContractLoader.minute_time)


def read_yaml(text: str) -> Any:
    """The values of one YAML document, the caller's own. Raises yaml.YAMLError (DuplicateKey among them) with its line."""
    return deepcopy(_read(text))


@lru_cache(maxsize=64)
def _read(text: str) -> Any:
    """Kept, since a start reads the same files several times and waits for little else."""
    try:
        return yaml.load(text, Loader=ContractLoader)
    except RecursionError:
        raise yaml.YAMLError("its sections stand too deep within each other") from None
