"""The record of who did what to which thing, when, from where, with what outcome."""

from dataclasses import asdict, dataclass
from enum import StrEnum


class AuditCategory(StrEnum):
    """What kind of thing was done."""

    ADMIN = "admin"  # workers and runtimes
    API = "api"  # a request that was denied
    AUTH = "auth"  # logins
    EXECUTION = "execution"  # what was asked to run, and to end
    PACK = "pack"  # packs and everything in them
    RBAC = "rbac"  # identities and what they may do
    SECRET = "secret"  # noqa: S105 - keys, and every reading of one


class AuditOutcome(StrEnum):
    """How it ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    DENIED = "denied"


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who does something, and by which request; nothing of it is secret."""

    identity_id: int | None = None
    login: str | None = None
    token_type: str | None = None
    execution_id: int | None = None
    """The execution that does it by its own token."""
    address: str | None = None
    user_agent: str | None = None
    request_id: str | None = None
    method: str | None = None
    path: str | None = None

    def facts(self) -> dict[str, object]:
        """Return what is known, by name."""
        return {name: v for name, v in asdict(self).items() if v is not None}
