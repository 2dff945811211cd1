"""What one activity runs, as the worker keeps it in mind."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

from attune.messages.execution import ActionOutcome
from attune.runtimes.report import AttemptRecord, NextAttempt

GOES_ON_SECONDS: Final = 2.0
"""So long after its beginning an activity may take up another execution."""


@dataclass
class Attempt:
    """One attempt at one execution, and the wish to end it."""

    execution_id: int
    id: str = field(default_factory=lambda: uuid4().hex)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    worker_stops: bool = False
    """The wish comes from this worker's own end, not from a person."""
    may_rerun: bool = False
    """The action may be started again elsewhere when this worker seems lost."""


class Turn:
    """The execution that an activity was made for, and those that follow it there."""

    def __init__(self, execution_id: int, *, goes_on: bool) -> None:
        self.attempt = Attempt(execution_id)
        """The one that runs now."""
        self.limit_seconds = 0
        """How long the activity lets one execution take."""
        self._outcome = ActionOutcome(execution_id=execution_id)
        self._goes_on = goes_on
        self._worker_stops = False
        self._ends_at = time.monotonic() + GOES_ON_SECONDS
        self._next_id = ""

    @property
    def is_first(self) -> bool:
        """Tell whether what runs is what the activity was made for."""
        return self.attempt.execution_id == self._outcome.execution_id

    def wish(self, worker_id: int) -> NextAttempt | None:
        """Return the wish for another execution, if there is time for one."""
        is_over = time.monotonic() > self._ends_at
        if not self._goes_on or is_over or self.attempt.cancelled.is_set():
            return None
        self._next_id = uuid4().hex
        return NextAttempt(
            attempt_id=self._next_id,
            worker_id=worker_id,
            activity_of=self._outcome.execution_id,
            limit_seconds=self.limit_seconds,
        )

    def go_on_with(self, execution_id: int) -> None:
        """Turn to the execution that the wish has brought."""
        self.attempt = Attempt(execution_id, self._next_id)
        if self._worker_stops:
            self._stop_attempt()

    def cancel(self) -> None:
        """End the execution that the activity was made for; nothing follows any more.

        One that followed it is ended by its own id.
        """
        self._goes_on = False
        if self.is_first:
            self.attempt.cancelled.set()

    def leave(self) -> None:
        """Let the execution run to its end, and nothing follow it."""
        self._goes_on = False

    def stop(self) -> None:
        """End whatever runs, because this worker does."""
        self._goes_on, self._worker_stops = False, True
        self._stop_attempt()

    def note(self, record: AttemptRecord) -> None:
        """Take note of an end."""
        said = (
            {"status": record.status}
            if self.is_first
            else {
                "went_on": {**self._outcome.went_on, record.execution_id: record.status}
            }
        )
        unsure = self._outcome.unsure or record.unsure
        self._outcome = self._outcome.model_copy(update={**said, "unsure": unsure})

    def outcome(self, *, unsure: bool = False) -> ActionOutcome:
        """Return what the workflow run is told."""
        return self._outcome.model_copy(
            update={"unsure": self._outcome.unsure or unsure}
        )

    def _stop_attempt(self) -> None:
        self.attempt.worker_stops = True
        self.attempt.cancelled.set()
