"""The database's URL, in the spelling of those who want it."""

from sqlalchemy import make_url

DRIVER = "postgresql+asyncpg"


def engine_url(url: str) -> str:
    """Return the URL for SQLAlchemy, whichever PostgreSQL scheme it came with."""
    return make_url(url).set(drivername=DRIVER).render_as_string(hide_password=False)


def driver_url(url: str) -> str:
    """Return the URL for asyncpg itself."""
    parsed = make_url(url).set(drivername="postgresql")
    return parsed.render_as_string(hide_password=False)
