"""Sensors: listed, made, changed, switched, restarted, removed; and what they wrote."""

from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import Query
from starlette.responses import PlainTextResponse, StreamingResponse

from attune.api.access import requires
from attune.api.dependencies import SensorLogStore, Sensors
from attune.api.parameters import Count, Paging, RefPath, Search
from attune.api.routing import Router, allow
from attune.api.schemas.envelope import Data, Success, data, success
from attune.api.schemas.page import Page, page
from attune.api.schemas.sensor import (
    CreateSensorRequest,
    SensorLogs,
    SensorResponse,
    SensorSummary,
    UpdateSensorRequest,
    sensor_log_summary,
    sensor_response,
    sensor_summary,
)
from attune.domain.permission import Action, Caller, Resource

router = Router(prefix="/api/v1", tags=["sensors"])

Reader = Annotated[Caller, requires(Resource.TRIGGERS, Action.READ)]
Creator = Annotated[Caller, requires(Resource.TRIGGERS, Action.CREATE)]
Editor = Annotated[Caller, requires(Resource.TRIGGERS, Action.UPDATE)]
Remover = Annotated[Caller, requires(Resource.TRIGGERS, Action.DELETE)]
Text = Annotated[str | None, Query(max_length=255)]
Stream = Literal["stdout", "stderr"]


@router.get("/sensors", response_model=Page[SensorSummary])
async def list_sensors(
    caller: Reader,
    sensors: Sensors,
    paging: Paging,
    *,
    q: Search = None,
    pack_ref: Text = None,
    trigger_ref: Text = None,
    enabled: bool | None = None,
) -> Any:
    """List sensors by ref, and whether they run."""
    found = await sensors.page(
        caller, paging, q=q, pack_ref=pack_ref, trigger_ref=trigger_ref, enabled=enabled
    )
    return page(found, sensor_summary)


@router.post(
    "/sensors", status_code=HTTPStatus.CREATED, response_model=Data[SensorResponse]
)
async def create_sensor(
    body: CreateSensorRequest, caller: Creator, sensors: Sensors
) -> Any:
    """Make a sensor; it starts when a rule uses one of its triggers."""
    made = await sensors.create(caller, body.given())
    return data(sensor_response(made), "Sensor created")


@router.get("/sensors/enabled", response_model=Page[SensorSummary])
async def list_enabled_sensors(
    caller: Reader, sensors: Sensors, paging: Paging, q: Search = None
) -> Any:
    """List the sensors that run while rules need them."""
    found = await sensors.page(caller, paging, q=q, enabled=True)
    return page(found, sensor_summary)


@router.get("/sensors/{ref}", response_model=Data[SensorResponse])
async def get_sensor(ref: RefPath, caller: Reader, sensors: Sensors) -> Any:
    """Get one sensor: where it runs and since when, or why it does not."""
    return data(sensor_response(await sensors.get(caller, ref)))


@router.put("/sensors/{ref}", response_model=Data[SensorResponse])
async def update_sensor(
    ref: RefPath, body: UpdateSensorRequest, caller: Editor, sensors: Sensors
) -> Any:
    """Change what is given of a sensor; its process starts anew if need be."""
    changed = await sensors.update(caller, ref, body.changes())
    return data(sensor_response(changed), "Sensor updated")


@router.delete("/sensors/{ref}", response_model=Success)
async def delete_sensor(ref: RefPath, caller: Remover, sensors: Sensors) -> Any:
    """Remove a sensor; its process ends, its triggers stay."""
    await sensors.delete(caller, ref)
    return success(f"Sensor '{ref}' deleted")


@router.post("/sensors/{ref}/enable", response_model=Data[SensorResponse])
async def enable_sensor(ref: RefPath, caller: Editor, sensors: Sensors) -> Any:
    """Let a sensor run while rules need it."""
    changed = await sensors.set_enabled(caller, ref, enabled=True)
    return data(sensor_response(changed), "Sensor enabled")


@router.post("/sensors/{ref}/disable", response_model=Data[SensorResponse])
async def disable_sensor(ref: RefPath, caller: Editor, sensors: Sensors) -> Any:
    """End a sensor, whatever rules need it."""
    changed = await sensors.set_enabled(caller, ref, enabled=False)
    return data(sensor_response(changed), "Sensor disabled")


@router.post("/sensors/{ref}/restart", response_model=Data[SensorResponse])
async def restart_sensor(ref: RefPath, caller: Editor, sensors: Sensors) -> Any:
    """Start the process of a sensor anew, at once even if it has failed."""
    return data(sensor_response(await sensors.restart(caller, ref)), "Sensor restarts")


@router.get("/sensors/{sensor_ref}/logs", response_model=SensorLogs)
async def list_sensor_logs(
    sensor_ref: RefPath, caller: Reader, logs: SensorLogStore
) -> Any:
    """List the streams that a sensor writes, as far as they are kept."""
    found = await logs.streams(caller, sensor_ref)
    return SensorLogs(
        sensor_ref=sensor_ref, logs=[sensor_log_summary(log) for log in found]
    )


@router.get("/sensors/{sensor_ref}/logs/{stream}", response_class=PlainTextResponse)
@allow(slow=True)
async def get_sensor_log(
    sensor_ref: RefPath,
    stream: Stream,
    caller: Reader,
    logs: SensorLogStore,
    *,
    tail: Annotated[Count, Query()] = None,
    offset: Annotated[Count, Query()] = None,
) -> StreamingResponse:
    """Get what is kept of a stream, the last lines of it, or what comes after an offset.

    The headers say which bytes these are of all that the sensor ever wrote.
    """
    part = await logs.read(caller, sensor_ref, stream, offset=offset, tail=tail)
    return StreamingResponse(
        part.chunks,
        media_type="text/plain; charset=utf-8",
        headers={
            "X-Log-Start-Offset": str(part.start),
            "X-Log-End-Offset": str(part.end),
        },
    )


@router.get("/packs/{pack_ref}/sensors", response_model=Page[SensorSummary])
async def list_sensors_by_pack(
    pack_ref: RefPath,
    caller: Reader,
    sensors: Sensors,
    paging: Paging,
    q: Search = None,
) -> Any:
    """List the sensors of a pack."""
    found = await sensors.page_of_pack(caller, paging, pack_ref, q)
    return page(found, sensor_summary)


@router.get("/triggers/{trigger_ref}/sensors", response_model=Page[SensorSummary])
async def list_sensors_by_trigger(
    trigger_ref: RefPath, caller: Reader, sensors: Sensors, paging: Paging
) -> Any:
    """List the sensors that serve a trigger."""
    found = await sensors.page_of_trigger(caller, paging, trigger_ref)
    return page(found, sensor_summary)
