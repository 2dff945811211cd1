"""What a worker and the API say to each other about one attempt."""

from typing import Annotated

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

from attune.domain.execution import ExecutionStatus
from attune.runtimes.launch import ActionLaunch

AttemptId = Annotated[str, Field(min_length=8, max_length=64)]
WorkerId = Annotated[int, Field(ge=1, le=2**63 - 1, strict=True)]
ExecutionId = Annotated[int, Field(ge=1, le=2**63 - 1, strict=True)]


class AttemptStart(BaseModel):
    """Ask to start; the attempt id fences every later word about it."""

    model_config = ConfigDict(frozen=True)

    attempt_id: AttemptId
    worker_id: WorkerId


class OutputTail(BaseModel):
    """The end of a stream that was not streamed while the process ran."""

    model_config = ConfigDict(frozen=True)

    offset: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    content: Base64Bytes = b""


class NextAttempt(BaseModel):
    """The wish to run at once, in the same activity, what follows in the workflow."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    attempt_id: AttemptId
    """The attempt that is going to run it."""
    worker_id: WorkerId
    activity_of: ExecutionId
    """The execution that the activity was made for."""
    limit_seconds: Annotated[int, Field(ge=1, le=2**63 - 1)]
    """What may run for longer needs an activity of its own."""


class AttemptEnd(BaseModel):
    """How the attempt ended; repeating it changes nothing."""

    model_config = ConfigDict(frozen=True)

    attempt_id: AttemptId
    status: ExecutionStatus
    result: dict[str, object] = Field(default_factory=dict)
    stdout: OutputTail = OutputTail()
    stderr: OutputTail = OutputTail()
    next: NextAttempt | None = None


class AttemptRecord(BaseModel):
    """What the API has on record after an attempt spoke."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    execution_id: int
    status: ExecutionStatus
    next: ActionLaunch | None = None
    """What the worker is to run now, if it wished for more."""
    unsure: bool = False
    """Whether something was begun for it could not be found out."""
