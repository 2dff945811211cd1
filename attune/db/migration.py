"""Bring a database to the schema of this version.

The migrations are not installed with the package: they lie in the checkout, or in the
working directory of the image.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.exc import DBAPIError

from attune.db.errors import UNAVAILABLE, translate
from attune.domain.errors import NotConfigured, Unavailable

HEAD = "head"


def migrate(url: str, revision: str = HEAD) -> None:
    """Upgrade to the revision; waits for another process that does so just now.

    Runs an event loop of its own, so never call it from a coroutine.
    """
    try:
        command.upgrade(alembic_config(url), revision)
    except DBAPIError as error:
        raise translate(error) from error
    except (OSError, TimeoutError) as error:
        raise Unavailable(UNAVAILABLE) from error


def alembic_config(url: str) -> Config:
    """Return Alembic's settings, for a database of this URL."""
    return Config(
        toml_file=_directory() / "pyproject.toml",
        attributes={"url": url},
    )


def _directory() -> Path:
    places = (Path(__file__).parents[2], Path.cwd())
    for place in places:
        if (place / "migrations" / "env.py").is_file():
            return place
    searched = " or ".join(str(place) for place in places)
    raise NotConfigured(f"There is no directory 'migrations' in {searched}")
