"""Secrets at rest: AES-256-GCM under a key made from the configured text.

What is stored is base64 of nonce and ciphertext. The associated data ties a ciphertext
to its place, so that moving it to another row makes it unreadable.
"""

import base64
import binascii
import hashlib
import os
from collections.abc import Iterable
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from attune.domain.errors import Conflict

_NONCE_BYTES: Final = 12


class Undecryptable(Conflict):
    """The ciphertext was made with another key, for another place, or is damaged."""


class Encryption:
    """Encrypts with one key; decrypts with it and with those that were used before."""

    def __init__(self, key_text: str, *previous: str) -> None:
        texts = (key_text, *previous)
        if not all(texts):
            raise ValueError("an encryption key is empty")
        keys = [hashlib.sha256(text.encode()).digest() for text in texts]
        self._ciphers = {_hash(key): AESGCM(key) for key in keys}
        self._cipher = AESGCM(keys[0])
        self.key_hash = _hash(keys[0])
        """Tells which key a stored value needs, without telling the key."""

    @classmethod
    def of_secrets(cls, current: SecretStr, previous: Iterable[SecretStr]) -> Self:
        """Take the keys as they are configured."""
        return cls(*(key.get_secret_value() for key in (current, *previous)))

    @property
    def known_hashes(self) -> tuple[str, ...]:
        """The keys that decrypt here, the one that encrypts first."""
        return tuple(self._ciphers)

    def encrypt(self, plaintext: str, *, associated: str) -> str:
        """Return the text to store for this place."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, plaintext.encode(), associated.encode())
        return base64.b64encode(nonce + sealed).decode("ascii")

    def decrypt(self, stored: str, *, associated: str) -> str:
        """Return the plaintext, whichever key it needs, or raise Undecryptable."""
        try:
            sealed = base64.b64decode(stored, validate=True)
        except (binascii.Error, ValueError) as error:
            raise Undecryptable("A stored secret cannot be decrypted") from error
        nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        for cipher in self._ciphers.values():
            try:
                opened = cipher.decrypt(nonce, ciphertext, associated.encode())
            except (InvalidTag, ValueError):
                continue
            return opened.decode()
        raise Undecryptable("A stored secret cannot be decrypted")


def _hash(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()
