"""`attune trigger webhook send`: a delivery as its sender would make it."""

import json
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from attune.cli.api_path import api_path
from attune.cli.document import JsonObject
from attune.cli.errors import Refused, usage_error
from attune.cli.options import examples
from attune.cli.parameters import Parameters
from attune.cli.session import open_session
from attune.cli.webhook_choice import (
    AlgorithmChoice,
    AskSecret,
    Ref,
    SchemeChoice,
    SecretFile,
)
from attune.cli.webhook_draft import read_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attune.cli.client import ApiClient

EXAMPLES = examples(
    "attune trigger webhook send demo.pushed ref=main",
    "attune trigger webhook send demo.pushed @push.json --secret",
    "attune trigger webhook send demo.paid @paid.json --scheme stripe --secret-file s.txt",
)


def send_webhook(
    ctx: typer.Context,
    *,
    ref: Ref,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FIELD", help="Payload: key=value, key:=json, or @file.json."
        ),
    ] = None,
    scheme: Annotated[
        SchemeChoice | None,
        typer.Option(help="Form of the signature, unless the webhook says which."),
    ] = None,
    algorithm: Annotated[
        AlgorithmChoice | None, typer.Option(help="Hash of the signature.")
    ] = None,
    secret: AskSecret = False,
    secret_file: SecretFile = None,
    delivery: Annotated[
        str | None, typer.Option(help="Name of the delivery; the same twice is one.")
    ] = None,
    trace_tag: Annotated[
        str | None, typer.Option(help="Tag that everything caused by it carries.")
    ] = None,
) -> None:
    """Send a delivery to the webhook, signed if there is a secret."""
    with open_session(ctx) as session:
        trigger = session.client.get(api_path("triggers", ref))
        key = trigger.get("webhook_key") if trigger.get("webhook_enabled") else None
        if not key:
            raise usage_error(
                f"the webhook of {ref} is not open, or its address is not for you to see"
            )
        declared = Parameters.of_schema(trigger.get("out_schema"))
        body = json.dumps(declared.opened().parse(words or [])).encode()
        asked = _asked(session.client, ref)
        headers = {"Content-Type": "application/json"}
        if trace_tag is not None:
            headers["X-Trace-Tag"] = trace_tag
        headers |= _proof(
            body,
            read_secret(ask=secret, file=secret_file),
            scheme=scheme or SchemeChoice(asked.get("scheme", "auto")),
            algorithm=algorithm or AlgorithmChoice(asked.get("algorithm", "sha256")),
            delivery=delivery or str(uuid4()),
        )
        answer = session.client.deliver(api_path("webhooks", key), body, headers)
        session.out.done(f"event {answer['event_id']}: {answer['message']}", answer)


def _asked(client: "ApiClient", ref: str) -> JsonObject:
    """Return the proof that the webhook asks for, if the caller may know it."""
    try:
        checks = client.get(api_path("triggers", ref, "webhooks", "config"))
    except Refused:
        return {}
    hmac: JsonObject = checks.get("hmac") or {}
    return hmac if hmac.get("enabled") else {}


def _proof(
    body: bytes,
    secret: str | None,
    *,
    scheme: SchemeChoice,
    algorithm: AlgorithmChoice,
    delivery: str,
) -> "Mapping[str, str]":
    from attune.clock import utc_now  # noqa: PLC0415 - only a signature needs the time
    from attune.domain.webhook_signature import Scheme  # noqa: PLC0415 - as above
    from attune.domain.webhook_signing import signed_headers  # noqa: PLC0415 - as above

    if secret is None or scheme is SchemeChoice.NONE:
        return {"Idempotency-Key": delivery}
    return signed_headers(
        Scheme(scheme.value),
        secret,
        body,
        delivery=delivery,
        now=utc_now(),
        algorithm=algorithm.value,
    )
