"""What a worker and the API say to each other about one attempt."""

from typing import Annotated

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

from attune.domain.execution import ExecutionStatus

AttemptId = Annotated[str, Field(min_length=8, max_length=64)]


class AttemptStart(BaseModel):
    """Ask to start; the attempt id fences every later word about it."""

    model_config = ConfigDict(frozen=True)

    attempt_id: AttemptId
    worker_id: Annotated[int, Field(ge=1, le=2**63 - 1, strict=True)]


class OutputTail(BaseModel):
    """The end of a stream that was not streamed while the process ran."""

    model_config = ConfigDict(frozen=True)

    offset: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    content: Base64Bytes = b""


class AttemptEnd(BaseModel):
    """How the attempt ended; repeating it changes nothing."""

    model_config = ConfigDict(frozen=True)

    attempt_id: AttemptId
    status: ExecutionStatus
    result: dict[str, object] = Field(default_factory=dict)
    stdout: OutputTail = OutputTail()
    stderr: OutputTail = OutputTail()


class AttemptRecord(BaseModel):
    """What the API has on record after an attempt spoke."""

    model_config = ConfigDict(frozen=True)

    execution_id: int
    status: ExecutionStatus
