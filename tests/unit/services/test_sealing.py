"""Secret values in stored objects: readable only where they belong."""

import pytest

from attune.domain.errors import InvalidInput
from attune.domain.json import JsonObject
from attune.security.encryption import Encryption, Undecryptable
from attune.services.sealing import is_sealed, seal, unseal

ENCRYPTION = Encryption("k" * 32)
VALUES: JsonObject = {
    "token": "hidden",
    "port": 80,
    "login": {"name": "ada"},
    "none": None,
}


def test_what_is_sealed_comes_back() -> None:
    sealed = seal(ENCRYPTION, {"token", "login", "none"}, VALUES, place="pack:a")

    assert unseal(ENCRYPTION, sealed, place="pack:a") == VALUES


def test_only_secrets_are_hidden() -> None:
    sealed = seal(ENCRYPTION, {"token", "absent"}, VALUES, place="pack:a")

    assert "hidden" not in str(sealed)
    assert is_sealed(sealed["token"])
    assert {**sealed, "token": "hidden"} == VALUES


def test_the_same_secret_never_looks_the_same() -> None:
    first = seal(ENCRYPTION, {"token"}, VALUES, place="pack:a")
    second = seal(ENCRYPTION, {"token"}, VALUES, place="pack:a")

    assert first != second


def test_a_secret_is_worth_nothing_elsewhere() -> None:
    sealed = seal(ENCRYPTION, {"token"}, VALUES, place="pack:a")

    with pytest.raises(Undecryptable):
        unseal(ENCRYPTION, sealed, place="pack:b")
    with pytest.raises(Undecryptable):
        unseal(ENCRYPTION, {"other": sealed["token"]}, place="pack:a")
    with pytest.raises(Undecryptable):
        unseal(Encryption("x" * 32), sealed, place="pack:a")


def test_nobody_can_hand_in_what_looks_sealed() -> None:
    forged: JsonObject = {"color": {"$encrypted": "AAAA"}}

    with pytest.raises(InvalidInput, match="color"):
        seal(ENCRYPTION, {"token"}, forged, place="pack:a")
