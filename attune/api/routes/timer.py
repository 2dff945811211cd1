"""Timers: when rules on timer triggers fire."""

from typing import Annotated, Any

from fastapi import Query

from attune.api.access import requires
from attune.api.dependencies import Timers
from attune.api.parameters import Paging, RefPath
from attune.api.routing import Router
from attune.api.schemas.envelope import Data, data
from attune.api.schemas.page import Page, page
from attune.api.schemas.timer import (
    TimerPreviewRequest,
    TimerPreviewResponse,
    TimerResponse,
)
from attune.domain.permission import Action, Caller, Resource

router = Router(prefix="/api/v1", tags=["timers"])

Reader = Annotated[Caller, requires(Resource.RULES, Action.READ)]


@router.get("/timers", response_model=Page[TimerResponse])
async def list_timers(
    caller: Reader,
    timers: Timers,
    paging: Paging,
    *,
    count: Annotated[int, Query(ge=1, le=10)] = 1,
) -> Any:
    """List timers, the next to fire first, each with its next `count` times."""
    return page(await timers.page(caller, paging, count=count))


@router.post("/timers/preview", response_model=Data[TimerPreviewResponse])
async def preview_timer(
    body: TimerPreviewRequest, caller: Reader, timers: Timers
) -> Any:
    """Tell when a timer would fire, without making a rule of it."""
    del caller
    return data(
        await timers.preview(body.trigger_ref, body.trigger_params, count=body.count)
    )


@router.get("/rules/{ref}/firings", response_model=Data[TimerResponse])
async def get_rule_firings(
    ref: RefPath,
    caller: Reader,
    timers: Timers,
    *,
    count: Annotated[int, Query(ge=1, le=100)] = 5,
) -> Any:
    """Get the timer of a rule, with its next `count` times; 404 for other rules."""
    return data(await timers.get(caller, ref, count=count))
