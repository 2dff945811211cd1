"""Which server, as whom: options, environment, profile, local stack, in this order."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from attune.cli.errors import usage_error
from attune.cli.local_stack import find_local_stack
from attune.cli.profile import DEFAULT_PROFILE, ConfigFile, Profile

DEFAULT_API_URL = "http://127.0.0.1:8080"


@dataclass
class Credentials:
    """What proves who is calling; a request may renew it."""

    access_token: str | None = None
    refresh_token: str | None = None
    login: str | None = None
    password: str | None = None
    saved: bool = False
    """Whether the tokens come from the profile, where a renewed pair belongs."""


@dataclass(frozen=True)
class Connection:
    """One server and the caller's proof."""

    api_url: str
    profile: str
    credentials: Credentials
    note: str = ""
    """Why a saved login is not used, if so."""


def resolve(
    file: ConfigFile,
    *,
    profile: str | None = None,
    api_url: str | None = None,
    may_be_new: bool = False,
    environment: Mapping[str, str] = os.environ,
) -> Connection:
    """Decide where to connect; `may_be_new` allows a profile not yet in the file."""
    named = profile or environment.get("ATTUNE_PROFILE")
    name = named or file.current
    known = (named is None and name == DEFAULT_PROFILE) or may_be_new
    settings = file.profiles.get(name, {}) if known else file.profile(name)
    own = settings.get("api_url")
    asked = api_url or environment.get("ATTUNE_API_URL") or None
    url = checked_url(asked or own or _local_url(environment))
    foreign = own is not None and checked_url(own) != url
    note = f"profile '{name}' is logged in to {own}" if foreign else ""
    credentials = _credentials({} if foreign else settings, environment)
    return Connection(url, name, credentials, note)


def _local_url(environment: Mapping[str, str]) -> str:
    stack = find_local_stack(environment)
    return stack.api_url if stack else DEFAULT_API_URL


def checked_url(url: str) -> str:
    """Return the address without a trailing slash, or say what is wrong with it."""
    from urllib.parse import urlsplit  # noqa: PLC0415 - 2 ms that --help can save

    try:
        parts = urlsplit(url)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        valid = False
    if not valid:
        raise usage_error(f"'{url}' is no address: it must look like {DEFAULT_API_URL}")
    return url.rstrip("/")


def _credentials(settings: Profile, environment: Mapping[str, str]) -> Credentials:
    login = environment.get("ATTUNE_LOGIN") or None
    password = environment.get("ATTUNE_PASSWORD") or None
    access = _token(environment, "ATTUNE_API_TOKEN", "ATTUNE_AUTH_TOKEN")
    refresh = _token(environment, "ATTUNE_REFRESH_TOKEN")
    if access or refresh:
        return Credentials(access, refresh, login, password)
    access = _token(settings, "auth_token")
    refresh = _token(settings, "refresh_token")
    return Credentials(access, refresh, login, password, saved=bool(access))


def _token(source: Mapping[str, str], *names: str) -> str | None:
    for name in names:
        token = str(source.get(name) or "").strip()
        # A header that HTTP refuses would be quoted in the error, token and all.
        if not (token.isascii() and token.isprintable()):
            raise usage_error(f"{name} holds characters that no token has")
        if token:
            return token
    return None
