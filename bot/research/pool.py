"""The workers: Ray, started on this machine's loopback alone, or a cluster that runs already.

Ray places the trials, sends what they share once to each machine, and runs a trial again if its worker died. Its dashboard and its
reports of usage to its makers are off.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Self, TypeVar

from bot.errors import MesbotError, UsageError
from bot.research.trial import Job, Outcome, Shared, run_trial

TRIES = 3  # again, after the first, that a trial is run if its worker dies under it
OBJECTS_BYTES = 500_000_000
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_OBJECT_STORE_ALLOW_SLOW_STORAGE": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
ON_LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}  # Ray's own way to be asked for 127.0.0.1; else it listens everywhere
Key = TypeVar("Key")


class Failed(NamedTuple):
    """A trial that has no outcome, and why, a sentence."""

    why: str


class Pool:
    """Workers while its `with` block runs; `workers` is how many trials run at once.

    Entering it raises UsageError, one sentence, if there is no cluster at the address. What was started here ends with it, and with
    this process, however it ends; a cluster that was there stays.
    """

    def __init__(self, shared: Shared, address: str | None = None, workers: int | None = None) -> None:
        self._shared, self._address, self._wanted = shared, address, workers
        self._folder = ""
        self._waiting: dict[Any, Any] = {}
        self.workers = 0

    def __enter__(self) -> Self:
        os.environ.update(QUIET)
        if self._address is None or self._address.rpartition(":")[0] in LOOPBACK:
            os.environ.update(ON_LOOPBACK)
        import ray

        try:
            self._start(ray)
            self.workers = int(ray.cluster_resources().get("CPU", 0))
            self._sent = ray.put(self._shared)
            self._run = ray.remote(num_cpus=1, max_retries=TRIES)(run_trial)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self, ray: Any) -> None:
        quiet = {"log_to_driver": False, "configure_logging": True, "logging_level": "critical"}
        with warnings.catch_warnings(action="ignore"):
            if self._address is not None:
                try:
                    ray.init(address=self._address, **quiet)
                except (ConnectionError, ValueError, RuntimeError, OSError) as error:
                    raise UsageError(
                        f"--ray {self._address}: no Ray cluster answers there, or this machine is none of its nodes "
                        f"({' '.join(str(error).split())[:120]}); `ray start --head` begins one, and docs/research.md says how."
                    ) from None
                return
            short = "/tmp" if sys.platform != "win32" else None  # the paths of Ray's sockets must be short
            self._folder = tempfile.mkdtemp(prefix="mesbot-ray-", dir=short)
            ray.init(
                num_cpus=self._wanted or os.cpu_count(),
                include_dashboard=False,
                object_store_memory=OBJECTS_BYTES,
                _node_ip_address="127.0.0.1",
                _temp_dir=self._folder,
                **quiet,
            )

    def __exit__(self, *_: object) -> None:
        import ray

        for each in self._waiting:
            ray.cancel(each, force=True)
        ray.shutdown()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def results(self, jobs: Mapping[Key, Job]) -> Iterator[tuple[Key, Outcome | Failed]]:
        """Run all jobs at once, as far as there are workers; each as it is done, in no order."""
        import ray

        self._waiting = {self._run.remote(self._sent, job): key for key, job in jobs.items()}
        while self._waiting:
            (done,), _ = ray.wait(list(self._waiting), num_returns=1)
            key = self._waiting.pop(done)
            yield key, _result(ray, done)


def _result(ray: Any, done: Any) -> Outcome | Failed:
    try:
        return ray.get(done)
    except ray.exceptions.RayTaskError as error:
        cause = error.cause
        return Failed(cause.told if isinstance(cause, MesbotError) else f"{type(cause).__name__}: {cause}")
    except ray.exceptions.RayError as error:
        return Failed(f"Its worker died {TRIES + 1} times: {' '.join(str(error).split())[:200]}")
