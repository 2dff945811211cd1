"""The services of one API process, made once and shared by its requests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields

from attune.config import Settings
from attune.db.database import Database
from attune.security.passwords import Passwords
from attune.security.tokens import Tokens
from attune.services.access import AccessService
from attune.services.auth import AuthService
from attune.services.identity import IdentityService
from attune.services.worker import WorkerService


@dataclass(frozen=True, kw_only=True)
class Services:
    """Every use case that a route can call; one field each, found by its type."""

    access: AccessService
    auth: AuthService
    identities: IdentityService
    workers: WorkerService

    def by_type(self) -> dict[type, object]:
        """Return the services under their classes."""
        services = (getattr(self, field.name) for field in fields(self))
        return {type(service): service for service in services}


def compose(settings: Settings, database: Database) -> Services:
    """Make the services, each with exactly the values it needs."""
    tokens = Tokens(settings.security.jwt_secret.get_secret_value())
    passwords = Passwords()
    return Services(
        access=AccessService(database, tokens),
        auth=AuthService(database, tokens, passwords),
        identities=IdentityService(database, passwords),
        workers=WorkerService(database, tokens),
    )


@asynccontextmanager
async def running_services(settings: Settings) -> AsyncIterator[Services]:
    """Open the database, make the services, and close both in the end."""
    url = settings.database.url.get_secret_value()
    database = Database(url)
    try:
        services = compose(settings, database)
        async with services.access.following():
            yield services
    finally:
        await database.close()
