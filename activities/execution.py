"""The orchestrator's side of an execution: write the end that no worker wrote."""

import asyncio
from typing import Protocol

from temporalio import activity

from attune.messages.execution import (
    InquiryOpened,
    InquiryOpening,
    Pause,
    Settlement,
    SettlementResult,
)


class ExecutionRecords(Protocol):
    """What these activities need of the execution service."""

    async def settle(self, settlement: Settlement) -> SettlementResult:
        """Write the end of the execution, or say what to do instead."""


class InquiryRecords(Protocol):
    """What these activities need of the inquiry service."""

    async def open(self, opening: InquiryOpening) -> InquiryOpened:
        """Put the question of an execution, or say what became of it already."""


class ExecutionActivities:
    """The database side of an execution's life."""

    def __init__(self, executions: ExecutionRecords, inquiries: InquiryRecords) -> None:
        self._executions = executions
        self._inquiries = inquiries

    @activity.defn(name="open_inquiry")
    async def open_inquiry(self, opening: InquiryOpening) -> InquiryOpened:
        """Put the question; repeating it answers where the execution stands."""
        return await self._inquiries.open(opening)

    @activity.defn(name="settle")
    async def settle(self, settlement: Settlement) -> SettlementResult:
        """Settle the execution; repeating it answers what was settled before."""
        return await self._executions.settle(settlement)

    @activity.defn(name="pause")
    async def pause(self, pause: Pause) -> None:
        """Do nothing for a while."""
        await asyncio.sleep(pause.seconds)
