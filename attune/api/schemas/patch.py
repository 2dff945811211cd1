"""Partial updates: a field that is absent or null stays, one can be set or cleared."""

from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BeforeValidator, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from attune.api.schemas.envelope import Body

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Set(Generic[T]):
    """Give the field this value."""

    op: Literal["set"]
    value: T


@dataclass(frozen=True, kw_only=True)
class Clear:
    """Take the field's value away."""

    op: Literal["clear"]


def _as_operation(value: object) -> object:
    if value is None or isinstance(value, Set | Clear):
        return value
    if isinstance(value, dict) and "op" in value:
        return value
    return {"op": "set", "value": value}


class _Described:
    """Shows all ways to write it; the union that it is read as knows the long ones."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        reference = handler(schema)["anyOf"][0]
        value = handler.resolve_ref_schema(reference)["properties"]["value"]
        return {
            "anyOf": [
                {k: v for k, v in value.items() if k != "title"},
                _operation("set", value=value),
                _operation("clear"),
                {"type": "null"},
            ]
        }


def _operation(op: str, **fields: Any) -> dict[str, Any]:
    properties = {"op": {"type": "string", "const": op}, **fields}
    return {"type": "object", "properties": properties, "required": [*properties]}


Patch = Annotated[Set[T] | Clear | None, BeforeValidator(_as_operation), _Described()]
"""`{"op": "set", "value": …}`, `{"op": "clear"}`, or simply the value."""


class Update(Body):
    """Base of every partial update; its fields are optional and default to None."""

    def changes(self) -> dict[str, Any]:
        """Return the fields to write; None stands for a field to be cleared."""
        given = ((name, getattr(self, name)) for name in self.model_fields_set)
        return {name: _value(v) for name, v in given if v is not None}


def _value(operation: object) -> object:
    if isinstance(operation, Clear):
        return None
    return operation.value if isinstance(operation, Set) else operation
