"""The application on a real database, and people who call it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from attune.api.app import create_app
from attune.config import Settings
from attune.config_groups import DatabaseSettings, SecuritySettings
from attune.db.database import Database
from tests.integration.api.people import Api

SECRET = "Signs.the.tokens.of.these.tests-0123456789"
KEY = "Encrypts.the.secrets.of.these.tests-987654"


def make_settings(
    url: str, artifacts_dir: Path | None = None, **security: Any
) -> Settings:
    """Return the settings of an API on this database."""
    return Settings(
        artifacts_dir=artifacts_dir or Path("/nonexistent"),
        database=DatabaseSettings(url=SecretStr(url)),
        security=SecuritySettings(
            jwt_secret=SecretStr(SECRET), encryption_key=SecretStr(KEY), **security
        ),
    )


@pytest.fixture
def artifacts_dir(tmp_path: Path) -> Path:
    """Where the application and actions keep files of artifacts."""
    return tmp_path / "artifacts"


@pytest.fixture
def app(database_url: str, artifacts_dir: Path) -> FastAPI:
    """The application, not yet serving."""
    settings = make_settings(database_url, artifacts_dir, allow_self_registration=True)
    return create_app(settings)


@pytest.fixture
async def api(app: FastAPI, database: Database) -> AsyncIterator[Api]:
    """The application, serving."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://attune") as client,
    ):
        yield Api(client=client, app=app, database=database, secret=SECRET)
