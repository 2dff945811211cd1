"""Whether a part on this host works, for health checks of containers and init systems."""

import asyncio
import socket
from enum import StrEnum
from typing import Annotated

import typer

from attune.cli.exit_code import ExitCode
from attune.cli.process import end
from attune.config import Settings, load_settings
from attune.stack.readiness import (
    ORCHESTRATOR_QUEUES,
    WORKER_QUEUES,
    Pollers,
    answers,
    reachable,
)
from attune.worker.connection import temporal_address


class CheckedPart(StrEnum):
    """A part that can be asked."""

    API = "api"
    ORCHESTRATOR = "orchestrator"
    WORKER = "worker"


def health(
    part: Annotated[CheckedPart, typer.Argument(help="The part that runs here.")],
) -> None:
    """Exit with 0 when the part on this host works, with 1 when it does not."""
    works = asyncio.run(_works(part, load_settings()))
    typer.echo(f"{part} {'works' if works else 'does not work'}")
    end(ExitCode.COMPLETED if works else ExitCode.FAILED)


async def _works(part: CheckedPart, settings: Settings) -> bool:
    if part is CheckedPart.API:
        host = reachable(settings.server.host)
        return await answers(host, settings.server.port, "/health/ready")
    queues = ORCHESTRATOR_QUEUES if part is CheckedPart.ORCHESTRATOR else WORKER_QUEUES
    here = f"@{socket.gethostname()}"
    pollers = Pollers(temporal_address(settings))
    return await pollers.include(queues, lambda identity: identity.endswith(here))
