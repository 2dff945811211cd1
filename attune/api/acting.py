"""Who is behind a request, for the audit trail."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus
from uuid import uuid4

from fastapi import Request

from attune.api.access import CALLER
from attune.api.delivery import Proxies, joined_headers
from attune.db.repositories.audit import acting
from attune.domain.audit import Actor
from attune.domain.errors import PermissionDenied
from attune.domain.permission import Caller, TokenType
from attune.services.audit import AuditService
from attune.services.secret_audit import actor_of

_UNWATCHED = frozenset({TokenType.WORKER, TokenType.SENSOR})
"""They report all the time, and what they report is on record elsewhere."""


@contextmanager
def nobody_acting() -> Iterator[None]:
    """Begin with nobody, and leave nobody behind for what runs in this task later."""
    former = acting.set(None)
    try:
        yield
    finally:
        acting.reset(former)


def begin_acting(request: Request) -> None:
    """Have what this request changes recorded as its caller's doing."""
    caller: Caller | None = request.scope.get(CALLER)
    if caller is not None and caller.token_type not in _UNWATCHED:
        acting.set(actor_behind(request, caller))


async def note_denied(request: Request, error: PermissionDenied) -> None:
    """Record that the caller was refused, if it is somebody we know."""
    caller: Caller | None = request.scope.get(CALLER)
    if caller is None or caller.token_type in _UNWATCHED:
        return
    audit: AuditService = request.app.state.by_type[AuditService]
    needs = error.evidence.get("needs")
    await audit.note_denied(
        actor_behind(request, caller),
        HTTPStatus.FORBIDDEN,
        needs if isinstance(needs, str) else None,
    )


def actor_behind(request: Request, caller: Caller) -> Actor:
    """Return who sent the request, as far as anybody knows."""
    headers = joined_headers(request)
    proxies: Proxies = request.app.state.by_type[Proxies]
    sender = proxies.sender(request, headers)
    return replace(
        actor_of(caller),
        address=None if sender is None else str(sender),
        user_agent=headers.get("user-agent"),
        request_id=str(uuid4()),
        method=request.method,
        path=request.url.path,
    )
