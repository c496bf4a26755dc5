"""The queues of Nautilus' live engines: each is a task of the event loop, and a listener that raises CancelledError ends it without a
word. Then commands wait, or events are never told, for good.

One that has ended while its engine runs is started again, at once, and told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

NAMES = ("cmd", "req", "res", "data", "evt")  # of queues as Nautilus' engines call them; none has all
GETTER = "get_{}_queue_task"


class Queues:
    """Those of `engines`; a simulated engine has none. `ended` is told, in words, of each that had to be started again.

    What was being told when a queue ended has been applied and is not told again. `wrap` keeps what is done here from raising.
    """

    def __init__(
        self, engines: Iterable[Any], ended: Callable[[str], None], wrap: Callable[[Callable[..., Any]], Callable[..., None]]
    ) -> None:
        self._queues = [(engine, name, get) for engine in engines for name in NAMES if (get := getattr(engine, GETTER.format(name), None))]
        self._ended = ended
        self._on_end = wrap(lambda task: task.cancelling() or self.look())  # a loop that ends cancels all; others are looked for

    def look(self) -> None:
        """Start again what has ended, and be called when one of them ends."""
        for engine, name, task_of in self._queues:
            task = task_of()
            if task is None or not engine.is_running:
                continue
            if task.done():
                self._again(engine, name, task.get_loop())
            else:
                self._hear(task)

    def _hear(self, task: Any) -> None:
        task.remove_done_callback(self._on_end)  # once, however often it is looked at
        task.add_done_callback(self._on_end)

    def _again(self, engine: Any, name: str, loop: Any) -> None:
        task = loop.create_task(getattr(engine, f"_run_{name}_queue")(), name=f"{name}_queue")
        setattr(engine, f"_{name}_queue_task", task)
        self._hear(task)
        self._ended(f"{type(engine).__name__}, {name}")
