"""The documents of a pack as data: one model each, with every accepted spelling.

A field is named like the column it ends in; the other names are the spellings of its
key in YAML, the documented one first. Unknown keys are ignored, so that packs written
for other versions load.
"""

from typing import Any

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    model_validator,
)

from attune.domain.artifact import RetentionPolicyType
from attune.packs.fields import (
    ComponentRef,
    Description,
    Label,
    Limit,
    Object,
    PackRef,
    SemanticVersion,
    VersionConstraint,
    Words,
    name_from,
    origin_of,
)


def spelled(*names: str, default: Any = ...) -> Any:
    """Declare a field that has several names in YAML."""
    return Field(default, validation_alias=AliasChoices(*names))


class Document(BaseModel):
    """Base of everything that stands in a pack's files."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        populate_by_name=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )


class PackManifest(Document):
    """The document pack.yaml."""

    ref: PackRef
    label: Label
    version: SemanticVersion
    description: Description | None = None
    author: Description | None = None
    email: Description | None = None
    is_standard: bool = spelled("system", "is_standard", default=False)
    enabled: bool = True
    tags: Words = []
    meta: Object = {}
    conf_schema: Object = {}
    config: Object = {}
    runtime_deps: Words = []
    dependencies: Words = []
    testing: Object = {}
    worker_selector: dict[str, str] = {}
    worker_tolerations: list[Object] = []
    worker_affinity: Object = {}

    @model_validator(mode="before")
    @classmethod
    def _name_is_label(cls, document: Any) -> Any:
        if isinstance(document, dict) and "label" not in document:
            label = document.get("name") or document.get("ref")
            return {**document, "label": label}
        return document


class ComponentDocument(Document):
    """What the document of every component has."""

    ref: ComponentRef
    label: Label
    description: Description | None = None

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, document: Any, info: ValidationInfo) -> Any:
        """Derive ref and label from the name, or from the name of the file."""
        if not isinstance(document, dict):
            return document
        origin = origin_of(info)
        name = name_from(document.get("name"), origin.stem)
        label = document.get("name") or name.replace("_", " ").capitalize()
        return {"ref": name, "label": label, **_without_nulls(document)}


def _without_nulls(document: dict[str, Any]) -> dict[str, Any]:
    """Leave out keys without a value: they say no more than absent ones."""
    return {key: value for key, value in document.items() if value is not None}


class PlacedDocument(ComponentDocument):
    """A component whose code runs on workers."""

    worker_selector: dict[str, str] = {}
    worker_tolerations: list[Object] = []
    worker_affinity: Object = {}
    log_retention_policy: RetentionPolicyType | None = None
    log_retention_limit: Limit | None = None
    artifact_retention_policy: RetentionPolicyType | None = None
    artifact_retention_limit: Limit | None = None
    runtime_version_constraint: VersionConstraint | None = spelled(
        "runtime_version", "runtime_version_constraint", default=None
    )
