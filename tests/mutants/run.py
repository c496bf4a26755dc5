"""Changes the modules of mutants.yaml one thing at a time and asks their first-line tests to notice: `make mutants`.

    .venv/bin/python tests/mutants/run.py [MODULE …] [--jobs N] [--json FILE]

Every mutant is judged in a process of its own, forked from one that has the libraries loaded and nothing of
ours; the module is changed as it is imported, so that no file is rewritten and what is worked out at import
is mutated too. Ends with exit code 1 if a mutant survives that is not listed as equal, if a listed one is killed or
does not exist, or if less than the share is killed. Promises nothing about modules or changes it does not make.
"""

from __future__ import annotations

import argparse
import ast
import gc
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import resource
import sys
import time
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from hypothesis import Phase, settings
from operators import Mutant, mutants

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SHARE = 0.95
CPU_SECONDS = 60  # of one mutant; more is a loop
PASSED, NOTICED = (0,), (1, 2)  # pytest's codes: tests failed, or could not even be collected
QUIET = [
    "-x",
    "-q",
    "--no-header",
    "--tb=no",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:xdist",
    "-p",
    "no:logging",
    "--assert=plain",
    "--hypothesis-profile=mutants",
]


class Job(NamedTuple):
    """A mutant to be judged by these tests; without a mutant: the module as it is."""

    module: str
    tests: list[str]
    mutant: Mutant | None


class Changed(importlib.machinery.SourceFileLoader):
    """Loads a module from this tree instead of its file."""

    def __init__(self, name: str, path: str, tree: ast.Module) -> None:
        super().__init__(name, path)
        self._tree = tree

    def get_code(self, fullname: str) -> Any:
        return compile(self._tree, self.path, "exec")


class Finder(importlib.abc.MetaPathFinder):
    """Finds the changed module before Python finds the one in the file."""

    def __init__(self, module: str, tree: ast.Module) -> None:
        self._name = module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        self._path, self._tree, self.used = str(ROOT / module), tree, False

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        self.used = True
        return importlib.util.spec_from_file_location(fullname, self._path, loader=Changed(fullname, self._path, self._tree))


def load_libraries(tests: Iterable[str]) -> None:
    """Collect the tests once, then forget everything that is ours: what stays loaded is the libraries."""
    settings.register_profile("mutants", derandomize=True, deadline=None, database=None, phases=(Phase.explicit, Phase.generate))
    if pytest.main(["--collect-only", "-qq", *QUIET[2:], *tests]) != 0:
        sys.exit("the first-line tests cannot be collected; `make test` says why")
    for name, module in list(sys.modules.items()):
        places = [getattr(module, "__file__", None) or "", *getattr(module, "__path__", [])]
        if any(place.startswith(str(ROOT)) and "site-packages" not in place for place in places) and name != "__main__":
            del sys.modules[name]
    gc.collect()
    gc.freeze()


