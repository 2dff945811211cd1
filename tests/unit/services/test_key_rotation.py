"""A change of the encryption key leaves out nothing that is encrypted."""

import re
from pathlib import Path

import attune.services
from attune.services import key_rotation

SERVICES = Path(attune.services.__file__).parent


def test_every_place_that_holds_secrets_is_known_to_the_rotation() -> None:
    code = "\n".join(path.read_text() for path in SERVICES.rglob("*.py"))
    places = set(re.findall(r"^def (\w+_place)\(", code, re.MULTILINE))
    rotation = Path(key_rotation.__file__).read_text()

    assert len(places) > 5
    assert {each for each in places if each not in rotation} == set()


def test_nothing_is_encrypted_but_for_such_a_place() -> None:
    encrypting = {
        path.stem
        for path in SERVICES.rglob("*.py")
        if re.search(r"\.encrypt\(", path.read_text())
    }

    # Whoever encrypts somewhere else has to teach it to the rotation, too.
    assert encrypting == {"key_rotation", "key_value", "sealing", "write"}
