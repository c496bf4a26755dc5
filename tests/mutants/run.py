"""Changes the modules of mutants.yaml one thing at a time and asks their first-line tests to notice: `make mutants`.

    .venv/bin/python tests/mutants/run.py [MODULE …] [--jobs N] [--json FILE]

Every mutant is judged in a process of its own, forked from one that has the libraries loaded and of ours only
what loads without the module; the module is changed as it is imported, so that no file is rewritten and what is
worked out at import is mutated too. Ends with exit code 1 if a mutant survives that is not listed as equal, if a listed one is killed or
does not exist, or if less than the share is killed. Promises nothing about modules or changes it does not make.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import gc
import importlib.abc
import importlib.machinery
import importlib.util
import io
import json
import os
import resource
import signal
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
PASSED = (0,)
NOTICED = (1, 2, -signal.SIGXCPU)  # tests failed, could not even be collected, or never ended
WITHOUT = [word for plugin in ("cacheprovider", "xdist", "logging") for word in ("-p", f"no:{plugin}")]
OWN = ("__main__", "operators", "run")
QUIET = ["-x", "-q", "--no-header", "--tb=no", "--assert=plain", "--hypothesis-profile=mutants", *WITHOUT]


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
        self._name, self._path, self._tree, self.used = dotted(module), str(ROOT / module), tree, False

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        self.used = True
        return importlib.util.spec_from_file_location(fullname, self._path, loader=Changed(fullname, self._path, self._tree))


class LeftOut(BaseException):
    """No Exception, because nobody shall catch it who looks for what else there is."""


class Missing(importlib.abc.MetaPathFinder):
    """Stands for a module that is not there."""

    def __init__(self, name: str) -> None:
        self._name = name

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:
        if fullname == self._name:
            raise LeftOut


def load_libraries(tests: Iterable[str]) -> list[str]:
    """Collect the tests once, then forget everything that is ours: what stays loaded is the libraries. Ours, but for tests, by name."""
    settings.register_profile("mutants", derandomize=True, deadline=None, database=None, phases=(Phase.explicit, Phase.generate))
    with contextlib.redirect_stdout(io.StringIO()):
        code = pytest.main(["--collect-only", *QUIET, *tests])
    if code not in PASSED:
        sys.exit(f"the first-line tests cannot be collected (exit code {code}); `make test` says why")
    return [name for name in _forget_ours() if not name.split(".")[-1].startswith(("test_", "conftest"))]


def load_without(module: str, ours: Iterable[str]) -> None:
    """Of ours, load what loads though this module is missing, so that no mutant of it has to load it again."""
    _forget_ours()
    missing = Missing(dotted(module))
    sys.meta_path.insert(0, missing)
    for name in ours:
        with contextlib.suppress(LeftOut):
            importlib.import_module(name)
    sys.meta_path.remove(missing)
    gc.collect()
    gc.freeze()


def _forget_ours() -> list[str]:
    names = []
    for name, module in list(sys.modules.items()):
        places = [getattr(module, "__file__", None) or "", *getattr(module, "__path__", [])]
        if any(place.startswith(f"{ROOT}{os.sep}") and "site-packages" not in place for place in places) and name not in OWN:
            del sys.modules[name]
            names.append(name)
    return names


def dotted(module: str) -> str:
    """A module's name, from its file."""
    return module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def judge(job: Job) -> None:
    """In a child: the tests against the mutant. Its exit code is pytest's; 70 if they never imported the module."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(1, 2)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, 2 * CPU_SECONDS))
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


class Told(NamedTuple):
    """What became of the mutants of one module; `equal` is what the list says of it: mutant to reason."""

    module: str
    mutants: list[Mutant]
    survived: set[str]
    equal: dict[str, str]

    def faults(self) -> Iterator[str]:
        """Survivors that the list lacks, and lines of the list that are not true."""
        names = {mutant.name for mutant in self.mutants}
        for mutant in self.mutants:
            if mutant.name in self.survived and mutant.name not in self.equal:
                yield f"SURVIVED   {self.module}:{mutant.line}  {mutant.name}"
        for name in self.equal:
            if name not in names:
                yield f"GONE       {self.module}  {name}: listed as equal, but there is no such mutant"
            elif name not in self.survived:
                yield f"NOT EQUAL  {self.module}  {name}: listed as equal, but killed"


def run(modules: dict[str, list[str]], equal: dict[str, dict[str, str]], at_once: int) -> list[Told]:
    """Judge every mutant of these modules. Leaves with a sentence if the tests fail without a mutant, or give no answer."""
    ours = load_libraries(sorted({test for tests in modules.values() for test in tests}))
    for job, code in outcomes((Job(module, tests, None) for module, tests in modules.items()), at_once):
        if code not in PASSED:
            sys.exit(f"{job.module}: its tests do not pass without a change (exit code {code}): {' '.join(job.tests)}")
    made = {module: list(mutants((ROOT / module).read_text())) for module in modules}
    survived: dict[str, set[str]] = {module: set() for module in modules}
    total = sum(len(some) for some in made.values())
    for number, (job, code) in enumerate(_each_module(modules, made, ours, at_once), start=1):
        assert job.mutant is not None
        if code in PASSED:
            survived[job.module].add(job.mutant.name)
        elif code not in NOTICED:
            sys.exit(f"{job.module}: {job.mutant.name}: the tests ended with exit code {code}, which is no answer")
        if number % 50 == 0 or number == total:
            print(f"{number} of {total} mutants, {sum(len(names) for names in survived.values())} survived", file=sys.stderr, flush=True)
    return [Told(module, made[module], survived[module], equal.get(module, {})) for module in modules]


def _each_module(modules: dict[str, list[str]], made: dict[str, list[Mutant]], ours: list[str], at_once: int) -> Iterator[tuple[Job, int]]:
    for module, tests in modules.items():
        load_without(module, ours)
        yield from outcomes((Job(module, tests, mutant) for mutant in made[module]), at_once)


def table(told: list[Told]) -> list[list[Any]]:
    """Module, mutants, killed, survived, of them equal, share killed; the last row is the sum."""
    rows = [[one.module, len(one.mutants), len(one.survived), len(one.survived & set(one.equal))] for one in told]
    rows.append(["all", *(sum(row[column] for row in rows) for column in (1, 2, 3))])
    return [[module, made, made - alive, alive, same, 1 - alive / made if made else 1.0] for module, made, alive, same in rows]


def main() -> int:
    given = argparse.ArgumentParser(prog="make mutants", description=__doc__.split("\n")[0])
    given.add_argument("modules", nargs="*", metavar="MODULE", help="of mutants.yaml; default all")
    given.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given.add_argument("--json", type=Path, help="write what became of every mutant to this file")
    chosen = given.parse_args()
    listed = yaml.safe_load((HERE / "mutants.yaml").read_text())
    if unknown := [module for module in chosen.modules if module not in listed["modules"]]:
        sys.exit(f"{unknown[0]} is not in tests/mutants/mutants.yaml; known are {', '.join(listed['modules'])}")
    modules = {module: tests for module, tests in listed["modules"].items() if module in chosen.modules or not chosen.modules}
    started = time.monotonic()
    told = run(modules, listed["equal"], chosen.jobs)
    if chosen.json:
        found = [[one.module, mutant.line, mutant.name, mutant.name in one.survived] for one in told for mutant in one.mutants]
        chosen.json.write_text(json.dumps(found, indent=1) + "\n")
    return report(told, time.monotonic() - started)


def report(told: list[Told], seconds: float) -> int:
    """Print what is wrong, the table, and what nobody can notice; 1 if the run fails."""
    faults = [fault for one in told for fault in one.faults()]
    rows = table(told)
    print("\n".join(faults))
    print("| Module | Mutants | Killed | Survived | Equal | Share |\n|---|---|---|---|---|---|")
    for module, made, killed, survived, equal, share in rows:
        print(f"| {module} | {made} | {killed} | {survived} | {equal} | {share:.1%} |")
    for one in told:
        for mutant in one.mutants:
            if mutant.name in one.survived & set(one.equal):
                print(f"- {one.module}: `{mutant.name}`: {one.equal[mutant.name]}")
    print(f"{seconds:.0f} s")
    return int(bool(faults) or rows[-1][-1] < SHARE)


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))  # this checkout's modules, whatever is installed
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    sys.exit(main())
