"""Secrets at rest: AES-256-GCM under a key made from the configured text.

What is stored is base64 of nonce and ciphertext. The associated data ties a ciphertext
to its place, so that moving it to another row makes it unreadable.
"""

import base64
import binascii
import hashlib
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from attune.domain.errors import Conflict

_NONCE_BYTES: Final = 12


class Undecryptable(Conflict):
    """The ciphertext was made with another key, for another place, or is damaged."""


class Encryption:
    """Encrypts and decrypts with one key."""

    def __init__(self, key_text: str) -> None:
        if not key_text:
            raise ValueError("the encryption key is empty")
        key = hashlib.sha256(key_text.encode()).digest()
        self._cipher = AESGCM(key)
        self.key_hash = hashlib.sha256(key).hexdigest()
        """Tells which key a stored value needs, without telling the key."""

    def encrypt(self, plaintext: str, *, associated: str) -> str:
        """Return the text to store for this place."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, plaintext.encode(), associated.encode())
        return base64.b64encode(nonce + sealed).decode("ascii")

    def decrypt(self, stored: str, *, associated: str) -> str:
        """Return the plaintext, or raise Undecryptable."""
        try:
            sealed = base64.b64decode(stored, validate=True)
            nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
            plaintext = self._cipher.decrypt(nonce, ciphertext, associated.encode())
        except (InvalidTag, binascii.Error, ValueError) as error:
            raise Undecryptable("A stored secret cannot be decrypted") from error
        return plaintext.decode()
