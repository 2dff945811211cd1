"""Where the settings say that Temporal is."""

from attune.config import Settings
from attune.temporal.client import TemporalAddress


def temporal_address(settings: Settings) -> TemporalAddress:
    """Return where Temporal is, and how to get in."""
    temporal = settings.temporal
    key = temporal.api_key.get_secret_value() if temporal.api_key else None
    return TemporalAddress(
        temporal.address, temporal.namespace, tls=temporal.tls, api_key=key
    )
