"""Our own three processes as parts: their settings files, environments and checks."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from attune.config import FILE_VARIABLE, read_file
from attune.config_fields import PREFIX
from attune.domain.permission import TokenType
from attune.security.tokens import LIFETIMES, Tokens
from attune.services.worker import sign_worker_token
from attune.stack.child import Child, Command
from attune.stack.directory import StackDirectory, write_private
from attune.stack.part import PartDefinition
from attune.stack.readiness import (
    ORCHESTRATOR_QUEUES,
    WORKER_QUEUES,
    Pollers,
    answers,
    reachable,
)

# Together with Temporal's and PostgreSQL's no more than the 15 s that a stop may take.
# A worker's actions have 5 s between SIGTERM and SIGKILL, and their end is reported.
WORKER_STOP_SECONDS = 6.5
WORKER_GRACE_SECONDS = 0.5
SENSOR_GRACE_SECONDS = 3.0
ORCHESTRATOR_STOP_SECONDS = 2.0
API_STOP_SECONDS = 1.5

OWNED = (
    "packs_base_dir",
    "runtime_envs_dir",
    "artifacts_dir",
    "database.url",
    "temporal.address",
    "temporal.namespace",
    "temporal.ui_url",
    "security.jwt_secret",
    "security.encryption_key",
    "server.host",
    "server.port",
    "worker.name",
    "worker.token",
    "worker.token_file",
    "worker.api_url",
    "worker.shared_packs_dir",
    "worker.state_dir",
)
"""Settings that the stack decides; whatever else is in the environment still counts."""


@dataclass(frozen=True)
class Places:
    """Where the servers of this stack are."""

    host: str
    api_port: int
    temporal_address: str
    temporal_ui_url: str
    database_url: str

    @property
    def api_url(self) -> str:
        """URL under which this machine reaches the API."""
        host = reachable(self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.api_port}"


class Processes:
    """Definitions of the API, the orchestrator and the workers of one stack."""

    def __init__(
        self,
        directory: StackDirectory,
        places: Places,
        pollers: Pollers,
        environment: Mapping[str, str],
    ) -> None:
        self._directory = directory
        self._places = places
        self._pollers = pollers
        self._environment = environment

    def setup(self, administrator: str) -> Command:
        """Return the command that prepares database, core pack and administrator."""
        file = str(self._directory.password_file)
        argv = ("setup", "--admin-login", administrator, "--admin-password-file", file)
        return self._command("setup", self._server_settings(), *argv)

    def api(self) -> PartDefinition:
        """Return the API."""
        places = self._places

        async def is_ready(_: Child) -> bool:
            host = reachable(places.host)
            return await answers(host, places.api_port, "/health/ready")

        settings = self._server_settings()
        settings["server"]["shutdown_grace_seconds"] = API_STOP_SECONDS / 2
        command = self._command("api", settings, "api")
        return PartDefinition("api", command, is_ready, API_STOP_SECONDS)

    def orchestrator(self) -> PartDefinition:
        """Return the orchestrator."""

        async def is_ready(child: Child) -> bool:
            mine = f"{child.pid}@"
            return await self._pollers.include(
                ORCHESTRATOR_QUEUES, lambda identity: identity.startswith(mine)
            )

        settings = self._server_settings()
        grace = ORCHESTRATOR_STOP_SECONDS / 2
        settings["orchestrator"] = {"shutdown_grace_seconds": grace}
        command = self._command("orchestrator", settings, "orchestrator")
        return PartDefinition(
            "orchestrator", command, is_ready, ORCHESTRATOR_STOP_SECONDS
        )

    def worker(self, number: int) -> PartDefinition:
        """Return the worker of this number; it gets no key and no database."""

        async def is_ready(child: Child) -> bool:
            mine = f"{child.pid}@"
            return await self._pollers.include(
                WORKER_QUEUES, lambda identity: identity.startswith(mine)
            )

        name = "worker" if number == 1 else f"worker-{number}"
        token_file = self._directory.root / f"{name}_token"
        command = self._command(name, self._worker_settings(name, token_file), "worker")
        return PartDefinition(
            name,
            command,
            is_ready,
            WORKER_STOP_SECONDS,
            prepare=lambda: self._write_token(token_file, name),
        )

    def _write_token(self, file: Path, name: str) -> None:
        tokens = Tokens(self._directory.key("jwt_secret"))
        token = sign_worker_token(tokens, name, LIFETIMES[TokenType.WORKER])
        write_private(file, token + "\n")

    def _server_settings(self) -> dict[str, Any]:
        directory, places = self._directory, self._places
        before = directory.previous_encryption_keys()
        return {
            **self._shared_settings(),
            "packs_base_dir": str(directory.packs),
            "server": {"host": places.host, "port": places.api_port},
            "database": {"url": places.database_url},
            "security": {
                "jwt_secret": directory.key("jwt_secret"),
                "encryption_key": directory.key("encryption_key"),
                **({"previous_encryption_keys": before} if before else {}),
            },
        }

    def _worker_settings(self, name: str, token_file: Path) -> dict[str, Any]:
        directory = self._directory
        return {
            **self._shared_settings(),
            "worker": {
                "name": name,
                "token_file": str(token_file),
                "api_url": self._places.api_url,
                "shared_packs_dir": str(directory.packs),
                "state_dir": str(directory.root / name),
                "sensor_grace_seconds": SENSOR_GRACE_SECONDS,
                "shutdown_grace_seconds": WORKER_GRACE_SECONDS,
            },
        }

    def _shared_settings(self) -> dict[str, Any]:
        return {
            "runtime_envs_dir": str(self._directory.runtime_envs),
            "artifacts_dir": str(self._directory.artifacts),
            "temporal": {
                "address": self._places.temporal_address,
                "namespace": "default",
                "ui_url": self._places.temporal_ui_url,
            },
        }

    def _command(self, name: str, settings: dict[str, Any], *argv: str) -> Command:
        # In a file, not in the environment: that of a process is no place for keys.
        file = self._directory.settings / f"{name}.yaml"
        base = read_file()
        if argv[0] == "worker":
            base = {k: v for k, v in base.items() if k not in {"database", "security"}}
        write_private(file, yaml.safe_dump(_merged(base, settings)))
        return Command(
            argv=(sys.executable, "-m", "attune", *argv),
            environment=self._child_environment(file, argv[0]),
        )

    def _child_environment(self, file: Path, part: str) -> dict[str, str]:
        owned = {PREFIX + name.replace(".", "__").upper() for name in OWNED}
        secret = tuple(PREFIX + g for g in ("DATABASE__", "SECURITY__"))
        kept = {
            name: value
            for name, value in self._environment.items()
            if name.upper() not in owned
            and not (part == "worker" and name.upper().startswith(secret))
        }
        return {**kept, FILE_VARIABLE: str(file)}


def ignored_variables(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return the variables that are set and that a stack does not heed."""
    owned = {PREFIX + name.replace(".", "__").upper() for name in OWNED}
    return sorted(name for name in environment if name.upper() in owned)


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            result[key] = _merged(below, value)
        else:
            result[key] = value
    return result
