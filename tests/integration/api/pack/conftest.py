"""What every test here begins with."""

from pathlib import Path

import pytest
from fastapi import FastAPI

from attune.api.app import create_app
from attune.config import Settings
from attune.services.pack.core import ensure_core_pack
from tests.integration.api.conftest import make_settings
from tests.integration.api.people import Api, Person


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    given = make_settings(database_url)
    return given.model_copy(update={"packs_base_dir": tmp_path / "packs"})


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    """The application, with a directory of packs of its own."""
    return create_app(settings)


@pytest.fixture
async def admin(api: Api, settings: Settings) -> Person:
    await ensure_core_pack(api.database, settings.packs_base_dir)
    return await api.administrator()
