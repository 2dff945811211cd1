"""Attempts, as their workers report them; only worker tokens enter."""

from typing import Annotated, Any, Literal

from fastapi import Query, Request
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from attune.api.dependencies import Attempts, WorkerCaller
from attune.api.limits import BodySize
from attune.api.parameters import Count, Id
from attune.api.routing import Router, allow
from attune.api.schemas.envelope import Data, Success, success
from attune.domain.errors import InvalidInput
from attune.runtimes.launch import ActionLaunch
from attune.runtimes.report import (
    AttemptEnd,
    AttemptId,
    AttemptRecord,
    AttemptStart,
    OutputTail,
)

router = Router(prefix="/internal/executions", tags=["internal"])


class OutputPlace(BaseModel):
    """Where a piece of output belongs."""

    attempt_id: AttemptId
    offset: Count = 0


@router.post("/{execution_id}/start", response_model=Data[ActionLaunch])
async def start_attempt(
    execution_id: Id, body: AttemptStart, caller: WorkerCaller, attempts: Attempts
) -> Any:
    """Claim an execution and learn what to run; 409 when it is not to be started."""
    del caller
    return _answer(await attempts.start(execution_id, body))


@router.post("/{execution_id}/output/{stream}", response_model=Success)
@allow(body=BodySize.UPLOAD)
async def append_output(  # noqa: PLR0917 - a route is called by names
    execution_id: Id,
    stream: Literal["stdout", "stderr"],
    request: Request,
    caller: WorkerCaller,
    attempts: Attempts,
    place: Annotated[OutputPlace, Query()],
) -> Any:
    """Append raw output of a running attempt at an offset."""
    del caller
    tail = OutputTail.model_construct(
        offset=place.offset or 0, content=await request.body()
    )
    await attempts.append_output(execution_id, place.attempt_id, stream, tail)
    return success("taken")


@router.post("/{execution_id}/finish", response_model=Data[AttemptRecord])
@allow(body=BodySize.UPLOAD, slow=True)
async def finish_attempt(
    execution_id: Id, request: Request, caller: WorkerCaller, attempts: Attempts
) -> Any:
    """Record how an attempt ended, and perhaps tell what the worker is to run next.

    Results may be larger than ordinary bodies.
    """
    del caller
    return _answer(await attempts.finish(execution_id, _end(await request.body())))


def _answer(said: BaseModel) -> Response:
    """Answer what was checked when it was composed; the hot path need not do it again."""
    content = f'{{"data":{said.model_dump_json()}}}'
    return Response(content, media_type="application/json")


def _end(body: bytes) -> AttemptEnd:
    try:
        return AttemptEnd.model_validate_json(body)
    except ValidationError as error:
        places = [".".join(map(str, e["loc"])) for e in error.errors()]
        raise InvalidInput("Not the end of an attempt", problems=places) from None
