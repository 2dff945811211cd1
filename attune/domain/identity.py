"""What a login, a display name and a password may look like."""

import unicodedata
from typing import Final

from attune.domain.errors import InvalidInput

LOGIN_LENGTH: Final = range(3, 256)
PASSWORD_LENGTH: Final = range(8, 129)
DISPLAY_NAME_LENGTH: Final = range(256)
ROLE_LENGTH: Final = range(1, 256)

LONGEST_DELAY_SECONDS: Final = 300.0

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


def canonical_role(role: str) -> str:
    """Return the one spelling of a role's name, or raise InvalidInput."""
    canonical = unicodedata.normalize("NFKC", role).strip()
    if len(canonical) not in ROLE_LENGTH:
        raise InvalidInput("role: must have 1 to 255 characters")
    if any(map(_is_invisible, canonical)):
        raise InvalidInput("role: must not contain invisible characters")
    return canonical


def check_password(password: str) -> None:
    """Raise InvalidInput for a new password that is too short or too long."""
    if len(password) not in PASSWORD_LENGTH:
        raise InvalidInput("password: must have 8 to 128 characters")


def login_delay_seconds(failure_count: int, free_attempts: int) -> float:
    """Return how long the next login waits after so many failures in a row."""
    excess = failure_count - free_attempts
    if excess <= 0:
        return 0.0
    return min(2.0 ** min(excess - 1, 16), LONGEST_DELAY_SECONDS)


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in _INVISIBLE
