"""Who a key or an artifact belongs to, how keys are named, and whose business they are."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from attune.domain.delegation import names_things
from attune.domain.errors import InvalidInput
from attune.domain.permission import Caller
from attune.domain.ref import MAX_LENGTH

_LOCAL_REF: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\Z")
_REF: Final = re.compile(r"[A-Za-z0-9_@+-]+(\.[A-Za-z0-9_@+-]+)*\Z")
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_@+.-]")


class OwnerType(StrEnum):
    """The kinds of owner."""

    SYSTEM = "system"
    IDENTITY = "identity"
    PACK = "pack"
    ACTION = "action"
    SENSOR = "sensor"


@dataclass(frozen=True, kw_only=True)
class KeyName:
    """What a key is called: by everybody, and by those who know its owner."""

    ref: str
    local_ref: str


def name_key(
    owner_type: OwnerType,
    owner: str,
    *,
    name: str,
    ref: str | None = None,
    local_ref: str | None = None,
) -> KeyName:
    """Return what a new key is called; raises InvalidInput for what cannot be meant.

    A ref may be given as a whole, but not one that says that it is somebody else's.
    """
    prefix = _prefix(owner_type, owner)
    local = local_ref or (ref.removeprefix(prefix) if ref else name)
    what = "local_ref" if local_ref else "ref" if ref else "name"
    whole = ref or prefix + local
    _check(what, local, _REF if ref and not local_ref else _LOCAL_REF)
    if ref is not None:
        _check("ref", ref, _REF)
    if len(whole) > MAX_LENGTH:
        raise InvalidInput(f"ref: must have at most {MAX_LENGTH} characters")
    claimed = whole.partition(".")[0]
    if claimed in list(OwnerType) and "." in whole and not whole.startswith(prefix):
        raise InvalidInput(
            f"ref: one that begins with '{claimed}.' is of such an owner; "
            f"this key's would begin with '{prefix}'"
        )
    return KeyName(ref=whole, local_ref=local)


def _prefix(owner_type: OwnerType, owner: str) -> str:
    if owner_type is OwnerType.SYSTEM:
        return "system."
    # A login may have characters that no ref has.
    return f"{owner_type}.{_UNFIT.sub(_spelled, owner)}."


def _spelled(unfit: re.Match[str]) -> str:
    return f"_{ord(unfit[0]):x}"


def _check(what: str, text: str, pattern: re.Pattern[str]) -> None:
    if len(text) > MAX_LENGTH or not pattern.match(text):
        raise InvalidInput(
            f"{what}: must be letters, digits, '_' and '-', perhaps in parts between "
            f"dots, at most {MAX_LENGTH} characters"
            + ("; give a local_ref to a key of another name" * (what == "name"))
        )


def has_expired(expires_at: datetime | None, now: datetime) -> bool:
    """Tell whether a key is no longer to be resolved."""
    return expires_at is not None and expires_at <= now


def towards_others(caller: Caller) -> Caller:
    """Return the caller with what counts for another identity's keys.

    A grant that speaks of keys in general does not speak of theirs, not even an
    administrator's (contract, section j).
    """
    naming = (grant for grant in caller.grants if names_things(grant.constraints))
    return replace(caller, grants=tuple(naming))
