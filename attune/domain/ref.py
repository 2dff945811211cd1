"""Refs, the names of things: `pack.name` for a component, `pack` for a pack.

One canonical form: lower-case ASCII. Labels, which people read, are checked here too.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from attune.domain.errors import InvalidInput

MAX_LENGTH: Final = 255

PACK_REF_PATTERN: Final = r"^[a-z][a-z0-9_-]+$"
REF_PATTERN: Final = r"^[a-z][a-z0-9_-]+\.[a-z0-9_][a-z0-9_-]*$"

_PACK_REF: Final = re.compile(PACK_REF_PATTERN.rstrip("$") + r"\Z")
_REF: Final = re.compile(REF_PATTERN.rstrip("$") + r"\Z")

# Each part is a directory or a file's name, whatever else stands before and after it.
_ARTIFACT_REF: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*\Z")

# A pack is a directory, and these cannot be one everywhere.
_RESERVED: Final = frozenset(
    ["con", "prn", "aux", "nul"]
    + [f"{device}{number}" for device in ("com", "lpt") for number in range(1, 10)]
)
# Control, format (zero width, direction), private, surrogate, line and paragraph.
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, order=True, slots=True)
class Ref:
    """The ref of a component, in its two parts."""

    pack: str
    name: str

    @classmethod
    def parse(cls, text: str) -> "Ref":
        """Read `pack.name`; raises InvalidInput for anything but its canonical form."""
        if len(text) > MAX_LENGTH or not _REF.match(text):
            raise InvalidInput(
                "a ref must look like 'pack.name': lower-case letters, digits, '_' and"
                f" '-', exactly one dot, at most {MAX_LENGTH} characters"
            )
        pack, _, name = text.partition(".")
        return cls(parse_pack_ref(pack), name)

    def __str__(self) -> str:
        return f"{self.pack}.{self.name}"


def parse_pack_ref(text: str) -> str:
    """Return the ref of a pack as it is, or raise InvalidInput."""
    if len(text) > MAX_LENGTH or not _PACK_REF.match(text):
        raise InvalidInput(
            "a pack's ref must have two or more lower-case letters, digits, '_' and"
            f" '-', begin with a letter, and have at most {MAX_LENGTH} characters"
        )
    if text in _RESERVED:
        raise InvalidInput(f"'{text}' is reserved and cannot be a pack's ref")
    return text


def check_artifact_ref(text: str) -> str:
    """Return the ref of an artifact as it is, or raise InvalidInput."""
    if len(text) > MAX_LENGTH or not _ARTIFACT_REF.match(text):
        raise InvalidInput(
            "ref: must have parts of letters, digits, '_' and '-', with one dot between"
            f" two of them, and at most {MAX_LENGTH} characters"
        )
    return text


def qualify(ref: str, pack_ref: str) -> str:
    """Return the whole ref of `ref` as a file of the pack writes it."""
    return str(Ref.parse(ref if "." in ref else f"{pack_ref}.{ref}"))


def canonical_label(label: str, what: str = "label") -> str:
    """Return the one spelling (NFC, trimmed) of a text that people read as a name.

    Raises InvalidInput if it is empty, long, or has characters that cannot be seen.
    """
    canonical = unicodedata.normalize("NFC", label).strip()
    if not 0 < len(canonical) <= MAX_LENGTH:
        raise InvalidInput(f"{what}: must have 1 to {MAX_LENGTH} characters")
    if any(unicodedata.category(character) in _INVISIBLE for character in canonical):
        raise InvalidInput(f"{what}: must not have control or invisible characters")
    return canonical
