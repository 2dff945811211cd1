"""What an artifact is, who sees it and how long it is kept."""

import re
from enum import StrEnum
from typing import Final

from attune.domain.errors import InvalidInput
from attune.domain.key import OwnerType


class ArtifactType(StrEnum):
    """How an artifact is shown."""

    FILE_BINARY = "file_binary"
    FILE_DATATABLE = "file_datatable"
    FILE_IMAGE = "file_image"
    FILE_TEXT = "file_text"
    URL = "url"
    PROGRESS = "progress"
    OTHER = "other"


class ArtifactVisibility(StrEnum):
    """Who may read an artifact."""

    PRIVATE = "private"
    PUBLIC = "public"


class ArtifactClassification(StrEnum):
    """Whether people or the platform made an artifact."""

    GENERAL = "general"
    RUNTIME_LOG = "runtime_log"


class ArtifactBodyState(StrEnum):
    """Whether the bytes of a version are there."""

    PENDING = "pending"
    READY = "ready"
    CLEANUP_CLAIMED = "cleanup_claimed"
    DELETING = "deleting"


class RetentionPolicyType(StrEnum):
    """The unit in which retention is counted."""

    VERSIONS = "versions"
    DAYS = "days"
    HOURS = "hours"
    MINUTES = "minutes"


DEFAULT_RETENTION: Final = (RetentionPolicyType.VERSIONS, 5)
"""Of an artifact that somebody makes."""

DEFAULT_RETENTION_BY_REF: Final = (RetentionPolicyType.VERSIONS, 10)
"""Of an artifact that comes to be because a version of it is uploaded."""

MOST_PROGRESS_ENTRIES: Final = 1_000
"""A progress artifact keeps this many; the oldest make room."""

_CONTENT_TYPE: Final = re.compile(
    r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}"
    r"(; ?charset=[a-z0-9_-]{1,32})?\Z"
)
_EXTENSION: Final = re.compile(r"\.[a-z0-9]{1,16}\Z")
_UNSAFE_IN_NAME: Final = re.compile(r"[^A-Za-z0-9._ -]")
_LONGEST_NAME: Final = 120
_DIGITS: Final = 18
OCTETS: Final = "application/octet-stream"

_TYPES_BY_MAJOR: Final = {
    "text": ArtifactType.FILE_TEXT,
    "image": ArtifactType.FILE_IMAGE,
}
_TABLES: Final = frozenset({"text/csv", "text/tab-separated-values"})
_EXTENSIONS: Final = {
    "text/plain": ".txt",
    "text/csv": ".csv",
    "text/html": ".html",
    "application/json": ".json",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/gzip": ".gz",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/svg+xml": ".svg",
}
_EXTENSION_BY_TYPE: Final = {
    ArtifactType.FILE_TEXT: ".txt",
    ArtifactType.FILE_DATATABLE: ".csv",
    ArtifactType.PROGRESS: ".json",
}


def default_visibility(kind: ArtifactType) -> ArtifactVisibility:
    """Return who reads an artifact of which nobody said it: progress is for all."""
    if kind is ArtifactType.PROGRESS:
        return ArtifactVisibility.PUBLIC
    return ArtifactVisibility.PRIVATE


def check_owner(scope: OwnerType, owner: str) -> None:
    """Raise InvalidInput unless `owner` can name an owner of this type."""
    if scope is OwnerType.SYSTEM:
        if owner not in ("", "system"):
            raise InvalidInput("owner: a system artifact has none; leave it empty")
        return
    if scope is OwnerType.IDENTITY:
        if not (owner.isascii() and owner.isdigit() and len(owner) <= _DIGITS):
            raise InvalidInput("owner: must be the id of an identity")
        return
    dots = owner.count(".")
    if not owner or (dots == 0) is not (scope is OwnerType.PACK):
        raise InvalidInput(f"owner: must be the ref of {_named(scope)}")


def derived_pack(scope: OwnerType, owner: str) -> str | None:
    """Return the pack that an owner belongs to, if it belongs to one."""
    if scope in (OwnerType.PACK, OwnerType.ACTION, OwnerType.SENSOR):
        return owner.partition(".")[0]
    return None


def guess_type(content_type: str | None) -> ArtifactType:
    """Return the type of an artifact of which only the content's type is known."""
    essence = (content_type or OCTETS).partition(";")[0].strip()
    if essence in _TABLES:
        return ArtifactType.FILE_DATATABLE
    major = essence.partition("/")[0]
    return _TYPES_BY_MAJOR.get(major, ArtifactType.FILE_BINARY)


def known_content_type(text: str | None) -> str:
    """Return a content type that is harmless in a header; else that of plain bytes."""
    lowered = (text or "").strip().lower()
    return lowered if _CONTENT_TYPE.match(lowered) else OCTETS


def check_content_type(text: str | None) -> str | None:
    """Return it in its one spelling; raises InvalidInput for what is none."""
    if text is None or not text.strip():
        return None
    lowered = text.strip().lower()
    if not _CONTENT_TYPE.match(lowered):
        raise InvalidInput("content_type: must look like text/plain or image/png")
    return lowered


def file_path(
    ref: str, version: int, kind: ArtifactType, content_type: str | None
) -> str:
    """Return where a version's file lies, below the artifacts directory."""
    return "/".join([*ref.split("."), f"v{version}{extension(kind, content_type)}"])


def extension(kind: ArtifactType, content_type: str | None) -> str:
    """Return the end of a file's name; `.bin` where nothing better is known."""
    essence = (content_type or "").partition(";")[0].strip()
    return _EXTENSIONS.get(essence) or _EXTENSION_BY_TYPE.get(kind) or ".bin"


def download_name(ref: str, version: int, file_name: str | None) -> str:
    """Return the name under which a browser may save it: plain characters, no path."""
    tail = (file_name or "").lower()
    found = _EXTENSION.search(tail)
    plain = _UNSAFE_IN_NAME.sub("_", ref)[:_LONGEST_NAME]
    return f"{plain}-v{version}{found[0] if found else ''}"


def _named(scope: OwnerType) -> str:
    return f"a{'n' if scope is OwnerType.ACTION else ''} {scope.value}"
