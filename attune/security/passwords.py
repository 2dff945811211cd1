"""Argon2id hashes of passwords, made and checked beside the event loop."""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from secrets import token_bytes
from typing import Final, ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION, Type

from attune.domain.errors import Unavailable

THREAD_COUNT: Final = 2
"""How many hashes are computed at once; each takes 46 MiB."""

WAITING_LIMIT: Final = 64
"""How many may wait for a thread before more are refused."""


P = ParamSpec("P")
T = TypeVar("T")


class Passwords:
    """Hashes and checks passwords; every check costs the same, whoever it is about."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(
            time_cost=1, memory_cost=47_104, parallelism=1, type=Type.ID
        )
        self._threads = ThreadPoolExecutor(THREAD_COUNT, "password")
        self._waiting_count = 0
        # Checked in place of the hash that an unknown login does not have.
        self._nobodys_hash = _nobodys_hash(self._hasher)

    async def hash(self, password: str) -> str:
        """Return the hash to store."""
        return await self._run(self._hash, password)

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """Tell whether this is the password; None, for nobody, costs as much."""
        return await self._run(self._matches, password_hash, password)

    def needs_rehash(self, password_hash: str) -> bool:
        """Tell whether the hash was made with older costs than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _hash(self, password: str) -> str:
        return self._hasher.hash(password)

    def _matches(self, password_hash: str | None, password: str) -> bool:
        try:
            self._hasher.verify(password_hash or self._nobodys_hash, password)
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None

    async def _run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._waiting_count >= WAITING_LIMIT:
            raise Unavailable("Too many logins are being checked just now")
        self._waiting_count += 1
        try:
            call = partial(work, *args, **kwargs)
            return await asyncio.get_running_loop().run_in_executor(self._threads, call)
        finally:
            self._waiting_count -= 1


def _nobodys_hash(hasher: PasswordHasher) -> str:
    """Return the hash of no password, which takes as long to check as any."""
    lengths = (hasher.salt_len, hasher.hash_len)
    salt, digest = (
        b64encode(token_bytes(length)).rstrip(b"=").decode() for length in lengths
    )
    costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${costs}${salt}${digest}"
