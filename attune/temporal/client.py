"""Connecting to Temporal with the one data converter all of our processes share."""

from dataclasses import dataclass

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter


@dataclass(frozen=True)
class TemporalAddress:
    """Where Temporal is and which namespace is ours."""

    address: str
    namespace: str = "default"
    tls: bool = False
    api_key: str | None = None


async def connect(where: TemporalAddress, *, lazy: bool = False) -> Client:
    """Connect; a lazy client answers at once and connects with its first call."""
    return await Client.connect(
        where.address,
        namespace=where.namespace,
        tls=where.tls,
        api_key=where.api_key,
        data_converter=pydantic_data_converter,
        lazy=lazy,
    )
