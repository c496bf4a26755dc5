"""The Dockerfile keeps rules that linters of Dockerfiles have: pinned, not root, no secret, a health check; and copies what there is."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from builders import ROOT
from click.testing import CliRunner

SECRET = re.compile(r"(pass(word|wd)?|secret|token|api_?key|account|credential|userid|MESBOT_ALERTS|HEARTBEAT)", re.IGNORECASE)
KNOWN = {
    "FROM", "RUN", "CMD", "LABEL", "EXPOSE", "ENV", "ADD", "COPY", "ENTRYPOINT", "VOLUME", "USER", "WORKDIR", "ARG", "ONBUILD",
    "STOPSIGNAL", "HEALTHCHECK", "SHELL",
}  # fmt: skip


def instructions(text: str) -> list[tuple[str, str]]:
    """Each instruction with its words, lines that go on joined."""
    joined = re.sub(r"\\\n\s*", " ", text)
    lines = [line.strip() for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return [(line.partition(" ")[0], line.partition(" ")[2].strip()) for line in lines]


def faults(text: str) -> list[str]:
    """What is wrong with a Dockerfile, one sentence each."""
    found, steps = [], instructions(text)
    found += [f"{name} is no instruction" for name, _ in steps if name not in KNOWN]
    for image in (words.split()[0] for name, words in steps if name == "FROM"):
        tag = image.rpartition(":")[2] if ":" in image else ""
        if "@sha256:" not in image and not re.match(r"\d+\.\d+\.\d+", tag):
            found.append(f"{image} is not pinned to a version or digest")
    last = max((at for at, (name, _) in enumerate(steps) if name == "FROM"), default=0)
    users = [words for name, words in steps[last:] if name == "USER"]
    if not users or users[-1].split(":")[0] in ("root", "0"):
        found.append("it runs as root")
    for name, words in steps:
        if name in ("ENV", "ARG") and SECRET.search(words):
            found.append(f"{name} {words} may hold a secret")
        if name == "ADD":
            found.append("ADD instead of COPY")
        if name == "RUN" and re.search(r"\bsudo\b|curl[^|]*\|\s*(ba)?sh|apt-get upgrade", words):
            found.append(f"RUN {words} fetches or does what is not pinned")
        if name == "RUN" and "pip install" in words and "--require-hashes" not in words and "--no-deps" not in words:
            found.append("pip installs what no lock holds")
        if name == "COPY" and words.split()[0] in (".", "./"):
            found.append("all is copied")
        if name in ("CMD", "ENTRYPOINT") and not words.startswith("["):
            found.append(f"{name} goes through a shell, which takes signals away")
    if not any(name == "HEALTHCHECK" and words.upper() != "NONE" for name, words in steps[last:]):
        found.append("there is no health check")
    return found


TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_the_dockerfile_keeps_the_rules():
    assert faults(TEXT) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("FROM python:3.13.5-slim-bookworm\n", "FROM python:latest\n", "not pinned"),
        ("FROM python:3.13.5-slim-bookworm\n", "FROM python\n", "not pinned"),
        ("USER 10001:10001\n", "", "as root"),
        ("USER 10001:10001\n", "USER 0\n", "as root"),
        ("ENV PATH", "ENV TWS_PASSWORD=x PATH", "may hold a secret"),
        ("WORKDIR /state", "ARG MESBOT_ALERTS\nWORKDIR /state", "may hold a secret"),
        ("HEALTHCHECK", "LABEL x=1\n#", "no health check"),
        ("COPY bot bot", "COPY . .", "all is copied"),
        ("--require-hashes -r requirements-unattended.lock", "apprise", "no lock holds"),
        ('ENTRYPOINT ["mesbot"]', "ENTRYPOINT mesbot", "through a shell"),
        ("STOPSIGNAL", "STOPSIGNALL", "is no instruction"),
    ],
)
def test_a_dockerfile_that_breaks_a_rule_would_be_seen(old, new, fault):
    assert old in TEXT and any(fault in each for each in faults(TEXT.replace(old, new)))


def test_what_is_copied_is_there_and_let_through_and_nothing_else_is():
    let = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")}
    copied = {word for name, words in instructions(TEXT) if name == "COPY" and "--from" not in words for word in words.split()[:-1]}
    assert copied == let and all((ROOT / each).exists() for each in copied)
    assert (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()[1] == "*"


def test_the_wheel_needs_nothing_that_is_not_copied():
    import tomllib

    built = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    copied = {word for name, words in instructions(TEXT) if name == "COPY" for word in words.split()[:-1]}
    assert {Path(each).parts[0] for each in built["only-include"]} <= copied


def test_the_python_of_the_image_is_one_that_mesbot_runs_on():
    versions = set(re.findall(r"python:3\.(\d+)", TEXT))
    assert versions <= {"12", "13"} and len(versions) == 1


def test_the_health_check_is_a_verb():
    from bot.cli.main import cli

    (words,) = [words for name, words in instructions(TEXT) if name == "HEALTHCHECK"]
    command = shlex.split(words.partition("CMD ")[2].translate(str.maketrans("[],", "   ")))
    assert command == ["mesbot", "status", "--healthy"]
    assert CliRunner().invoke(cli, [*command[1:], "--help"]).exit_code == 0
