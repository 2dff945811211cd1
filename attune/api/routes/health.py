"""Is the process there, and can it do its work?"""

from typing import Any

from attune import __version__
from attune.api.dependencies import PUBLIC, HealthChecks
from attune.api.routing import Router
from attune.api.schemas.health import Health, HealthDetails

router = Router(prefix="/health", tags=["health"])


@router.get("", response_model=Health, dependencies=[PUBLIC])
async def get_health() -> Any:
    """Answer as long as the process does."""
    return {"status": "ok"}


@router.get("/live", response_model=Health, dependencies=[PUBLIC])
async def get_liveness() -> Any:
    """Answer as long as the process does, whatever is wrong elsewhere."""
    return {"status": "ok"}


@router.get("/ready", response_model=Health, dependencies=[PUBLIC])
async def get_readiness(checks: HealthChecks) -> Any:
    """Answer 503 while requests could not be served."""
    await checks.require_database()
    return {"status": "ok"}


@router.get("/detailed", response_model=HealthDetails, dependencies=[PUBLIC])
async def get_health_details(checks: HealthChecks) -> Any:
    """Say what works; 503 while the database does not."""
    await checks.require_database()
    return {"status": "ok", "database": "connected", "version": __version__}
