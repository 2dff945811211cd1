"""`attune audit`: what is asked for."""

import json

from tests.unit.cli.conftest import Attune
from tests.unit.cli.fake_api import FakeApi, page

EVENT = {
    "id": 5,
    "created": "2026-01-01T00:00:00Z",
    "category": "secret",
    "event_type": "key.decrypted",
    "outcome": "success",
    "actor_login": "alice",
    "resource_type": "key",
    "resource_ref": "pack.demo.token",
    "details": {},
}


def test_records_are_searched_by_every_filter(attune: Attune, api: FakeApi) -> None:
    api.on("GET", "/api/v1/audit-events", page(EVENT))

    outcome = attune(
        *("audit", "list", "--category", "secret", "--what", "key.decrypted"),
        *("--outcome", "success", "--actor", "alice", "--resource-type", "key"),
        *("--resource", "r", "--since", "2026-01-01T00:00:00Z", "--until", "2027"),
    )

    assert dict(api.requests[0].url.params) == {
        "category": "secret",
        "event_type": "key.decrypted",
        "outcome": "success",
        "actor_login": "alice",
        "resource_type": "key",
        "resource_ref": "r",
        "created_after": "2026-01-01T00:00:00Z",
        "created_before": "2027",
        "page": "1",
        "page_size": "50",
    }
    assert "key pack.demo.token" in outcome.out


def test_record_and_request_are_shown(attune: Attune, api: FakeApi) -> None:
    api.on("GET", "/api/v1/audit-events/5", {"data": EVENT})
    api.on("GET", "/api/v1/audit-events/by-request/abc", {"data": [EVENT]})

    assert json.loads(attune("audit", "show", "5", "-j").out) == EVENT
    assert "alice" in attune("audit", "chain", "abc").out
