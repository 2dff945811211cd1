"""The keys under which a repeated event is the same event."""

import hashlib
from typing import Final

LONGEST_KEY: Final = 255


def namespaced_key(namespace: str, key: str) -> str:
    """Return the key that is stored: one sender's keys never meet another's.

    A long one is replaced by its digest, which nobody can hit by accident.
    """
    whole = f"{namespace}:{key}"
    if len(whole) <= LONGEST_KEY:
        return whole
    return "sha256:" + hashlib.sha256(whole.encode()).hexdigest()
