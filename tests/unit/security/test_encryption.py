"""Secrets at rest."""

import base64
import hashlib

import pytest

from attune.security.encryption import Encryption, Undecryptable

ENCRYPTION = Encryption("the configured text")


@pytest.mark.parametrize("plaintext", ["", "s3cret", "ünï😀", "x" * 100_000])
def test_what_is_encrypted_comes_back(plaintext: str) -> None:
    stored = ENCRYPTION.encrypt(plaintext, associated="key:1")

    assert ENCRYPTION.decrypt(stored, associated="key:1") == plaintext


def test_the_same_secret_never_looks_the_same() -> None:
    first = ENCRYPTION.encrypt("s3cret", associated="key:1")

    assert first != ENCRYPTION.encrypt("s3cret", associated="key:1")
    assert len(base64.b64decode(first)) == 12 + len("s3cret") + 16


def test_a_ciphertext_in_another_place_is_unreadable() -> None:
    stored = ENCRYPTION.encrypt("s3cret", associated="key:1")

    with pytest.raises(Undecryptable):
        ENCRYPTION.decrypt(stored, associated="key:2")


def test_another_key_cannot_read_it() -> None:
    stored = ENCRYPTION.encrypt("s3cret", associated="key:1")

    with pytest.raises(Undecryptable):
        Encryption("another text").decrypt(stored, associated="key:1")


def test_what_an_earlier_key_encrypted_comes_back() -> None:
    stored = ENCRYPTION.encrypt("s3cret", associated="key:1")
    changed = Encryption("another text", "a third text", "the configured text")

    assert changed.decrypt(stored, associated="key:1") == "s3cret"
    assert changed.known_hashes[0] == changed.key_hash != ENCRYPTION.key_hash
    assert ENCRYPTION.key_hash in changed.known_hashes
    with pytest.raises(Undecryptable):
        changed.decrypt(stored, associated="key:2")


@pytest.mark.parametrize("stored", ["", "AAAA", "not base64!", "é"])
def test_damaged_text_is_refused(stored: str) -> None:
    with pytest.raises(Undecryptable):
        ENCRYPTION.decrypt(stored, associated="key:1")


def test_a_changed_byte_is_noticed() -> None:
    sealed = bytearray(base64.b64decode(ENCRYPTION.encrypt("s3cret", associated="a")))
    sealed[14] ^= 1

    with pytest.raises(Undecryptable):
        ENCRYPTION.decrypt(base64.b64encode(sealed).decode(), associated="a")


def test_the_key_hash_tells_keys_apart_and_is_not_the_key() -> None:
    key = hashlib.sha256(b"the configured text").hexdigest()

    assert ENCRYPTION.key_hash not in (key, Encryption("another text").key_hash)
    assert ENCRYPTION.key_hash == Encryption("the configured text").key_hash


def test_an_empty_key_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        Encryption("")
