"""Timers as clients see them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from attune.api.schemas.envelope import Body, Read
from attune.domain.timer import Misfire, TimerKind


class TimerResponse(Read):
    """A rule on a timer trigger, and when it fires."""

    rule: int
    rule_ref: str
    trigger_ref: str
    type: TimerKind
    schedule: str | None
    """When it fires, in a few words."""
    enabled: bool
    """The rule is switched on."""
    active: bool
    """So are its trigger and its pack, and it fires."""
    misfire: Misfire | None
    """What becomes of times that passed while nothing could fire."""
    misfire_limit: int | None
    next_fire_at: datetime | None
    firings: list[datetime]
    """The next times, as many as were asked for, or fewer if there are no more."""
    last_fired_at: datetime | None
    last_scheduled_at: datetime | None
    """The time for which it last fired."""
    execution_count: int
    """How often it has fired."""
    missed_count: int
    """Times that passed without an event of their own, at least."""
    problem: str | None
    """Why it cannot fire."""


class TimerPreviewRequest(Body):
    """A timer that need not exist."""

    trigger_ref: Annotated[str, Field(min_length=1, max_length=255)]
    trigger_params: dict[str, Any] = {}
    count: Annotated[int, Field(ge=1, le=100, strict=True)] = 5


class TimerPreviewResponse(Read):
    """What such a timer would do."""

    type: TimerKind
    schedule: str
    misfire: Misfire
    misfire_limit: int
    firings: list[datetime]