def judge(job: Job) -> None:
    """In a child: the tests against the mutant. Its exit code is pytest's; 70 if they never imported the module."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(1, 2)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    tree = job.mutant.tree if job.mutant else ast.parse((ROOT / job.module).read_text())
    finder = Finder(job.module, tree)
    sys.meta_path.insert(0, finder)
    code = pytest.main([*QUIET, *job.tests])
    os._exit(int(code) if finder.used else 70)


def outcomes(jobs: Iterable[Job], at_once: int) -> Iterator[tuple[Job, int]]:
    """Each job with its exit code (below 0: killed by that signal), as they end."""
    running: dict[int, Job] = {}
    waiting = iter(jobs)
    while True:
        while len(running) < at_once and (job := next(waiting, None)) is not None:
            pid = os.fork()
            if pid == 0:
                try:
                    judge(job)
                finally:
                    os._exit(71)
            running[pid] = job
        if not running:
            return
        pid, status = os.wait()
        yield running.pop(pid), os.waitstatus_to_exitcode(status)


def survivors(found: list[tuple[Job, int]]) -> dict[str, list[Mutant]]:
    """The mutants of each module that no test noticed, in the order of the text."""
    left: dict[str, list[Mutant]] = {}
    for job, code in found:
        assert job.mutant is not None
        left.setdefault(job.module, [])
        if code in PASSED:
            left[job.module].append(job.mutant)
        elif code not in NOTICED and code >= 0:
            sys.exit(f"{job.module}: {job.mutant.name}: the tests ended with exit code {code}, which is no answer")
    return {module: sorted(mutants, key=lambda mutant: mutant.line) for module, alive in left.items()}


def faults(left: dict[str, list[Mutant]], names: dict[str, set[str]], equal: dict[str, dict[str, str]]) -> list[str]:
    """What is wrong with the list of equals: survivors it lacks, and lines of it that are not true."""
    said = []
    for module, alive in left.items():
        listed, killed = equal.get(module, {}), names[module] - {mutant.name for mutant in alive}
        said += [f"SURVIVED  {module}:{mutant.line}  {mutant.name}" for mutant in alive if mutant.name not in listed]
        said += [f"NOT EQUAL {module}  {name}: listed as equal, but killed" for name in listed if name in killed]
        said += [f"GONE      {module}  {name}: listed as equal, but no such mutant" for name in listed if name not in names[module]]
    return said


def table(left: dict[str, list[Mutant]], names: dict[str, set[str]], equal: dict[str, dict[str, str]]) -> list[list[Any]]:
    """Module, mutants, killed, survived, of them equal, share killed; the last row is the sum."""
    rows: list[list[Any]] = []
    for module, alive in left.items():
        rows.append([module, len(names[module]), len(alive), sum(mutant.name in equal.get(module, {}) for mutant in alive)])
    rows.append(["all", *(sum(row[column] for row in rows) for column in (1, 2, 3))])
    return [[module, all_, all_ - alive, alive, same, 1 - alive / all_ if all_ else 1.0] for module, all_, alive, same in rows]


def main() -> int:
    given = argparse.ArgumentParser(prog="make mutants", description=__doc__.split("\n")[0])
    given.add_argument("modules", nargs="*", metavar="MODULE", help="of mutants.yaml; default all")
    given.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given.add_argument("--json", type=Path, help="write the outcome of every mutant to this file")
    chosen = given.parse_args()
    listed = yaml.safe_load((HERE / "mutants.yaml").read_text())
    unknown = [module for module in chosen.modules if module not in listed["modules"]]
    if unknown:
        sys.exit(f"{unknown[0]} is not in tests/mutants/mutants.yaml; known are {', '.join(listed['modules'])}")
    modules = {module: tests for module, tests in listed["modules"].items() if module in chosen.modules or not chosen.modules}
    equal = {module: lines for module, lines in listed["equal"].items() if module in modules}
    started = time.monotonic()
    load_libraries(sorted({test for tests in modules.values() for test in tests}))
    for job, code in outcomes((Job(module, tests, None) for module, tests in modules.items()), chosen.jobs):
        if code != 0:
            sys.exit(f"{job.module}: its tests do not pass without a change (exit code {code}): {' '.join(job.tests)}")
    jobs = [Job(module, tests, mutant) for module, tests in modules.items() for mutant in mutants((ROOT / module).read_text())]
    names = {module: {job.mutant.name for job in jobs if job.module == module and job.mutant} for module in modules}
    found = []
    for number, outcome in enumerate(outcomes(jobs, chosen.jobs), start=1):
        found.append(outcome)
        if number % 100 == 0:
            print(f"{number} of {len(jobs)} mutants", file=sys.stderr, flush=True)
    left = survivors(sorted(found, key=lambda pair: jobs.index(pair[0])))
    return report(left, names, equal, found, chosen.json, time.monotonic() - started)


def report(left: Any, names: Any, equal: Any, found: Any, file: Path | None, seconds: float) -> int:
    for line in (said := faults(left, names, equal)):
        print(line)
    rows = table(left, names, equal)
    print(f"{'module':<40}{'mutants':>8}{'killed':>8}{'survived':>9}{'equal':>7}{'share':>8}")
    for module, *numbers, share in rows:
        print(f"{module:<40}{numbers[0]:>8}{numbers[1]:>8}{numbers[2]:>9}{numbers[3]:>7}{share:>8.1%}")
    print(f"{seconds:.0f} s")
    if file:
        file.write_text(json.dumps([[job.module, job.mutant.line, job.mutant.name, code] for job, code in found], indent=1))
    return int(bool(said) or rows[-1][-1] < SHARE)


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))  # this checkout's modules, whatever is installed
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    sys.exit(main())
