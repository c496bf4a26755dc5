"""YAML as the contracts need it: a key that stands twice is a fault, and times may leave out their seconds."""

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
    """A safe loader that refuses duplicate keys and knows 2025-12-10T13:55-05:00."""

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

    def minute_time(self, node: yaml.ScalarNode) -> DateTime:
        """A time with offset, without seconds."""
        return DateTime.fromisoformat(node.value)


ContractLoader.add_implicit_resolver(MINUTE_TIME, re.compile(r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?:Z|[+-]\d\d:\d\d)?$"), list("0123456789"))
ContractLoader.add_constructor(MINUTE_TIME, ContractLoader.minute_time)


def read_yaml(text: str) -> Any:
    """The values of one YAML document, the caller's own. Raises yaml.YAMLError (DuplicateKey among them) with its line."""
    return deepcopy(_read(text))


@lru_cache(maxsize=64)
def _read(text: str) -> Any:
    """Kept, since a start reads the same files several times and waits for little else."""
    return yaml.load(text, Loader=ContractLoader)
