"""The value of a key, decrypted where it is encrypted."""

import json
from collections.abc import Mapping
from typing import Any

from attune.domain.json import Json
from attune.security.encryption import Encryption


def key_place(ref: str) -> str:
    """Return what ties an encrypted value to its key."""
    return f"key:{ref}"


def reveal_key(encryption: Encryption, key: Mapping[str, Any]) -> Json:
    """Return the value of a key, which is given with ref, value and encrypted.

    Raises Undecryptable when it was encrypted for another place.
    """
    value: Json = key["value"]
    if key["encrypted"]:
        place = key_place(key["ref"])
        value = json.loads(encryption.decrypt(str(value), associated=place))
    return value
