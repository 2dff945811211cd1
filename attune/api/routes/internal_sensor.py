"""The processes of sensors, as their workers report them; only worker tokens enter."""

from typing import Annotated, Any, Literal

from fastapi import Query, Request
from pydantic import BaseModel, Field

from attune.api.dependencies import SensorLogStore, SensorRuns, WorkerCaller
from attune.api.limits import BodySize
from attune.api.parameters import MAX_ID, Count, RefPath
from attune.api.routing import Router, allow
from attune.api.schemas.envelope import Data, Success, data, success
from attune.runtimes.sensor_launch import (
    SensorBeat,
    SensorEnd,
    SensorLaunch,
    SensorOrders,
    SensorStart,
    SensorToken,
)

router = Router(prefix="/internal/sensors", tags=["internal"])


class Generation(BaseModel):
    """The start that a worker speaks for."""

    generation: Annotated[int, Field(ge=0, le=MAX_ID, strict=True)]


class LogPlace(BaseModel):
    """Where a piece of a log belongs."""

    generation: Annotated[int, Field(ge=0, le=MAX_ID)]
    offset: Count = 0


@router.post("/beat", response_model=Data[SensorOrders])
async def beat_sensors(
    body: SensorBeat, caller: WorkerCaller, sensors: SensorRuns
) -> Any:
    """Say which processes live; the answer says which have to end."""
    del caller
    return data(await sensors.beat(body.hosted))


@router.post("/{ref}/start", response_model=Data[SensorLaunch])
async def start_sensor(
    ref: RefPath, body: SensorStart, caller: WorkerCaller, sensors: SensorRuns
) -> Any:
    """Take a start of a sensor and learn what to run; 409 when it is not to be."""
    del caller
    return data(await sensors.start(ref, body))


@router.post("/{ref}/token", response_model=Data[SensorToken])
async def renew_sensor_token(
    ref: RefPath, body: Generation, caller: WorkerCaller, sensors: SensorRuns
) -> Any:
    """Give a process that lives its next token."""
    del caller
    return data(await sensors.renew(ref, body.generation))


@router.post("/{ref}/output/{stream}", response_model=Success)
@allow(body=BodySize.UPLOAD)
async def append_sensor_log(  # noqa: PLR0917 - a route is called by names
    ref: RefPath,
    stream: Literal["stdout", "stderr"],
    request: Request,
    caller: WorkerCaller,
    logs: SensorLogStore,
    place: Annotated[LogPlace, Query()],
) -> Any:
    """Append what a process wrote at an offset of what this start wrote."""
    del caller
    await logs.append(
        ref, place.generation, stream, place.offset or 0, await request.body()
    )
    return success("taken")


@router.post("/{ref}/end", response_model=Success)
async def end_sensor(
    ref: RefPath, body: SensorEnd, caller: WorkerCaller, sensors: SensorRuns
) -> Any:
    """Record how a process ended."""
    del caller
    await sensors.end(ref, body)
    return success("taken")
