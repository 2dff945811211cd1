"""docker-compose.yml and Dockerfile: consistent with each other and with the program."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from attune.cli.main import COMMANDS
from attune.config import setting_names
from attune.config_fields import variable

ROOT = Path(__file__).parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: each for name, each in SERVICES.items() if "build" in each}
INSTRUCTION = re.compile(r"^([A-Z]+)\s+(.*)$")
KNOWN_INSTRUCTIONS = {
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "RUN",
    "STOPSIGNAL",
    "USER",
    "WORKDIR",
}


def is_one_shot(service: dict[str, Any]) -> bool:
    return service.get("restart") == "no"


def instructions() -> list[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    found = [INSTRUCTION.match(line) for line in lines]
    assert all(found), "every line is an instruction"
    return [(match[1], match[2]) for match in found if match]


def last_stage() -> dict[str, str]:
    stages = [n for n, (name, _) in enumerate(instructions()) if name == "FROM"]
    return dict(instructions()[stages[-1] :])


@pytest.mark.parametrize("name", SERVICES)
def test_service_has_a_health_check_or_runs_once(name: str) -> None:
    service = SERVICES[name]

    assert is_one_shot(service) != ("healthcheck" in service)


@pytest.mark.parametrize("name", SERVICES)
def test_service_waits_for_what_can_become_true(name: str) -> None:
    for other, wish in SERVICES[name].get("depends_on", {}).items():
        awaited = SERVICES[other]
        if wish["condition"] == "service_completed_successfully":
            assert is_one_shot(awaited)
        else:
            assert wish["condition"] == "service_healthy"
            assert "healthcheck" in awaited


@pytest.mark.parametrize("name", SERVICES)
def test_service_is_published_on_the_loopback_only(name: str) -> None:
    assert all(p.startswith("127.0.0.1:") for p in SERVICES[name].get("ports", []))


@pytest.mark.parametrize("name", OURS)
def test_settings_and_commands_of_our_services_exist(name: str) -> None:
    known = {variable(setting) for setting in setting_names()}
    commands = {command.name for command in COMMANDS}
    service = OURS[name]

    assert set(service["environment"]) <= known
    assert service["command"][0] in commands
    if "healthcheck" in service:
        assert service["healthcheck"]["test"][:3] == ["CMD", "attune", "health"]
        assert service["healthcheck"]["test"][3] == service["command"][0]


def test_options_of_the_setup_exist() -> None:
    setup = next(each for each in COMMANDS if each.name == "setup").load()
    known = {option for param in setup.params for option in param.opts}
    used = {word.split("=")[0] for word in SERVICES["setup"]["command"][1:]}

    assert used <= known


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    secrets = re.findall(r"\$\{(ATTUNE_[A-Z_]+)([^}]*)\}", text)

    assert secrets
    # Only of keys of before there may be none.
    assert {rest for _, rest in secrets if not rest.startswith(":?")} <= {":-"}
    assert [name for name, rest in secrets if rest == ":-"] == [
        "ATTUNE_PREVIOUS_ENCRYPTION_KEYS"
    ]
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD$|PWD$|SECRET$|KEY$", name):
                assert value.startswith("${")


def test_worker_holds_no_key_and_reaches_no_database() -> None:
    worker = SERVICES["worker"]

    assert not any("DATABASE" in n or "SECURITY" in n for n in worker["environment"])
    assert not set(worker["networks"]) & set(SERVICES["postgres"]["networks"])


def test_every_named_volume_and_network_is_declared() -> None:
    mounts = [m for each in SERVICES.values() for m in each.get("volumes", [])]
    networks = {n for each in SERVICES.values() for n in each["networks"]}

    assert {mount.split(":")[0] for mount in mounts} == set(COMPOSE["volumes"])
    assert networks == set(COMPOSE["networks"])


def test_volumes_are_mounted_where_the_image_lets_us_write() -> None:
    made = " ".join(rest for name, rest in instructions() if name == "RUN")

    for service in OURS.values():
        for mount in service.get("volumes", []):
            assert mount.split(":")[1] in made


def test_dockerfile_has_known_instructions_and_existing_sources() -> None:
    for name, rest in instructions():
        assert name in KNOWN_INSTRUCTIONS
        if name == "COPY" and not rest.startswith("--from"):
            assert all((ROOT / source).exists() for source in rest.split()[:-1])


def test_stage_that_is_copied_from_exists() -> None:
    stages = set(re.findall(r" AS (\w+)", (ROOT / "Dockerfile").read_text()))
    used = set(re.findall(r"--from=(\w+)", (ROOT / "Dockerfile").read_text()))

    assert used == stages


def test_image_runs_as_nobody_special_and_says_whether_it_works() -> None:
    stage = last_stage()

    assert stage["USER"] == "attune"
    assert '["attune", "health", "api"]' in stage["HEALTHCHECK"]
    assert stage["ENTRYPOINT"] == '["attune"]'


def test_build_context_has_what_the_image_copies() -> None:
    allowed = (ROOT / ".dockerignore").read_text().splitlines()

    for name, rest in instructions():
        if name == "COPY" and not rest.startswith("--from"):
            assert all(f"!{source}" in allowed for source in rest.split()[:-1])
