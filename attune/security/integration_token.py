"""Integration tokens: shown once, and known by their hash from then on."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Final

PREFIX: Final = "attune_it_"
_RANDOM_BYTES: Final = 32
_SHOWN: Final = 4


@dataclass(frozen=True)
class NewToken:
    """A token that nobody has seen yet."""

    plaintext: str

    @property
    def hash(self) -> str:
        """What is kept of it to know it again."""
        return hash_of(self.plaintext)

    @property
    def shown_prefix(self) -> str:
        """Its beginning, by which its owner tells it from others."""
        return self.plaintext[: len(PREFIX) + _SHOWN]

    @property
    def shown_suffix(self) -> str:
        """Its end, by which its owner tells it from others."""
        return self.plaintext[-_SHOWN:]


def new_token() -> NewToken:
    """Make a token that cannot be guessed."""
    return NewToken(PREFIX + secrets.token_urlsafe(_RANDOM_BYTES))


def hash_of(token: str) -> str:
    """Return the SHA-256 under which a token is kept: it is random, so that suffices."""
    return hashlib.sha256(token.encode()).hexdigest()
