"""Secret values inside an object that is stored: encrypted where they stand."""

import json
from collections.abc import Collection, Mapping
from typing import Final, TypeGuard

from attune.domain.errors import InvalidInput
from attune.domain.json import Json, JsonObject
from attune.security.encryption import Encryption

_SEALED: Final = "$encrypted"
_KEY: Final = "key_hash"


def pack_place(pack_ref: str) -> str:
    """Return what ties encrypted configuration to its pack."""
    return f"pack:{pack_ref}"


def trigger_place(rule_ref: str) -> str:
    """Return what ties the encrypted parameters of its trigger to a rule."""
    return f"rule-trigger:{rule_ref}"


def sensor_place(sensor_ref: str) -> str:
    """Return what ties encrypted configuration to its sensor."""
    return f"sensor:{sensor_ref}"


def rule_place(rule_ref: str) -> str:
    """Return what ties encrypted parameters to their rule."""
    return f"rule:{rule_ref}"


def own_place(pack_ref: str, identity_id: int) -> str:
    """Return what ties an identity's own configuration of a pack to both."""
    return f"own:{identity_id}:{pack_ref}"


def seal(
    encryption: Encryption,
    secret: Collection[str],
    values: Mapping[str, Json],
    *,
    place: str,
) -> JsonObject:
    """Return the values with the secret ones encrypted for this place.

    Raises InvalidInput for a value that pretends to be encrypted already.
    """
    forged = [name for name, value in values.items() if is_sealed(value)]
    if forged:
        raise InvalidInput(f"{forged[0]}: {_SEALED} is for the platform to write")
    return {
        name: _sealed(encryption, value, f"{place}:{name}")
        if name in secret and value is not None
        else value
        for name, value in values.items()
    }


def unseal(
    encryption: Encryption, values: Mapping[str, Json], *, place: str
) -> JsonObject:
    """Return the values as they were; raises Undecryptable for another place's."""
    return {
        name: json.loads(
            encryption.decrypt(str(value[_SEALED]), associated=f"{place}:{name}")
        )
        if is_sealed(value)
        else value
        for name, value in values.items()
    }


def reseal(
    encryption: Encryption, values: Mapping[str, Json], *, place: str
) -> JsonObject:
    """Return the values with the sealed ones encrypted by the key of now."""
    opened = unseal(encryption, values, place=place)
    return {
        name: _sealed(encryption, opened[name], f"{place}:{name}")
        if is_sealed(value)
        else value
        for name, value in values.items()
    }


def is_sealed(value: Json) -> TypeGuard[JsonObject]:
    """Tell whether this stands for a secret that nobody may see."""
    return isinstance(value, dict) and _SEALED in value


def _sealed(encryption: Encryption, value: Json, place: str) -> JsonObject:
    text = encryption.encrypt(json.dumps(value), associated=place)
    return {_SEALED: text, _KEY: encryption.key_hash}
