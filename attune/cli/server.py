"""The processes of a server, one command each; SIGTERM ends them in order."""

import math
import signal
import socket as sockets
from socket import IPPROTO_TCP, socket
from typing import TYPE_CHECKING

from attune.cli.process import end, importing
from attune.config import (
    API_REQUIRES,
    ORCHESTRATOR_REQUIRES,
    Settings,
    load_settings,
)
from attune.config_fields import variable
from attune.domain.errors import InvalidInput
from attune.log import set_up_logging

if TYPE_CHECKING:
    import uvicorn

KEEP_ALIVE_SECONDS = 65
"""Longer than the minute after which proxies close an idle connection themselves."""
STALLED_SECONDS = 60
"""How long the other end may take nothing of what is on its way to it."""
TCP_USER_TIMEOUT: int | None = getattr(sockets, "TCP_USER_TIMEOUT", None)
"""The kernel's option for that, where it has one."""


def api() -> None:
    """Run the API: HTTP for people, packs and workers."""
    settings = _begin("api", *API_REQUIRES)
    with importing():
        from attune.api.app import create_app  # noqa: PLC0415 - settings come first

        server = _server(settings, create_app(settings))
    # The server repeats a signal to itself when it is done: ended in order is no failure.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    server.run(_sockets(settings, server.config))
    end()


def orchestrator() -> None:
    """Run the orchestrator: workflows, database activities and the dispatcher."""
    settings = _begin("orchestrator", *ORCHESTRATOR_REQUIRES)
    with importing():
        from attune.worker.orchestrator import run  # noqa: PLC0415 - see api

    run(settings)
    end()


def worker() -> None:
    """Run a worker: the actions of the runtimes this machine offers."""
    settings = _begin("worker")
    if settings.worker.token is None and settings.worker.token_file is None:
        names = " or ".join(map(variable, ("worker.token", "worker.token_file")))
        raise InvalidInput(f"{names} is not set; make one with: attune worker-token")
    with importing():
        from attune.worker.runner import run  # noqa: PLC0415 - see api

    run(settings)
    end()


def _begin(part: str, *required: str) -> Settings:
    settings = load_settings(*required)
    set_up_logging(settings.logging.level, settings.logging.format, part=part)
    return settings


def _sockets(settings: Settings, config: "uvicorn.Config") -> list[socket]:
    """Return what to listen on: the API's port, and the notifier's if it has one."""
    ports = [settings.server.port, settings.notifier.port]
    return [_bind(config, port) for port in ports if port is not None]


def _bind(config: "uvicorn.Config", port: int) -> socket:
    """Bind a port whose connections are dropped when nobody reads at the other end.

    The server would wait for such a reader for ever, with what it has not taken.
    """
    config.port = port
    bound = config.bind_socket()
    bound.set_inheritable(False)
    if TCP_USER_TIMEOUT is not None:
        bound.setsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT, STALLED_SECONDS * 1000)
    return bound


def _server(settings: Settings, app: object) -> "uvicorn.Server":
    import uvicorn  # noqa: PLC0415 - see api

    from attune.api.socket.protocol import SocketProtocol  # noqa: PLC0415 - see api

    server = settings.server
    return uvicorn.Server(
        uvicorn.Config(
            app,  # type: ignore[arg-type]  # any ASGI application
            host=server.host,
            port=server.port,
            loop="uvloop",
            http="httptools",
            ws=SocketProtocol,
            ws_max_size=settings.notifier.max_message_bytes,
            ws_per_message_deflate=False,
            lifespan="on",
            log_config=None,
            access_log=False,  # the path of a webhook is its key
            server_header=False,
            proxy_headers=bool(server.trusted_proxies),
            forwarded_allow_ips=server.trusted_proxies,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=math.ceil(server.shutdown_grace_seconds),
        )
    )
