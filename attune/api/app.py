"""The HTTP application: one process's services behind its routes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import Lifespan

from attune import __version__
from attune.api.composition import running_services
from attune.api.edge import Edge
from attune.api.errors import install_error_answers
from attune.api.limits import Limits
from attune.api.openapi import describe
from attune.api.routes import (
    action,
    artifact,
    artifact_version,
    audit,
    auth,
    enforcement,
    event,
    execution,
    health,
    identity,
    inquiry,
    integration_token,
    internal_artifact,
    internal_execution,
    internal_pack,
    internal_runtime,
    internal_sensor,
    internal_worker,
    key,
    notification,
    pack,
    permission,
    policy,
    rule,
    runtime,
    sensor,
    timer,
    trigger,
    webhook,
    worker,
    workflow,
)
from attune.api.routing import Router
from attune.api.socket.endpoint import socket_route
from attune.api.socket.limits import SocketLimits
from attune.config import Settings

# Routes are tried in this order, so the ones that each execution needs come first.
ROUTERS: tuple[Router, ...] = (
    internal_execution.router,
    internal_artifact.router,
    internal_worker.router,
    webhook.router,
    execution.router,
    event.router,
    enforcement.router,
    inquiry.router,
    notification.router,
    health.router,
    auth.router,
    identity.router,
    integration_token.router,
    permission.router,
    worker.router,
    pack.router,
    runtime.router,
    action.router,
    workflow.router,
    sensor.router,
    trigger.router,
    rule.router,
    timer.router,
    artifact.router,
    artifact_version.router,
    audit.router,
    policy.router,
    key.router,
    internal_runtime.router,
    internal_pack.router,
    internal_sensor.router,
)
"""Every router of the product; a new subject adds one line."""


def create_app(settings: Settings) -> FastAPI:
    """Make the application; its database opens when it starts to serve."""
    app = FastAPI(
        title="Attune",
        version=__version__,
        description="Event-driven automation on durable workflows.",
        openapi_url=None,
        redirect_slashes=False,
        lifespan=_lifespan(settings),
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.add_middleware(Edge, limits=_limits(settings))
    install_error_answers(app)
    for router in ROUTERS:
        app.router.routes.extend(router.routes)
    app.router.routes.append(socket_route(_socket_limits(settings)))
    describe(app)
    return app


def _lifespan(settings: Settings) -> Lifespan[FastAPI]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running_services(settings) as services:
            app.state.services = services
            app.state.by_type = services.by_type()
            yield

    return lifespan


def _limits(settings: Settings) -> Limits:
    return Limits(
        body_bytes=settings.server.max_body_bytes,
        upload_bytes=settings.server.max_upload_bytes,
        artifact_bytes=settings.server.max_artifact_bytes,
    )


def _socket_limits(settings: Settings) -> SocketLimits:
    notifier = settings.notifier
    return SocketLimits(
        subscriptions=notifier.max_subscriptions,
        messages_per_second=notifier.messages_per_second,
        send_timeout_seconds=notifier.send_timeout_seconds,
        check_seconds=notifier.check_seconds,
        allowed_origins=frozenset(notifier.allowed_origins),
    )
