"""Which workers may serve, as clients write it (contract, annex)."""

from enum import StrEnum
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, Field

from attune.api.schemas.envelope import Body

T = TypeVar("T")

Word = Annotated[str, Field(min_length=1, max_length=255)]


class TaintEffect(StrEnum):
    """What a taint does to work that does not tolerate it."""

    NO_SCHEDULE = "no_schedule"
    PREFER_NO_SCHEDULE = "prefer_no_schedule"


class TolerationOperator(StrEnum):
    """How a toleration is compared with a taint."""

    EQUAL = "equal"
    EXISTS = "exists"


class LabelExpressionOperator(StrEnum):
    """What is asked of a worker's label."""

    IN = "in"
    NOT_IN = "not_in"
    EXISTS = "exists"
    DOES_NOT_EXIST = "does_not_exist"


class WorkerToleration(Body):
    """A taint of workers that does not matter."""

    key: Word
    operator: TolerationOperator = TolerationOperator.EQUAL
    value: Annotated[str, Field(max_length=255)] | None = None
    effect: TaintEffect | None = None


class WorkerLabelExpression(Body):
    """Something asked of one label."""

    key: Word
    operator: LabelExpressionOperator
    values: list[Word] = []


class WorkerSelectorTerm(Body):
    """Labels that a worker has or has not, all together."""

    match_labels: dict[str, str] = {}
    match_expressions: list[WorkerLabelExpression] = []


class PreferredWorkerSelectorTerm(Body):
    """Workers that are better than others."""

    preference: WorkerSelectorTerm
    weight: Annotated[int, Field(ge=1, le=100, strict=True)] = 1


class WorkerAffinity(Body):
    """Workers that are wanted, better, or avoided."""

    required: list[WorkerSelectorTerm] = []
    preferred: list[PreferredWorkerSelectorTerm] = []
    anti_affinity: list[WorkerSelectorTerm] = []


def _as_json(model: BaseModel) -> object:
    return model.model_dump(mode="json", exclude_none=True, exclude_unset=True)


Kept = Annotated[T, AfterValidator(_as_json)]
"""A document that is checked, and then kept as the JSON it was."""
