"""Executions: asked for, looked at, followed, cancelled."""

from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from attune.api.access import requires
from attune.api.dependencies import (
    Cancelling,
    Executing,
    Executions,
    ExecutionStreams,
    Links,
    Pausing,
    Rerunning,
)
from attune.api.event_stream import EVENTS, json_frame, piece_frame, stream
from attune.api.parameters import Count, Id, QueryId, ShortPaging
from attune.api.routing import Router, allow
from attune.api.schemas.envelope import Data, data, flat_and_enveloped, listed
from attune.api.schemas.execution import (
    CreateExecutionRequest,
    ExecutionQuery,
    ExecutionResponse,
    ExecutionStats,
    ExecutionSummary,
    RerunRequest,
    WorkflowTaskResponse,
    execution_response,
)
from attune.api.schemas.page import Page, page
from attune.domain.execution import ExecutionStatus
from attune.domain.permission import Action, Caller, Resource

router = Router(prefix="/api/v1", tags=["executions"])

Reader = Annotated[Caller, requires(Resource.EXECUTIONS, Action.READ)]
Executor = Annotated[Caller, requires(Resource.ACTIONS, Action.EXECUTE)]
Canceller = Annotated[Caller, requires(Resource.EXECUTIONS, Action.CANCEL)]
Stream = Literal["stdout", "stderr"]


@router.post(
    "/executions/execute",
    status_code=HTTPStatus.CREATED,
    response_model=ExecutionResponse,
)
async def create_execution(
    body: CreateExecutionRequest, caller: Executor, executing: Executing, links: Links
) -> Any:
    """Execute an action; wrong parameters make an execution that has failed."""
    execution = await executing.execute(caller, body.wish())
    return _flat(execution_response(execution, links))


@router.get("/executions", response_model=Page[ExecutionSummary])
async def list_executions(
    caller: Reader,
    executions: Executions,
    paging: ShortPaging,
    query: Annotated[ExecutionQuery, Query()],
) -> Any:
    """List executions, newest first; totals only when asked for."""
    request = replace(paging, with_total=query.include_total)
    return page(await executions.page(caller, request, query.wanted()))


@router.get("/executions/stats", response_model=Data[ExecutionStats])
async def get_execution_stats(caller: Reader, executions: Executions) -> Any:
    """Count the executions by where they stand."""
    return data(await executions.stats(caller))


@router.get("/executions/stream", responses=EVENTS, response_class=Response)
async def stream_executions(
    request: Request,
    caller: Reader,
    streams: ExecutionStreams,
    execution_id: Annotated[QueryId, Query()] = None,
) -> Response:
    """Stream changes of one execution, or of all, as server-sent events."""
    return await stream(request, streams.changes(caller, execution_id), json_frame)


@router.get("/executions/status/{status}", response_model=Page[ExecutionSummary])
async def list_executions_by_status(
    status: ExecutionStatus, caller: Reader, executions: Executions, paging: ShortPaging
) -> Any:
    """List the executions that stand there, newest first."""
    wanted = ExecutionQuery(status=status).wanted()
    return page(await executions.page(caller, paging, wanted))


@router.get(
    "/enforcements/{enforcement_id}/executions", response_model=Page[ExecutionSummary]
)
async def list_executions_of_enforcement(
    enforcement_id: Id, caller: Reader, executions: Executions, paging: ShortPaging
) -> Any:
    """List what an enforcement started."""
    wanted = ExecutionQuery(enforcement=str(enforcement_id)).wanted()
    return page(await executions.page(caller, paging, wanted))


@router.get("/executions/{execution_id}", response_model=Data[ExecutionResponse])
async def get_execution(
    execution_id: Id,
    caller: Reader,
    executions: Executions,
    links: Links,
    *,
    include_secret_values: bool = False,
) -> Any:
    """Get one execution; secret parameters are shown to those who may decrypt."""
    execution, config = await executions.get_revealed(
        caller, execution_id, with_secrets=include_secret_values
    )
    return data(execution_response(execution, links, config))


@router.post(
    "/executions/{execution_id}/cancel", response_model=Data[ExecutionResponse]
)
async def cancel_execution(
    execution_id: Id, caller: Canceller, cancelling: Cancelling, links: Links
) -> Any:
    """Ask an execution to end; one that has ended answers 409."""
    return data(
        execution_response(await cancelling.cancel(caller, execution_id), links)
    )


@router.post(
    "/executions/{execution_id}/rerun",
    status_code=HTTPStatus.CREATED,
    response_model=ExecutionResponse,
)
async def rerun_execution(
    execution_id: Id,
    body: RerunRequest,
    caller: Executor,
    rerunning: Rerunning,
    links: Links,
) -> Any:
    """Execute again what has ended; a workflow perhaps from some of its tasks."""
    execution = await rerunning.rerun(caller, execution_id, body.wish())
    return _flat(execution_response(execution, links))


@router.post("/executions/{execution_id}/pause", response_model=Data[ExecutionResponse])
async def pause_execution(
    execution_id: Id, caller: Canceller, pausing: Pausing, links: Links
) -> Any:
    """Start nothing more of a workflow until it is resumed; what runs may end."""
    return data(execution_response(await pausing.pause(caller, execution_id), links))


@router.post(
    "/executions/{execution_id}/resume", response_model=Data[ExecutionResponse]
)
async def resume_execution(
    execution_id: Id, caller: Canceller, pausing: Pausing, links: Links
) -> Any:
    """Let a workflow that was paused go on."""
    return data(execution_response(await pausing.resume(caller, execution_id), links))


@router.get(
    "/executions/{execution_id}/tasks", response_model=Data[list[WorkflowTaskResponse]]
)
async def list_execution_tasks(
    execution_id: Id, caller: Reader, executions: Executions
) -> Any:
    """List what has become of the tasks of a workflow so far."""
    return listed(await executions.tasks(caller, execution_id))


@router.get(
    "/executions/{execution_id}/logs/{stream_name}", response_class=PlainTextResponse
)
@allow(slow=True)
async def get_execution_log(
    execution_id: Id, stream_name: Stream, caller: Reader, executions: Executions
) -> Response:
    """Get everything a stream holds so far, byte for byte."""
    content = await executions.log(caller, execution_id, stream_name)
    return PlainTextResponse(content)


@router.get(
    "/executions/{execution_id}/logs/{stream_name}/stream",
    responses=EVENTS,
    response_class=Response,
)
async def stream_execution_log(
    request: Request,
    execution_id: Id,
    stream_name: Stream,
    caller: Reader,
    *,
    streams: ExecutionStreams,
    offset: Annotated[Count, Query()] = None,
) -> Response:
    """Stream output as server-sent events; an event's id is where it goes on."""
    opening = streams.output(caller, execution_id, stream_name, offset or 0)
    return await stream(request, opening, piece_frame)


def _flat(shown: ExecutionResponse) -> Response:
    content = flat_and_enveloped(ExecutionResponse, shown)
    return JSONResponse(content, HTTPStatus.CREATED)
