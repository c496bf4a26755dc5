"""The workers: Ray, started on this machine's loopback alone and behind a token, or a cluster that runs already.

Ray places the trials, sends what they share once to each machine, and runs a trial again if its worker died. Its dashboard and its
reports of usage to its makers are off.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple, Self, TypeVar

from bot.asked_to_end import both_wait
from bot.errors import MesbotError, UsageError
from bot.plural import counted
from bot.research.trial import Job, OtherMesbot, Outcome, Shared, run_trial

TRIES = 3  # again, after the first, that a trial is run if its worker dies under it
OBJECTS_BYTES = 500_000_000
CONNECT_SECONDS = 5.0
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_OBJECT_STORE_ALLOW_SLOW_STORAGE": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DISABLE_FAILURE_SIGNAL_HANDLER": "1",  # which shows a person a stack trace where SIGTERM asks it to end
}
ON_LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}  # Ray's own way to be asked for 127.0.0.1; else it listens everywhere
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "RAYON_NUM_THREADS", "TOKIO_WORKER_THREADS"), "1"
)  # of a worker: there is one a processor
Key = TypeVar("Key")


class Failed(NamedTuple):
    """A trial that has no outcome, and why, a sentence."""

    why: str


class Pool:
    """Workers while its `with` block runs; `workers` is how many trials run at once.

    Entering it raises UsageError, one sentence, if there is no cluster at the address. What was started here ends with it, and with
    this process, however it ends; a cluster that was there stays. `nodes` counts the trials that each of Ray's nodes has done.
    """

    def __init__(self, shared: Shared, address: str | None = None, workers: int | None = None) -> None:
        self._shared, self._address, self._wanted = shared, address, workers
        self._folder = ""
        self._waiting: dict[Any, Any] = {}
        self.workers = 0
        self.nodes: Counter[str] = Counter()

    def __enter__(self) -> Self:
        if self._address is not None:
            _require_answer(self._address)
        os.environ.update(QUIET)
        if self._address is None:  # whoever has no token may not even ask, though the machine be shared
            os.environ.update(ONE_THREAD, RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=_token())
        if self._address is None or self._address.rpartition(":")[0] in LOOPBACK:
            os.environ.update(ON_LOOPBACK)
        try:
            with both_wait():  # an exception in the midst of Ray's start or end has ended in a segmentation fault
                import ray

                self._start(ray)
                self.workers = int(ray.cluster_resources().get("CPU", 0))
                self._sent = ray.put(self._shared)
                self._run = ray.remote(num_cpus=1, max_retries=TRIES)(_trial)
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
                    why = " ".join(str(error).split())[:120]
                    raise UsageError(
                        f"--ray {self._address}: what answers there cannot be used, or this machine is no node of it ({why})."
                    ) from None
                return
            short = "/tmp" if sys.platform != "win32" else None  # the paths of Ray's sockets must be short
            self._folder = tempfile.mkdtemp(prefix="mesbot-ray-", dir=short)
            ray.init(
                num_cpus=self._wanted or os.cpu_count(),
                include_dashboard=False,
                object_store_memory=OBJECTS_BYTES,
                _node_ip_address="127.0.0.1",
                _temp_dir=f"{self._folder}/r",  # one that Ray opens to all, within one that is ours
                **quiet,
            )
            if (found := ray.nodes()[0]["NodeManagerAddress"]) != "127.0.0.1":
                raise MesbotError(
                    f"Ray would listen on {found}, where others reach it: it was imported before it could be asked for the loopback; "
                    "begin a new process, and leave `import ray` out."
                )

    def __exit__(self, *_: object) -> None:
        with both_wait():  # an exception in the midst of Ray's start or end has ended in a segmentation fault
            import ray

            for each in self._waiting:
                ray.cancel(each, force=True)
            ray.shutdown()
            if self._folder:
                shutil.rmtree(self._folder, ignore_errors=True)

    def results(self, jobs: Mapping[Key, Job]) -> Iterator[tuple[Key, Outcome | Failed]]:
        """Run all jobs at once, as far as there are workers; each as it is done, in no order. Raises OtherMesbot."""
        import ray

        self._waiting = {self._run.remote(self._sent, job): key for key, job in jobs.items()}
        while self._waiting:
            (done,), _ = ray.wait(list(self._waiting), num_returns=1)
            key = self._waiting.pop(done)
            yield key, self._result(ray, done)

    @property
    def told(self) -> str:
        """How many trials run at once, and where, a sentence."""
        import ray

        nodes = sum(each["Alive"] for each in ray.nodes())
        return f"Workers: {counted(self.workers, 'trial')} at once, on {counted(nodes, 'node')}."

    def _result(self, ray: Any, done: Any) -> Outcome | Failed:
        found = _got(ray, done)
        if isinstance(found, Failed):
            return found
        node, outcome = found
        self.nodes[node] += 1
        return outcome


@cache
def _token() -> str:
    """The token of all that this process starts: Ray reads it once a process."""
    return secrets.token_hex(32)


def _require_answer(address: str) -> None:
    """Raises UsageError, one sentence, if nothing listens at an address: Ray itself would ask for minutes."""
    host, _, port = address.rpartition(":")
    if not (host and port.isdigit() and 0 < int(port) < 65_536):
        raise UsageError(f"--ray {address}: must be HOST:PORT, as `ray start --head` says it, e.g. 10.0.0.5:6379.")
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
    except OSError as error:
        raise UsageError(
            f"--ray {address}: nothing answers there ({error.strerror or error}); `ray start --head` begins a cluster."
        ) from None


def _trial(shared: Shared, job: Job) -> tuple[str, Outcome]:
    """A trial, and the node of Ray on which it ran; this is what a worker is sent."""
    import ray

    return ray.get_runtime_context().get_node_id(), run_trial(shared, job)


def _got(ray: Any, done: Any) -> tuple[str, Outcome] | Failed:
    try:
        return ray.get(done)
    except ray.exceptions.RayTaskError as error:
        cause = error.cause
        if isinstance(cause, OtherMesbot):
            raise cause from None
        return Failed(cause.told if isinstance(cause, MesbotError) else f"{type(cause).__name__}: {cause}")
    except ray.exceptions.RayError as error:
        return Failed(f"Its worker died {TRIES + 1} times: {' '.join(str(error).split())[:200]}")
