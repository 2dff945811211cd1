"""`attune trigger webhook`: an address that turns requests into events."""

from collections.abc import Callable
from typing import Annotated

import typer

from attune.cli.api_path import api_path
from attune.cli.document import JsonObject
from attune.cli.errors import Refused
from attune.cli.options import command_group, examples
from attune.cli.output import Column
from attune.cli.prompts import confirm
from attune.cli.session import Session, open_session
from attune.cli.webhook_choice import (
    AlgorithmChoice,
    AskSecret,
    Ref,
    SchemeChoice,
    SecretFile,
)
from attune.cli.webhook_draft import WebhookDraft, config_changes
from attune.cli.webhook_send import EXAMPLES, send_webhook

app = command_group("Open, close, guard, show and try out the webhook of a trigger.")


def _of_checks(column: Column) -> Column:
    """Return the column of a document that holds the checks as one of its fields."""
    return Column(column.title, lambda found: column.of(found["checks"]))


_CHECKS = (
    Column("signature", lambda found: _signature(found.get("hmac"))),
    Column("addresses", lambda found: _switched(found.get("ip_whitelist"), _ips)),
    Column("rate", lambda found: _switched(found.get("rate_limit"), _rate)),
    Column("largest body", lambda found: f"{found.get('payload_size_limit_kb')} kB"),
    Column("unreadable", "problems"),
)
_FIELDS = (
    Column("trigger", "ref"),
    Column("enabled", "webhook_enabled"),
    Column("key", "webhook_key"),
    Column("address", "url"),
    Column("try it", "example"),
)
_WITH_CHECKS = (*_FIELDS, *(_of_checks(each) for each in _CHECKS))


@app.command(
    "enable", epilog=examples("attune trigger webhook enable demo.order_placed")
)
def enable_webhook(ctx: typer.Context, ref: Ref) -> None:
    """Open the webhook and show its address."""
    with open_session(ctx) as session:
        _show(session, session.client.post(_path(ref, "enable")))


@app.command("disable")
def disable_webhook(ctx: typer.Context, ref: Ref) -> None:
    """Close the webhook: requests to its address find nothing."""
    with open_session(ctx) as session:
        trigger = session.client.post(_path(ref, "disable"))
        session.out.done(f"the webhook of {ref} is closed", trigger)


@app.command("regenerate")
def regenerate_webhook(
    ctx: typer.Context,
    *,
    ref: Ref,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Give the webhook a new address; the old one stops working at once."""
    with open_session(ctx) as session:
        confirm(f"Replace the address of {ref}? The old one stops working.", yes=yes)
        _show(session, session.client.post(_path(ref, "regenerate")))


@app.command(
    "configure",
    epilog=examples(
        "attune trigger webhook configure demo.pushed --scheme github --secret",
        "attune trigger webhook configure demo.paid --scheme stripe --secret-file s.txt",
        "attune trigger webhook configure demo.paid --secret --keep-previous",
        "attune trigger webhook configure demo.paid --allow 192.0.2.0/24 --rate 100/min",
        "attune trigger webhook configure demo.paid --scheme none --allow none",
    ),
)
def configure_webhook(
    ctx: typer.Context,
    *,
    ref: Ref,
    scheme: Annotated[
        SchemeChoice | None,
        typer.Option(help="Whose form of signature must be there; none: no check."),
    ] = None,
    secret: AskSecret = False,
    secret_file: SecretFile = None,
    keep_previous: Annotated[
        bool,
        typer.Option("--keep-previous", help="Former secrets will do as well."),
    ] = False,
    drop_previous: Annotated[
        bool,
        typer.Option("--drop-previous", help="Only the newest secret will do."),
    ] = False,
    algorithm: Annotated[
        AlgorithmChoice | None, typer.Option(help="Hash of the signature.")
    ] = None,
    tolerance: Annotated[
        int | None,
        typer.Option(min=1, help="Seconds that a signed time may be from ours."),
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(help="Address or network that may send; may be repeated; none."),
    ] = None,
    rate: Annotated[
        str | None, typer.Option(help="How many are taken: 100/min, 5/30s; none.")
    ] = None,
    max_kb: Annotated[
        int | None, typer.Option(min=1, help="Largest body, in kilobytes.")
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(help="YAML or JSON of the checks; options win over it."),
    ] = None,
) -> None:
    """Change what requests to the webhook must pass; what is not named stays."""
    draft = WebhookDraft(
        scheme=scheme and scheme.value,
        algorithm=algorithm and algorithm.value,
        ask_secret=secret,
        secret_file=secret_file,
        keep_previous=keep_previous,
        drop_previous=drop_previous,
        tolerance=tolerance,
        allow=allow,
        rate=rate,
        max_kb=max_kb,
        file=file,
    )
    with open_session(ctx) as session:
        changed = session.client.put(_path(ref, "config"), config_changes(draft))
        session.out.entity(changed, (Column("trigger", "trigger_ref"), *_CHECKS))


@app.command("show")
def show_webhook(ctx: typer.Context, ref: Ref) -> None:
    """Show the webhook's address, and what requests to it must pass."""
    with open_session(ctx) as session:
        trigger = session.client.get(api_path("triggers", ref))
        _show(session, trigger, checks=_checks(session, ref))


def _checks(session: Session, ref: str) -> JsonObject | None:
    """Return the checks, which not everybody may see who sees the trigger."""
    try:
        found: JsonObject = session.client.get(_path(ref, "config"))
    except Refused:
        return None
    return found


def _path(ref: str, act: str) -> str:
    return api_path("triggers", ref, "webhooks", act)


def _show(
    session: Session, trigger: JsonObject, *, checks: JsonObject | None = None
) -> None:
    key = trigger.get("webhook_key") if trigger.get("webhook_enabled") else None
    if key:
        url = session.connection.api_url + api_path("webhooks", key)
        example = f"curl -X POST {url} -H 'Content-Type: application/json' -d '{{}}'"
        trigger = {**trigger, "url": url, "example": example}
    if checks is None:
        session.out.entity(trigger, _FIELDS)
    else:
        session.out.entity({**trigger, "checks": checks}, _WITH_CHECKS)


def _signature(section: JsonObject | None) -> str | None:
    if section is None or not section["enabled"]:
        return None
    count = section["secret_count"]
    secrets = {0: "no secret: everything is refused", 1: "a secret"}
    return f"{section['scheme']}, {secrets.get(count, f'{count} secrets')}"


def _switched(
    section: JsonObject | None, shown: Callable[[JsonObject], str]
) -> str | None:
    return shown(section) if section is not None and section["enabled"] else None


def _ips(section: JsonObject) -> str:
    return ", ".join(section["ips"])


def _rate(section: JsonObject) -> str:
    return f"{section['requests']} in {section['window_seconds']} s"


app.command("send", epilog=EXAMPLES)(send_webhook)
