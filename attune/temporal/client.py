"""Connecting to Temporal with the one data converter all of our processes share."""

import asyncio
import logging
from dataclasses import dataclass

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RetryConfig

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1.0


@dataclass(frozen=True)
class TemporalAddress:
    """Where Temporal is and which namespace is ours."""

    address: str
    namespace: str = "default"
    tls: bool = False
    api_key: str | None = None


async def connect(where: TemporalAddress) -> Client:
    """Connect; raises RuntimeError while nothing answers there."""
    return await Client.connect(
        where.address,
        namespace=where.namespace,
        tls=where.tls,
        api_key=where.api_key,
        data_converter=pydantic_data_converter,
        # Pauses grow to 5 s otherwise, and what Temporal missed has to reach it soon.
        retry_config=RetryConfig(max_interval_millis=1_000),
    )


async def connect_patiently(where: TemporalAddress) -> Client:
    """Connect, however long Temporal takes to come up."""
    while True:
        try:
            return await connect(where)
        except RuntimeError:
            logger.warning("Temporal does not answer", extra={"at": where.address})
            await asyncio.sleep(RETRY_SECONDS)
