"""From options and a file to the checks of a webhook."""

import sys
from dataclasses import dataclass

import typer

from attune.cli.document import JsonObject, read_object, read_text
from attune.cli.errors import usage_error
from attune.cli.prompts import is_interactive
from attune.cli.rate import NONE, parse_rate

_CLEAR = {"op": "clear"}


@dataclass(frozen=True)
class WebhookDraft:
    """What was said about the checks; None is not said."""

    scheme: str | None = None
    algorithm: str | None = None
    ask_secret: bool = False
    secret_file: str | None = None
    keep_previous: bool = False
    drop_previous: bool = False
    tolerance: int | None = None
    allow: list[str] | None = None
    rate: str | None = None
    max_kb: int | None = None
    file: str | None = None


def config_changes(draft: WebhookDraft) -> JsonObject:
    """Return the body that changes the checks."""
    body = read_object(draft.file) if draft.file else {}
    said = {
        "hmac": _hmac(draft, body.get("hmac")),
        "ip_whitelist": _allowed(draft.allow),
        "rate_limit": _rate(draft.rate),
        "payload_size_limit_kb": draft.max_kb,
    }
    body |= {name: value for name, value in said.items() if value is not None}
    if not body:
        raise usage_error("nothing is to be changed: name an option or a --file")
    return body


def _hmac(draft: WebhookDraft, known: object) -> JsonObject | None:
    if draft.scheme == NONE:
        return _CLEAR
    given: JsonObject = {
        "scheme": draft.scheme,
        "algorithm": draft.algorithm,
        "secret": read_secret(ask=draft.ask_secret, file=draft.secret_file),
        "secrets": [] if draft.drop_previous else None,
        "keep_previous": draft.keep_previous or None,
        "tolerance_seconds": draft.tolerance,
    }
    said = {name: value for name, value in given.items() if value is not None}
    if not said:
        return None
    # Whoever names a scheme wants it checked, although it was switched off before.
    return {**(known if isinstance(known, dict) else {}), "enabled": True, **said}


def _allowed(allow: list[str] | None) -> JsonObject | None:
    if not allow:
        return None
    return _CLEAR if allow == [NONE] else {"enabled": True, "ips": allow}


def _rate(text: str | None) -> JsonObject | None:
    if text is None:
        return None
    if text == NONE:
        return _CLEAR
    requests, seconds = parse_rate(text)
    return {"enabled": True, "requests": requests, "window_seconds": seconds}


def read_secret(*, ask: bool, file: str | None) -> str | None:
    """Return the secret, which no command line carries: others could read it there."""
    if file is not None:
        return _not_empty(read_text(file).rstrip("\r\n"))
    if not ask:
        return None
    if is_interactive():
        return _not_empty(typer.prompt("Secret", hide_input=True, err=True))
    return _not_empty(sys.stdin.readline().rstrip("\r\n"))


def _not_empty(secret: str) -> str:
    if not secret:
        raise usage_error(
            "there is no secret: type it, pipe it, or name a --secret-file"
        )
    return secret
