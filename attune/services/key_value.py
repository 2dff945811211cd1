"""The value of a key, decrypted where it is encrypted."""

import json

from attune.db.models.key import Key
from attune.domain.json import Json
from attune.security.encryption import Encryption


def key_place(ref: str) -> str:
    """Return what ties an encrypted value to its key."""
    return f"key:{ref}"


def reveal_key(encryption: Encryption, key: Key) -> Json:
    """Return the value; raises Undecryptable when it was made for another place."""
    if not key.encrypted:
        value: Json = key.value
        return value
    plaintext = encryption.decrypt(str(key.value), associated=key_place(key.ref))
    revealed: Json = json.loads(plaintext)
    return revealed
