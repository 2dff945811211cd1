"""From what a person calls something to the id that the API wants."""

from attune.cli.api_path import api_path
from attune.cli.document import JsonObject
from attune.cli.errors import CommandError
from attune.cli.session import Session

_MOST = 1000
"""So many identities may have a login in common as a part of theirs."""


def identity_id(session: Session, who: str) -> int:
    """Return the id of a login; a number that is nobody's login is an id itself."""
    found = session.client.items(api_path("identities"), {"q": who}, _MOST)
    for each in found:
        if each["login"] == who:
            return int(each["id"])
    if who.isdecimal():
        return int(who)
    raise CommandError(f"no identity with the login '{who}' is known to you")


def permission_set(session: Session, ref: str) -> JsonObject:
    """Return the permission set of this ref or id."""
    for each in session.client.get(api_path("permissions", "sets")):
        if ref in (each["ref"], str(each["id"])):
            found: JsonObject = each
            return found
    raise CommandError(f"no permission set '{ref}' is known to you")
