"""Identities of every kind, with the headers they call with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

import httpx
from argon2 import PasswordHasher
from fastapi import FastAPI

from attune.db.database import Database
from attune.db.models import (
    Identity,
    PermissionAssignment,
    PermissionSet,
)
from attune.domain.permission import Action, Resource, TokenType
from attune.security.tokens import Tokens

PASSWORD = "correct horse"
CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
EVERYTHING = [
    {"resource": resource.value, "actions": [action.value for action in Action]}
    for resource in Resource
]

_numbers = count(1)


def grant(resource: str, *actions: str, **constraints: Any) -> Mapping[str, Any]:
    """Return one grant as it is stored."""
    written: dict[str, Any] = {"resource": resource, "actions": list(actions)}
    if constraints:
        written["constraints"] = constraints
    return written


@dataclass(frozen=True)
class Person:
    """An identity and the headers of its access token."""

    id: int
    login: str
    headers: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Api:
    """A serving application, and ways to call it as somebody."""

    client: httpx.AsyncClient
    app: FastAPI
    database: Database
    secret: str

    @property
    def tokens(self) -> Tokens:
        """Signs as the application does."""
        return Tokens(self.secret)

    async def person(
        self, grants: Sequence[Mapping[str, Any]] = (), *, login: str | None = None
    ) -> Person:
        """Make an identity with these grants, and the password PASSWORD."""
        number = next(_numbers)
        identity = Identity(
            login=login or f"person{number}", password_hash=CHEAP.hash(PASSWORD)
        )
        async with self.database.transaction() as tx:
            await tx.identities.add(identity)
            if grants:
                await self.assign(identity.id, grants, tx)
        headers = self.headers(TokenType.ACCESS, identity.id, login=identity.login)
        return Person(identity.id, identity.login, headers)

    async def administrator(self) -> Person:
        """Make an identity that may do everything."""
        return await self.person(EVERYTHING)

    async def assign(
        self, identity_id: int, grants: Sequence[Mapping[str, Any]], tx: Any
    ) -> str:
        """Give the grants to the identity in a set of their own; return its ref."""
        permset = PermissionSet(
            ref=f"tests.set{next(_numbers)}", label="", grants=[dict(g) for g in grants]
        )
        await tx.permission_sets.add(permset)
        await tx.permission_assignments.add(
            PermissionAssignment(identity_id=identity_id, permset_id=permset.id)
        )
        return permset.ref

    def headers(
        self,
        kind: TokenType,
        identity_id: int | None,
        *,
        login: str = "",
        **metadata: Any,
    ) -> dict[str, str]:
        """Return the headers of a token that the secret's holder minted."""
        token = self.tokens.sign(
            kind,
            identity_id=identity_id,
            login=login,
            lifetime=timedelta(hours=1),
            metadata=metadata or None,
        )
        return {"Authorization": f"Bearer {token}"}

    def worker(self, name: str | None = None) -> dict[str, str]:
        """Return the headers of a worker."""
        metadata = {"worker_name": name} if name else {}
        return self.headers(TokenType.WORKER, None, **metadata)
