"""What a login, a display name and a password may look like."""

import unicodedata
from typing import Final

from attune.domain.errors import InvalidInput

LOGIN_LENGTH: Final = range(3, 256)
PASSWORD_LENGTH: Final = range(8, 129)
DISPLAY_NAME_LENGTH: Final = range(256)

_INVISIBLE: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})


def canonical_login(login: str) -> str:
    """Return the one spelling of a new login, or raise InvalidInput."""
    canonical = unicodedata.normalize("NFKC", login)
    if len(canonical) not in LOGIN_LENGTH:
        raise InvalidInput("login: must have 3 to 255 characters")
    if any(_is_invisible(c) or c.isspace() for c in canonical):
        raise InvalidInput("login: must not contain spaces or invisible characters")
    return canonical


def canonical_display_name(name: str) -> str:
    """Return the one spelling of a display name, or raise InvalidInput."""
    canonical = unicodedata.normalize("NFC", name).strip()
    if len(canonical) not in DISPLAY_NAME_LENGTH:
        raise InvalidInput("display_name: must have at most 255 characters")
    if any(map(_is_invisible, canonical)):
        raise InvalidInput("display_name: must not contain invisible characters")
    return canonical


def check_password(password: str) -> None:
    """Raise InvalidInput for a new password that is too short or too long."""
    if len(password) not in PASSWORD_LENGTH:
        raise InvalidInput("password: must have 8 to 128 characters")


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in _INVISIBLE
