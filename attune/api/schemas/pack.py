"""Packs as clients write them and read them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from attune.api.parameters import BodyId
from attune.api.schemas.definition import (
    Creation,
    Description,
    Label,
    RefList,
    RefText,
    Tags,
)
from attune.api.schemas.envelope import Body, Flag, ObjectOrEmpty, Omitted, Read
from attune.api.schemas.patch import Patch, Update
from attune.api.schemas.placement import Kept, WorkerAffinity, WorkerToleration
from attune.db.models.pack import PackInstall
from attune.domain.pack import InstallStatus
from attune.packs.fields import semantic_version
from attune.services.pack.configuring import shown_config
from attune.services.pack.installation import Installed
from attune.services.pack.read import PackView

Version = Annotated[
    str,
    Field(min_length=1, max_length=255),
    AfterValidator(semantic_version),
]
Source = Annotated[str, Field(min_length=1, max_length=4096)]


class CreatePackRequest(Creation):
    """A new pack without files."""

    ref: RefText
    label: Label
    version: Version
    description: Description | None = None
    conf_schema: dict[str, Any] | None = None
    config: dict[str, Any] | None = None
    meta: dict[str, Any] | None = None
    tags: Tags | None = None
    runtime_deps: RefList | None = None
    dependencies: RefList | None = None
    is_standard: Flag | None = None
    worker_selector: dict[str, str] | None = None
    worker_tolerations: list[Kept[WorkerToleration]] | None = None
    worker_affinity: Kept[WorkerAffinity] | None = None


class UpdatePackRequest(Update):
    """Changes of a pack."""

    label: Label | None = None
    version: Version | None = None
    description: Patch[Description] = None
    conf_schema: dict[str, Any] | None = None
    config: dict[str, Any] | None = None
    meta: dict[str, Any] | None = None
    tags: Tags | None = None
    runtime_deps: RefList | None = None
    dependencies: RefList | None = None
    is_standard: Flag | None = None
    worker_selector: dict[str, str] | None = None
    worker_tolerations: list[Kept[WorkerToleration]] | None = None
    worker_affinity: Kept[WorkerAffinity] | None = None


class RegisterPackRequest(Body):
    """A pack in a directory that the server sees."""

    path: Source
    force: Flag = False
    skip_tests: Flag = False


class InstallPackRequest(Body):
    """A pack from somewhere."""

    source: Source
    """An absolute path on the server: a directory or a tar.gz."""
    force: Flag = False
    skip_deps: Flag = False
    skip_tests: Flag = False
    ref_spec: str | None = None
    registry_id: BodyId | None = None
    no_registry: Flag = False


class PackSummary(Read):
    """A pack in a list."""

    id: int
    ref: str
    label: str
    description: str | None
    version: str
    is_standard: bool
    enabled: bool
    tags: list[str]
    created: datetime
    updated: datetime


class PackResponse(PackSummary):
    """A pack with everything it says about itself; secret settings are masked."""

    author: str | None
    email: str | None
    conf_schema: ObjectOrEmpty
    config: ObjectOrEmpty
    meta: ObjectOrEmpty
    runtime_deps: list[str]
    dependencies: list[str]
    worker_selector: ObjectOrEmpty
    worker_tolerations: list[Any]
    worker_affinity: ObjectOrEmpty
    owner_identity: int | None = Field(validation_alias="owner_identity_id")
    content_hash: str | None
    action_count: Omitted[int]
    trigger_count: Omitted[int]
    sensor_count: Omitted[int]
    rule_count: Omitted[int]


class UpdatePackConfigRequest(Body):
    """Settings of the caller's own for a pack; null takes one away."""

    config: Annotated[dict[str, Any], Field(max_length=1000)]


class PackConfigResponse(Read):
    """The settings of a pack for the caller; secret ones are masked."""

    pack_ref: str
    conf_schema: ObjectOrEmpty
    config: ObjectOrEmpty
    """What counts for what the caller executes, and for the rules it owns."""
    pack_config: ObjectOrEmpty
    """What counts for whoever wants nothing else."""
    own_config: ObjectOrEmpty
    """What the caller wants."""


class PackInstallResponse(Read):
    """A pack that was installed."""

    pack: PackResponse
    install_id: int
    install_status: InstallStatus
    tests_skipped: bool
    warnings: list[str]
    """What looks like a mistake in the pack's files."""


class PackInstallStatusResponse(Read):
    """The record of one installation."""

    install_id: int = Field(validation_alias="id")
    pack_ref: str
    pack_version: str
    status: InstallStatus
    trigger_reason: str
    started_at: datetime
    finished_at: Omitted[datetime]
    error_message: Omitted[str]


def pack_response(view: PackView) -> PackResponse:
    """Compose what clients read of a pack."""
    pack = view.pack
    shown = PackResponse.model_validate(pack)
    counts = {f"{kind}_count": count for kind, count in view.counts.items()}
    masked = shown_config(pack.conf_schema, pack.config)
    return shown.model_copy(update={**counts, "config": masked})


def install_response(installed: Installed) -> PackInstallResponse:
    """Compose what clients read of an installation that succeeded."""
    install: PackInstall = installed.install
    return PackInstallResponse(
        pack=pack_response(PackView(pack=installed.pack, counts=installed.counts)),
        install_id=install.id,
        install_status=install.status,
        tests_skipped=install.tests_skipped,
        warnings=installed.warnings,
    )
