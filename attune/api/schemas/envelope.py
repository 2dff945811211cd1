"""The shapes around every answer, and how absent, null and cleared are told apart.

The generated clients crash on a null where they expect an object, a list or a time
(contract, 0.2); the aliases here keep each field on the right side of that rule.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

T = TypeVar("T")


def is_none(value: object) -> bool:
    """Tell whether a field has nothing to show."""
    return value is None


Omitted = Annotated[T | None, Field(default=None, exclude_if=is_none)]
"""A field that may be absent and is never null."""

ObjectOrEmpty = Annotated[
    dict[str, Any], BeforeValidator(lambda value: {} if value is None else value)
]
"""An object that answers `{}` where the row has null."""

ListOrEmpty = Annotated[
    list[T], BeforeValidator(lambda value: [] if value is None else value)
]
"""A list that answers `[]` where the row has null."""


Flag = Annotated[bool, Field(strict=True)]
"""A switch in a body: true or false, and not 1, "yes" or "off"."""


class Read(BaseModel):
    """Base of every answer: filled from a row or a view by attribute."""

    model_config = ConfigDict(from_attributes=True, use_attribute_docstrings=True)


class Body(BaseModel):
    """Base of every request body; unknown fields are ignored (contract, a.3)."""

    model_config = ConfigDict(use_attribute_docstrings=True, hide_input_in_errors=True)


class Envelope(Read):
    """Base of what is made anew for each thing in it.

    Looking there for docstrings, which are not written, takes longer than all else.
    """

    model_config = ConfigDict(use_attribute_docstrings=False)


class Data(Envelope, Generic[T]):
    """One thing, enveloped."""

    data: T
    message: Omitted[str]


class Success(Read):
    """Something was done."""

    success: bool = True
    message: str


def data(value: T, message: str | None = None) -> Mapping[str, Any]:
    """Envelope one thing."""
    return {"data": value} if message is None else {"data": value, "message": message}


def flat_and_enveloped(schema: type[BaseModel], value: object) -> dict[str, Any]:
    """Answer with the fields at the top and the same under `data` (contract, 0.3)."""
    fields = schema.model_validate(value).model_dump(mode="json", by_alias=True)
    return {**fields, "data": fields}


def success(message: str) -> Success:
    """Say that it was done."""
    return Success(message=message)


def listed(values: Sequence[T]) -> Mapping[str, Any]:
    """Envelope a list that has no pages."""
    return {"data": values}
