"""What a verb is, and how one is declared."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.gateway.host import Host
from bot.gateway.verbs.form import fits, pattern_of

Action = Callable[[Host, list[str]], Any]


@dataclass(frozen=True)
class Verb:
    """A verb: its form, one line of help, words that work, and what it does to a host.

    The words after its name that `action` is handed have the form. An action that takes time hands back something to await.
    """

    form: str
    help: str
    example: str
    action: Action
    pattern: re.Pattern[str]

    @property
    def name(self) -> str:
        """Its first word."""
        return self.form.split()[0]

    @property
    def manual(self) -> str:
        """Its form and its help."""
        return f"`{self.form}`: {self.help}"

    def takes(self, words: list[str]) -> bool:
        """Whether these words after its name have its form. Raises GatewayError for a kind of frame that is none."""
        return fits(self.pattern, words)


def verb(form: str, help: str, *, example: str) -> Callable[[Action], Verb]:
    """Declares the function under it as a verb.

    The example speaks of client 1, its resting order R and its filled order F, and a test does it.
    Raises GatewayError for a form that is none.
    """
    return lambda action: Verb(form, help, example, action, pattern_of(form))
