"""Health, as the published client asks for it."""

from attune import __version__
from tests.sdk.sdk import Sdk


async def test_health_is_told_without_a_token(sdk: Sdk) -> None:
    health = await sdk.parsed("health.health", token="")
    details = await sdk.parsed("health.health_detailed", token="")

    assert health == {"status": "ok"}
    assert details["database"] == "connected"
    assert details["version"] == __version__


async def test_probes_answer(sdk: Sdk) -> None:
    assert await sdk.text("health.liveness", token="")
    assert await sdk.text("health.readiness", token="")
