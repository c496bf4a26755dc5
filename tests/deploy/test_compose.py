"""compose.yaml knows only keys of the compose specification, holds no secret, publishes nothing to the outside, and fits the program."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from builders import ROOT

from bot import __version__
from bot.cli.main import cli

TOP = {"version", "name", "include", "services", "models", "networks", "volumes", "secrets", "configs"}
SERVICE = {  # https://github.com/compose-spec/compose-spec/blob/main/schema/compose-spec.json: definitions.service
    "annotations", "attach", "build", "blkio_config", "cap_add", "cap_drop", "cgroup", "cgroup_parent", "command", "configs",
    "container_name", "cpu_count", "cpu_percent", "cpu_period", "cpu_quota", "cpu_rt_period", "cpu_rt_runtime", "cpu_shares", "cpus",
    "cpuset", "credential_spec", "depends_on", "deploy", "develop", "device_cgroup_rules", "devices", "dns", "dns_opt", "dns_search",
    "domainname", "entrypoint", "env_file", "environment", "expose", "extends", "external_links", "extra_hosts", "gpus", "group_add",
    "healthcheck", "hostname", "image", "init", "ipc", "isolation", "label_file", "labels", "links", "logging", "mac_address",
    "mem_limit", "mem_reservation", "mem_swappiness", "memswap_limit", "models", "network_mode", "networks", "oom_kill_disable",
    "oom_score_adj", "pid", "pids_limit", "platform", "ports", "post_start", "pre_stop", "privileged", "profiles", "provider",
    "pull_policy", "read_only", "restart", "runtime", "scale", "secrets", "security_opt", "shm_size", "stdin_open",
    "stop_grace_period", "stop_signal", "storage_opt", "sysctls", "tmpfs", "tty", "ulimits", "use_api_socket", "user", "userns_mode",
    "uts", "volumes", "volumes_from", "working_dir",
}  # fmt: skip
HEALTH = {"disable", "interval", "retries", "test", "timeout", "start_period", "start_interval"}
RESTART = re.compile(r"no|always|unless-stopped|on-failure(:\d+)?")
SECRET = re.compile(r"PASSWORD|TOKEN|SECRET|ACCOUNT|ALERTS|HEARTBEAT|KEY")
TEXT = (ROOT / "compose.yaml").read_text(encoding="utf-8")


def faults(text: str) -> list[str]:
    """What is wrong with a compose file, one sentence each."""
    made: dict[str, Any] = yaml.safe_load(text)
    found = [f"{key} is no key of a compose file" for key in made if key not in TOP and not key.startswith("x-")]
    for name, service in made["services"].items():
        found += [f"{name}: {key} is no key of a service" for key in service if key not in SERVICE]
        found += list(_service_faults(name, service, made))
    for name, secret in made["secrets"].items():
        if set(secret) != {"file"} or not secret["file"].startswith("./secrets/"):
            found.append(f"secret {name} is no file in ./secrets")
    return found


def _service_faults(name: str, service: dict[str, Any], made: dict[str, Any]):
    image = re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", service["image"])
    if not re.search(r":[\d]+\.[\w.]+$|@sha256:", image):
        yield f"{name}: {image} is not pinned"
    if not RESTART.fullmatch(str(service.get("restart", "no"))):
        yield f"{name}: restart {service['restart']}"
    yield from (f"{name}: {key} is no key of a health check" for key in service.get("healthcheck", {}) if key not in HEALTH)
    for kind in ("secrets", "networks"):
        yield from (f"{name}: {kind} {each} is declared nowhere" for each in service.get(kind, ()) if each not in made[kind])
    for volume in service.get("volumes", ()):
        source = volume.split(":")[0]
        if not source.startswith((".", "/")) and source not in made["volumes"]:
            yield f"{name}: volume {source} is declared nowhere"
    for key, value in service.get("environment", {}).items():
        if not isinstance(value, str):
            yield f"{name}: {key} is no text"
        if SECRET.search(key) and not (key.endswith("_FILE") and value.startswith("/run/secrets/")):
            yield f"{name}: {key} may hold a secret in the environment"
        if key.endswith("_FILE") and value.removeprefix("/run/secrets/") not in service.get("secrets", ()):
            yield f"{name}: {key} names a secret that the service does not have"
    yield from (f"{name}: {port} is open to other machines" for port in service.get("ports", ()) if not port.startswith("127.0.0.1:"))
    if service.get("privileged") or service.get("network_mode") == "host" or "/var/run/docker.sock" in str(service.get("volumes")):
        yield f"{name}: may do what it likes with the machine"
    if set(service.get("logging", {}).get("options", {})) != {"max-size", "max-file"}:
        yield f"{name}: what it prints grows without bound"
    yield from (f"{name}: waits for {each}, which is no service" for each in service.get("depends_on", ()) if each not in made["services"])


def test_the_compose_file_keeps_the_rules():
    assert faults(TEXT) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("  init: true", "  innit: true", "innit is no key of a service"),
        ("image: mesbot:0.1.0", "image: mesbot:latest", "is not pinned"),
        ("10.45.1j", "stable", "is not pinned"),
        ('"127.0.0.1:8765:8765"', '"8765:8765"', "open to other machines"),
        ("TWS_ACCOUNT_FILE: /run/secrets/tws_account", "TWS_ACCOUNT: DU1234567", "may hold a secret"),
        ("secrets: [tws_account]", "secrets: []", "does not have"),
        ("networks: [broker]", "networks: [brokr]", "declared nowhere"),
        ('volumes: ["state:/state"]', 'volumes: ["stat:/state"]', "declared nowhere"),
        ("restart: unless-stopped  # a gateway", "restart: sometimes  # a gateway", "restart sometimes"),
        ("  logging: *logs", "  tty: true", "grows without bound"),
        ("depends_on: [gateway]", "depends_on: [gatway]", "is no service"),
        ("./secrets/alerts", "/etc/alerts", "is no file in ./secrets"),
        ("healthcheck: {disable: true}", "healthcheck: {off: true}", "no key of a health check"),
        ("\nvolumes:", "\nvolume:\nvolumes:", "no key of a compose file"),
        ('READ_ONLY_API: "no"', "READ_ONLY_API: no", "is no text"),
    ],
)
def test_a_compose_file_that_breaks_a_rule_would_be_seen(old, new, fault):
    assert old in TEXT and any(fault in each for each in faults(TEXT.replace(old, new))), faults(TEXT.replace(old, new))


@pytest.mark.parametrize("name", ["bot", "alerts", "dashboard"])
def test_a_service_runs_a_verb_with_options_that_exist(name):
    import click

    command = yaml.safe_load(TEXT)["services"][name]["command"]
    group, rest, context = cli, command, click.Context(cli, info_name="mesbot")
    while isinstance(group, click.Group) and rest and not rest[0].startswith("-"):
        verb, group, rest = group.resolve_command(context, list(rest))
        context = click.Context(group, info_name=verb, parent=context)
    _, unknown, _ = group.make_parser(context).parse_args(list(rest))
    assert not unknown


def test_the_image_has_the_version_of_the_program():
    assert yaml.safe_load(TEXT)["services"]["bot"]["image"] == f"mesbot:{__version__}"


def test_the_bot_reaches_the_gateway_and_nothing_else():
    made = yaml.safe_load(TEXT)
    assert made["services"]["bot"]["networks"] == ["broker"] and made["networks"]["broker"]["internal"] is True


def test_secrets_are_kept_out_of_the_repository():
    assert {"secrets/", ".env"} <= set((ROOT / ".gitignore").read_text(encoding="utf-8").splitlines())
