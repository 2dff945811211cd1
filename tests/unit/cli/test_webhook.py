"""Webhooks on the command line: guarded without a secret in it, and tried out."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from attune.domain.webhook_checks import WebhookChecks
from tests.unit.cli.conftest import Attune
from tests.unit.cli.fake_api import FakeApi, data

CONFIG = "/api/v1/triggers/demo.t/webhooks/config"
CHECKS = {
    "trigger_ref": "demo.t",
    "webhook_enabled": True,
    "hmac": {
        "enabled": True,
        "scheme": "github",
        "algorithm": "sha256",
        "tolerance_seconds": 300,
        "secret_set": True,
        "secret_count": 2,
    },
    "ip_whitelist": {"enabled": True, "ips": ["192.0.2.0/24"]},
    "rate_limit": {"enabled": True, "requests": 5, "window_seconds": 60},
    "payload_size_limit_kb": 64,
    "problems": [],
}
TRIGGER = {"ref": "demo.t", "webhook_enabled": True, "webhook_key": "wh_1"}


@pytest.fixture(autouse=True)
def answers(api: FakeApi) -> None:
    api.on("GET", "/api/v1/triggers/demo.t", {"data": TRIGGER})
    api.on("GET", CONFIG, {"data": CHECKS})
    api.on("PUT", CONFIG, {"data": CHECKS})


@pytest.mark.parametrize(
    ("words", "body"),
    [
        (
            ["--scheme", "github", "--secret"],
            {"hmac": {"enabled": True, "scheme": "github", "secret": "typed"}},
        ),
        (
            ["--secret-file", "-", "--keep-previous", "--tolerance", "60"],
            {
                "hmac": {
                    "enabled": True,
                    "secret": "typed",
                    "keep_previous": True,
                    "tolerance_seconds": 60,
                }
            },
        ),
        (["--drop-previous"], {"hmac": {"enabled": True, "secrets": []}}),
        (
            ["--scheme", "none", "--allow", "none", "--rate", "none"],
            {key: {"op": "clear"} for key in ("hmac", "ip_whitelist", "rate_limit")},
        ),
        (
            ["--allow", "10.0.0.0/8", "--allow", "::1", "--rate", "5/min"],
            {
                "ip_whitelist": {"enabled": True, "ips": ["10.0.0.0/8", "::1"]},
                "rate_limit": {"enabled": True, "requests": 5, "window_seconds": 60},
            },
        ),
        (["--max-kb", "64"], {"payload_size_limit_kb": 64}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_checks_are_configured_by_what_is_named(
    attune: Attune, api: FakeApi, words: list[str], body: dict[str, Any]
) -> None:
    outcome = attune(
        "trigger", "webhook", "configure", "demo.t", *words, stdin="typed\n"
    )

    assert outcome.code == 0, outcome.err
    assert api.body("PUT", CONFIG) == body
    assert "github, 2 secrets" in outcome.out
    assert "5 in 60 s" in outcome.out


def test_a_file_and_options_say_the_checks_together(
    attune: Attune, api: FakeApi, tmp_path: Path
) -> None:
    file = tmp_path / "checks.yaml"
    file.write_text("hmac: {scheme: stripe}\nip_whitelist: {ips: [10.0.0.1]}\n")

    attune(
        "trigger", "webhook", "configure", "demo.t",
        "--file", str(file), "--secret", stdin="typed\n",
    )  # fmt: skip

    assert api.body("PUT", CONFIG) == {
        "hmac": {"enabled": True, "scheme": "stripe", "secret": "typed"},
        "ip_whitelist": {"ips": ["10.0.0.1"]},
    }


@pytest.mark.parametrize(
    ("words", "stdin", "hint"),
    [
        ([], "", "nothing is to be changed"),
        (["--secret"], "", "there is no secret"),
        (["--secret-file", "/no/such/file"], "", "cannot read"),
        (["--rate", "often"], "", "100/hour"),
        (["--scheme", "slack"], "", "slack"),
    ],
)
def test_what_cannot_be_meant_is_said_before_anything_is_sent(
    attune: Attune, api: FakeApi, words: list[str], stdin: str, hint: str
) -> None:
    outcome = attune("trigger", "webhook", "configure", "demo.t", *words, stdin=stdin)

    assert outcome.code == 2
    assert hint in outcome.err
    assert api.calls("PUT", CONFIG) == []


def test_a_webhook_is_shown_with_its_checks(attune: Attune) -> None:
    table = attune("trigger", "webhook", "show", "demo.t")
    document = json.loads(attune("trigger", "webhook", "show", "demo.t", "-j").out)

    assert "192.0.2.0/24" in table.out
    assert document["checks"] == CHECKS
    assert document["url"].endswith("/api/v1/webhooks/wh_1")


@pytest.mark.parametrize(
    ("scheme", "secret"),
    [
        ("attune", "s"),
        ("github", "s"),
        ("gitlab", "s"),
        ("stripe", "whsec_s"),
        ("standard", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    ],
)
@pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
def test_a_delivery_is_signed_as_its_webhook_asks(
    attune: Attune, api: FakeApi, scheme: str, secret: str, algorithm: str
) -> None:
    api.on(
        "POST", "/api/v1/webhooks/wh_1", data(event_id=7, message="Webhook received")
    )

    outcome = attune(
        "trigger", "webhook", "send", "demo.t", "n:=1", "--delivery", "d-1",
        "--scheme", scheme, "--algorithm", algorithm, "--secret", stdin=f"{secret}\n",
    )  # fmt: skip

    assert outcome.out == "event 7: Webhook received\n"
    [sent] = api.calls("POST", "/api/v1/webhooks/wh_1")
    section: Any = {"scheme": scheme, "secret": secret, "algorithm": algorithm}
    checks = WebhookChecks.parse({"hmac": section})
    proof = checks.check_signature(sent.content, sent.headers, datetime.now(UTC))
    assert proof is not None
    assert json.loads(sent.content) == {"n": 1}
    assert "authorization" not in sent.headers


def test_a_delivery_is_sent_without_a_secret_where_none_is_named(
    attune: Attune, api: FakeApi
) -> None:
    api.on(
        "POST", "/api/v1/webhooks/wh_1", data(event_id=7, message="Webhook received")
    )

    attune("trigger", "webhook", "send", "demo.t", "--trace-tag", "t")

    [sent] = api.calls("POST", "/api/v1/webhooks/wh_1")
    assert sent.headers["x-trace-tag"] == "t"
    assert sent.headers["idempotency-key"]


def test_a_closed_webhook_is_not_sent_to(attune: Attune, api: FakeApi) -> None:
    api.on("GET", "/api/v1/triggers/demo.x", data(ref="demo.x", webhook_enabled=False))

    outcome = attune("trigger", "webhook", "send", "demo.x")

    assert outcome.code == 2
    assert "is not open" in outcome.err
    assert {request.method for request in api.requests} == {"GET"}


def test_a_trigger_is_told_what_becomes_of_other_payloads(
    attune: Attune, api: FakeApi
) -> None:
    api.on("PUT", "/api/v1/triggers/demo.t", httpx.Response(200, json={"data": {}}))

    attune("trigger", "update", "demo.t", "--payload-check", "refuse")

    assert api.body("PUT", "/api/v1/triggers/demo.t") == {"payload_check": "refuse"}
