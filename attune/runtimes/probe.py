"""Find out which runtimes this worker can offer, and in which versions."""

import asyncio
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import re2

from attune.domain.runtime import (
    Distributions,
    ExecutionConfig,
    RuntimeVersion,
    VerificationCommand,
)
from attune.domain.version import satisfies
from attune.runtimes.command_line import run_command
from attune.runtimes.process import ProcessSpec, Supervisor

LIMIT_SECONDS = 10.0
_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class RuntimeDefinition:
    """A runtime as packs define it."""

    ref: str
    name: str
    distributions: Distributions = field(default_factory=Distributions)
    execution_config: ExecutionConfig | None = None
    versions: Sequence[RuntimeVersion] = ()


@dataclass(frozen=True, slots=True)
class OfferedRuntime:
    """A runtime that works here."""

    ref: str
    name: str
    versions: list[str] = field(default_factory=list)
    """The defined versions that are present, as they are written in the definition."""
    detected_version: str | None = None
    """What the probe printed."""


class RuntimeProbe:
    """Asks the machine, one short command at a time."""

    def __init__(self, supervisor: Supervisor, variables: Mapping[str, str]) -> None:
        self._supervisor = supervisor
        self._variables = variables

    async def offered(
        self, definitions: Sequence[RuntimeDefinition]
    ) -> list[OfferedRuntime]:
        """Return those that can run actions here, in the order given."""
        answers = await asyncio.gather(*map(self._probe, definitions))
        return [answer for answer in answers if answer is not None]

    async def _probe(self, definition: RuntimeDefinition) -> OfferedRuntime | None:
        config = definition.execution_config
        versions, detected = await self._versions(definition)
        if config is None and not versions:
            return None
        own = await self._detect(definition.distributions, config)
        if own is None and not versions:
            return None
        return OfferedRuntime(
            ref=definition.ref,
            name=definition.name,
            versions=versions,
            detected_version=own or detected or None,
        )

    async def _versions(self, definition: RuntimeDefinition) -> tuple[list[str], str]:
        present: list[str] = []
        detected = ""
        for version in definition.versions:
            config = version.execution_config or definition.execution_config
            distributions = version.distributions or definition.distributions
            found = await self._detect(distributions, config)
            if config is None or found is None:
                continue
            # The runtime's own probe found some version, which may be another one.
            if version.distributions or not found or satisfies(found, version.version):
                present.append(version.version)
                detected = found
        return present, detected

    async def _detect(
        self, distributions: Distributions, config: ExecutionConfig | None
    ) -> str | None:
        """Return the version that was found, empty if unknown; None if absent."""
        verification = distributions.verification
        if verification.always_available:
            return ""
        if not verification.commands:
            return self._by_interpreter(config)
        ordered = sorted(verification.commands, key=lambda each: each.priority)
        # An optional one tells something only if nothing else is asked.
        asked = [each for each in ordered if not each.optional] or ordered
        for command in asked:
            found = await self._ask(command)
            if found is not None:
                return found
        return None

    def _by_interpreter(self, config: ExecutionConfig | None) -> str | None:
        interpreter = config.interpreter if config else None
        if interpreter is None or not interpreter.binary:
            return ""
        found = shutil.which(interpreter.binary, path=self._variables.get("PATH"))
        return "" if found else None

    async def _ask(self, command: VerificationCommand) -> str | None:
        spec = ProcessSpec(
            argv=[command.binary, *command.args],
            cwd=Path("/"),
            environment=self._variables,
        )
        finished = await run_command(self._supervisor, spec, LIMIT_SECONDS)
        if finished.timed_out or finished.exit.code != command.exit_code:
            return None
        if command.pattern and not _matches(command.pattern, finished.text):
            return None
        version = _VERSION.search(finished.text)
        return version[0] if version else ""


def _matches(pattern: str, text: str) -> bool:
    try:
        return re2.search(pattern, text) is not None
    except re2.error:
        return False  # a pattern that cannot be read proves nothing
