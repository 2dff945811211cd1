"""The audit trail, as the published client searches it."""

from tests.sdk.sdk import Sdk


async def test_the_trail_is_searched(sdk: Sdk, pack: str) -> None:
    wanted = {"category": "pack", "event_type": "pack.created", "outcome": "success"}
    [made] = await sdk.items(
        "audit.list_audit_events",
        **wanted,
        resource_type="pack",
        resource_ref=pack,
        http_method="POST",
        include_total=True,
        page=1,
        per_page=5,
    )

    whole = await sdk.data("audit.get_audit_event", id=made["id"])
    chain = await sdk.parsed(
        "audit.get_audit_events_by_request", request_id=whole["request_id"]
    )

    assert whole["actor_login"] == "admin"
    assert [event["id"] for event in chain["data"]] == [made["id"]]
