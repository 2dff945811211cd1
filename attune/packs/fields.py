"""What the fields of a pack's documents may hold."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias, cast

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo
from semver import Version

from attune.domain.errors import InvalidInput
from attune.domain.json import Json, JsonObject
from attune.domain.permission import Grant, translate_seed_grant
from attune.domain.ref import canonical_label, parse_pack_ref, qualify
from attune.domain.version import parse_constraint, parse_version

MAX_DESCRIPTION = 10_000
MAX_LIST = 100
MAX_SECONDS = 30 * 86_400
MAX_LIMIT = 2**31 - 1

STANDARD = "standard"
"""The reserved ref of what every action may be granted: access to what it owns."""

_NAME = re.compile(r"[a-z0-9_][a-z0-9_-]*\Z")


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a document stands; the context in which its models are validated."""

    pack_ref: str
    stem: str
    """The name of its file without its suffixes."""


def origin_of(info: ValidationInfo) -> Origin:
    """Return where the document that is being validated stands."""
    return cast("Origin", info.context)


def name_from(name: object, stem: str) -> str:
    """Return the name if a ref can be made of it, else the name of the file."""
    is_usable = isinstance(name, str) and _NAME.match(name)
    return name if isinstance(name, str) and is_usable else stem


def refusing(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Turn a check that raises InvalidInput into one that pydantic understands."""

    def checked(value: Any) -> Any:
        try:
            return check(value)
        except InvalidInput as refused:
            raise ValueError(refused.message) from None

    return checked


def _qualified(value: object, info: ValidationInfo) -> object:
    origin = origin_of(info)
    if not isinstance(value, str):
        return value
    try:
        return qualify(value, origin.pack_ref)
    except InvalidInput as refused:
        raise ValueError(refused.message) from None


def _qualified_set(value: object, info: ValidationInfo) -> object:
    return value if value == STANDARD else _qualified(value, info)


def _as_text(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        # 3.10 is the number 3.1: what was meant can no longer be known.
        raise ValueError("must be text: write it in quotes")  # noqa: TRY004 - pydantic collects ValueErrors only
    return value


def semantic_version(version: str) -> str:
    """Return the version as it is; raises ValueError for any other form."""
    if not Version.is_valid(version):
        raise ValueError("must be a semantic version such as 1.0.0")
    return version


def _runtime_version(version: str) -> str:
    parse_version(version)
    return version


def _constraint(constraint: str) -> str:
    parse_constraint(constraint)
    return constraint


def _constraint_by_name(value: Mapping[str, str]) -> Mapping[str, str]:
    for constraint in value.values():
        parse_constraint(constraint)
    return value


def as_list(value: object) -> object:
    """Return a text as the list of it alone."""
    return [value] if isinstance(value, str) else value


def _grant(grant: JsonObject) -> JsonObject:
    for spelled in translate_seed_grant(grant) if "type" in grant else [grant]:
        Grant.model_validate(spelled)
    return grant


def _object_or_none(value: object) -> object:
    return {} if value is None else value


PermissionSetRefs = Annotated[
    list[Annotated[str, BeforeValidator(_qualified_set)]],
    BeforeValidator(as_list),
    Field(max_length=MAX_LIST),
]
"""Permission sets of an execution, the reserved `standard` among them."""
PackRef = Annotated[str, AfterValidator(refusing(parse_pack_ref))]
ComponentRef = Annotated[str, BeforeValidator(_qualified)]
"""A ref that may be written without the pack's own ref before it."""
RefList = Annotated[
    list[ComponentRef], BeforeValidator(as_list), Field(max_length=MAX_LIST)
]
Label = Annotated[str, AfterValidator(refusing(canonical_label))]
Description = Annotated[str, Field(max_length=MAX_DESCRIPTION)]
SemanticVersion = Annotated[
    str, BeforeValidator(_as_text), AfterValidator(semantic_version)
]
RuntimeVersionText = Annotated[
    str, BeforeValidator(_as_text), AfterValidator(refusing(_runtime_version))
]
WorkflowVersion = Annotated[
    str, BeforeValidator(_as_text), Field(min_length=1, max_length=255, pattern=r"\S")
]
"""What people call a state of a workflow; any text."""
VersionConstraint = Annotated[
    str, BeforeValidator(_as_text), AfterValidator(refusing(_constraint))
]
VersionConstraints = Annotated[
    dict[str, Annotated[str, BeforeValidator(_as_text)]],
    AfterValidator(refusing(_constraint_by_name)),
]
Word = Annotated[str, Field(min_length=1, max_length=64)]
Words = Annotated[list[Word], BeforeValidator(as_list), Field(max_length=MAX_LIST)]
Seconds = Annotated[int, Field(ge=1, le=MAX_SECONDS)]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT)]
Object: TypeAlias = Annotated[dict[str, Json], BeforeValidator(_object_or_none)]
GrantDocument = Annotated[dict[str, Json], AfterValidator(_grant)]
