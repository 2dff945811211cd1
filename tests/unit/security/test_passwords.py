"""Hashes, and what checking one costs."""

import asyncio

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from attune.domain.errors import Unavailable
from attune.security import passwords as module
from attune.security.passwords import Passwords

CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


async def test_the_password_matches_its_own_hash_only() -> None:
    passwords = Passwords(CHEAP)
    stored = await passwords.hash("correct horse")

    assert await passwords.matches(stored, "correct horse")
    assert not await passwords.matches(stored, "correct horse ")
    assert stored.startswith("$argon2id$")


async def test_nobody_has_no_password() -> None:
    assert not await Passwords(CHEAP).matches(None, "nobody's password")


async def test_a_damaged_hash_matches_nothing() -> None:
    assert not await Passwords(CHEAP).matches("$argon2id$broken", "anything")


async def test_an_unknown_login_is_checked_against_a_hash_of_the_same_cost() -> None:
    passwords = Passwords()

    with pytest.raises(VerifyMismatchError):
        passwords._hasher.verify(passwords._nobodys_hash, "anything")
    assert not passwords.needs_rehash(passwords._nobodys_hash)
    assert not passwords.needs_rehash(await passwords.hash("correct horse"))


async def test_checking_leaves_the_loop_free() -> None:
    passwords = Passwords()
    stored = await passwords.hash("correct horse")
    checking = asyncio.create_task(passwords.matches(stored, "correct horse"))
    turns = 0
    while not checking.done():
        await asyncio.sleep(0)
        turns += 1

    assert await checking
    assert turns > 100


async def test_a_flood_of_logins_is_refused_not_queued(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "WAITING_LIMIT", 2)
    passwords = Passwords(CHEAP)

    results = await asyncio.gather(
        *(passwords.hash("correct horse") for _ in range(5)), return_exceptions=True
    )

    assert sum(isinstance(result, Unavailable) for result in results) == 3
