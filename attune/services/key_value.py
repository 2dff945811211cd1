"""The value of a key: encrypted for its owner and ref, decrypted where it is asked for."""

import json
from collections.abc import Mapping
from typing import Any

from attune.db.models.key import Key
from attune.domain.json import Json
from attune.security.encryption import Encryption


def key_place(owner_type: str, owner: str, ref: str) -> str:
    """Return what ties an encrypted value to its key and to the key's owner."""
    return "key:" + json.dumps([str(owner_type), owner, ref])


def seal_key(encryption: Encryption, value: Json, *, place: str) -> str:
    """Return what is stored of a value in this place."""
    return encryption.encrypt(json.dumps(value), associated=place)


def key_facts(key: Key) -> dict[str, Any]:
    """Return what is to be known of a row for its value to be revealed."""
    return {
        "ref": key.ref,
        "owner_type": key.owner_type,
        "owner": key.owner,
        "value": key.value,
        "encrypted": key.encrypted,
    }


def reveal_key(encryption: Encryption, key: Mapping[str, Any]) -> Json:
    """Return the value of a key, given with ref, owner_type, owner, value, encrypted.

    Raises Undecryptable when it was encrypted for another place.
    """
    value: Json = key["value"]
    if key["encrypted"]:
        place = key_place(key["owner_type"], key["owner"], key["ref"])
        value = json.loads(encryption.decrypt(str(value), associated=place))
    return value
