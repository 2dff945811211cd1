"""Runtimes as clients write them and read them."""

from datetime import datetime
from typing import Any

from pydantic import Field

from attune.api.schemas.definition import Creation, Description, Label, RefText
from attune.api.schemas.envelope import ListOrEmpty, ObjectOrEmpty, Read
from attune.api.schemas.patch import Patch, Update


class CreateRuntimeRequest(Creation):
    """A new runtime."""

    ref: RefText
    name: Label
    pack_ref: RefText | None = None
    """The pack it belongs to; the one its ref begins with when not given."""
    description: Description | None = None
    distributions: dict[str, Any] | None = None
    installation: dict[str, Any] | None = None
    execution_config: dict[str, Any] | None = None


class UpdateRuntimeRequest(Update):
    """Changes of a runtime."""

    name: Label | None = None
    description: Patch[Description] = None
    distributions: dict[str, Any] | None = None
    installation: Patch[dict[str, Any]] = None
    execution_config: dict[str, Any] | None = None


class RuntimeSummary(Read):
    """A runtime in a list."""

    id: int
    ref: str
    name: str
    pack_ref: str | None
    description: str | None
    created: datetime
    updated: datetime


class RuntimeResponse(RuntimeSummary):
    """A runtime with everything it says about itself."""

    pack: int | None = Field(validation_alias="pack_id")
    is_adhoc: bool
    aliases: ListOrEmpty[str]
    distributions: ObjectOrEmpty
    installation: ObjectOrEmpty
    execution_config: ObjectOrEmpty
