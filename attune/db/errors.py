"""From what PostgreSQL reports to an AttuneError, by SQLSTATE and constraint name.

Our own SQLSTATEs, raised by the functions in `attune/db/sql`:

AT001  a ref does not have the form its table asks for
AT002  a version is not a semantic version
AT003  an id and the ref beside it name different things, or nothing
AT004  a component's ref does not begin with its pack's
AT005  a key does not have exactly the owner its type asks for
AT006  a ref was changed
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from asyncpg.exceptions._base import DataError as ClientDataError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from attune.domain.errors import AttuneError, Conflict, InvalidInput, Unavailable

UNAVAILABLE = "The database does not answer"

INVALID = {
    "22": "A value is not one the database can store",
    "23502": "A required value is missing",
    "23503": "Something that is referred to does not exist",
    "23514": "A value is outside what is allowed",
    "AT001": "A ref does not have the required form",
    "AT002": "A version is not a semantic version",
    "AT003": "An id and the ref beside it do not name the same existing thing",
    "AT004": "A component's ref must begin with the ref of its pack",
    "AT005": "A key must have exactly the owner that its type asks for",
    "AT006": "A ref cannot be changed",
}
"""By whole SQLSTATE or its class: the request cannot be meant."""

CONFLICTING = {
    "23001": "Something else still depends on it",
    "23505": "It exists already",
}
"""By SQLSTATE: it can be meant, but not now."""

TRANSIENT = ("08", "40", "53", "55P03", "57", "58")
"""By whole SQLSTATE or its class: trying again may work."""


@asynccontextmanager
async def translated_errors() -> AsyncIterator[None]:
    """Raise what the database reports inside as an AttuneError; bugs stay loud."""
    try:
        yield
    except DBAPIError as error:
        raise translate(error) from error
    except (PoolTimeout, TimeoutError, OSError) as error:
        raise Unavailable(UNAVAILABLE) from error


def translate(error: DBAPIError) -> AttuneError | DBAPIError:
    """Return the AttuneError that the error means, or itself if it is a bug."""
    cause = error.driver_exception
    if isinstance(cause, ClientDataError):
        return InvalidInput(INVALID["22"])
    state = str(getattr(cause, "sqlstate", None) or "")
    if error.connection_invalidated or state.startswith(TRANSIENT):
        return Unavailable(UNAVAILABLE)
    constraint = getattr(cause, "constraint_name", None)
    if (message := _lookup(CONFLICTING, state)) is not None:
        return Conflict(_about(message, constraint))
    if (message := _lookup(INVALID, state)) is not None:
        return InvalidInput(_about(message, constraint))
    return error


def _lookup(messages: Mapping[str, str], state: str) -> str | None:
    return messages.get(state) or messages.get(state[:2])


def _about(message: str, constraint: str | None) -> str:
    return f"{message} ({constraint})" if constraint else message
