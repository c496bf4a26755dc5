"""Workers: Ray on this machine's loopback alone; a worker that is killed loses nothing; what they share is sent once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from bot.research.extra import LIBRARIES

if missing := [name for name in LIBRARIES if find_spec(name) is None]:  # imported here, Ray could not be asked for the loopback
    pytest.skip(f"the extra research is not installed: {', '.join(missing)}", allow_module_level=True)

from small_research import descendants, job, kill_a_worker, shared

from bot.asked_to_end import both_wait
from bot.errors import UsageError
from bot.research.pool import ONE_THREAD, Failed, Pool
from bot.research.trial import OtherMesbot, run_trial

TRIED = {place: {"K1.min_abs_vwap_z": number} for place, number in enumerate((1.2, 1.5, 1.8, 2.1))}
linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes and sockets by /proc")


@pytest.fixture(scope="module")
def pool():
    with Pool(shared(), workers=2) as started:
        yield started


def test_ctrl_c_while_ray_starts_counts_once_it_has_started_and_what_was_started_is_ended(monkeypatch):
    done: list[str] = []

    def start(self: Pool, ray: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        done.append("started")
        raise UsageError("and it failed, too")

    monkeypatch.setattr(Pool, "_start", start)
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(shutdown=lambda: done.append("ended")))
    with pytest.raises(UsageError, match="failed, too"), Pool(shared()):
        done.append("worked")
    assert done == ["started", "ended"]
    with pytest.raises(KeyboardInterrupt):
        with both_wait():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("went on")
        done.append("beyond")
    assert done[2:] == ["went on"] and signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_worker_has_one_thread_for_its_numbers(pool):
    import ray

    there = ray.get(ray.remote(lambda: dict(os.environ)).remote())
    assert {name: there.get(name) for name in ONE_THREAD} == ONE_THREAD


@pytest.mark.slow
@linux
def test_a_worker_killed_at_work_loses_no_trial_and_changes_none(pool):
    expected = {place: run_trial(shared(), job(numbers)) for place, numbers in TRIED.items()}
    killed: list[int] = []

    def kill() -> None:
        until = time.monotonic() + 120
        while not killed and time.monotonic() < until:
            if pid := kill_a_worker(os.getpid()):
                killed.append(pid)
            time.sleep(0.05)

    killer = threading.Thread(target=kill)
    killer.start()
    found = dict(pool.results({place: job(numbers) for place, numbers in TRIED.items()}))
    killer.join()
    assert killed, "no worker was seen at work"
    assert {place: (each.head, each.net_usd) for place, each in found.items()} == {
        place: (each.head, each.net_usd) for place, each in expected.items()
    }


def test_numbers_that_do_not_hold_are_a_sentence_and_the_others_go_on(pool):
    found = dict(pool.results({"wrong": job({"K1.min_abs_vwap_z": -1.0}), "right": job()}))
    assert isinstance(found["wrong"], Failed) and "K1.min_abs_vwap_z" in found["wrong"].why
    assert found["right"].head == run_trial(shared(), job()).head


def test_a_machine_with_another_mesbot_ends_it_and_blames_no_set(pool, monkeypatch):
    import ray

    monkeypatch.setattr(pool, "_sent", ray.put(msgspec.structs.replace(shared(), program="another")))
    with pytest.raises(OtherMesbot, match="runs another mesbot than this one"):
        dict(pool.results({"any": job()}))


@linux
def test_it_listens_on_the_loopback_alone_and_has_no_dashboard(pool):
    own = descendants(os.getpid()) | {os.getpid(): ""}
    listening = {}
    for pid in own:
        for kind in ("tcp", "tcp6"):
            for socket in _listening(pid, kind):
                listening[socket] = own[pid]
    assert listening, "Ray listens nowhere?"
    assert {address for address, _ in listening} <= {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
    assert all("--disable-frontend" in called for called in own.values() if "dashboard/dashboard.py" in called)
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


def _listening(pid: int, kind: str) -> set[tuple[str, str]]:
    """The addresses, as the kernel writes them, on which a process listens."""
    try:
        inodes = {os.readlink(each).removeprefix("socket:[").rstrip("]") for each in Path(f"/proc/{pid}/fd").iterdir()}
        rows = [line.split() for line in Path(f"/proc/{pid}/net/{kind}").read_text().splitlines()[1:]]
    except OSError:  # it has ended
        return set()
    return {tuple(row[1].split(":")) for row in rows if row[3] == "0A" and row[9] in inodes}


STRANGER = """
import ray
ray.init(address={address!r}, logging_level="critical")
print("inside", ray.get(ray.remote(lambda: 1).remote()))
"""


@pytest.mark.slow
def test_whoever_has_no_token_is_not_let_in(pool):
    import ray

    source = STRANGER.format(address=ray.get_runtime_context().gcs_address)
    strangers = {name: value for name, value in os.environ.items() if name not in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN")}
    for environment, inside in (
        (dict(os.environ), True),
        (strangers, False),
        ({**strangers, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "x" * 64}, False),
    ):
        done = subprocess.run([sys.executable, "-c", source], env=environment, capture_output=True, text=True, timeout=300, check=False)
        assert (done.returncode == 0 and done.stdout.startswith("inside 1")) is inside, done.stdout + done.stderr


def test_it_says_where_it_works(pool):
    assert pool.told == "Workers: 2 trials at once, on 1 node."


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("127.0.0.1:1", "--ray 127.0.0.1:1: nothing answers there (Connection refused); `ray start --head` begins a cluster."),
        ("auto", "--ray auto: must be HOST:PORT"),
        ("ray://10.0.0.5:x", "must be HOST:PORT"),
        ("10.0.0.5:0", "must be HOST:PORT"),
    ],
)
def test_an_address_without_a_cluster_is_a_sentence(address, sentence):
    with pytest.raises(UsageError) as told:
        Pool(shared(), address=address).__enter__()
    assert sentence in str(told.value)
