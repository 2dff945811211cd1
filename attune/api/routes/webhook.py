"""Webhooks: opened and closed by people, called by the world."""

from typing import Annotated, Any

from fastapi import Request
from fastapi.responses import JSONResponse

from attune.api.access import requires
from attune.api.deadline import in_time
from attune.api.delivery import read_delivery
from attune.api.dependencies import PUBLIC, KnownProxies, Receiving, Webhooks
from attune.api.parameters import RefPath
from attune.api.routing import Router, allow
from attune.api.schemas.envelope import flat_and_enveloped
from attune.api.schemas.trigger import TriggerResponse, trigger_response
from attune.api.schemas.webhook import (
    RECEIVER_BODY,
    WebhookReceiverResponse,
    receiver_answer,
)
from attune.domain.permission import Action, Caller, Resource

router = Router(prefix="/api/v1", tags=["webhooks"])

Editor = Annotated[Caller, requires(Resource.TRIGGERS, Action.UPDATE)]


@router.post("/triggers/{ref}/webhooks/enable", response_model=TriggerResponse)
async def enable_webhook(ref: RefPath, caller: Editor, webhooks: Webhooks) -> Any:
    """Open the webhook of a trigger; the answer has its key."""
    return _flat(trigger_response(await webhooks.enable(caller, ref), caller))


@router.post("/triggers/{ref}/webhooks/disable", response_model=TriggerResponse)
async def disable_webhook(ref: RefPath, caller: Editor, webhooks: Webhooks) -> Any:
    """Close the webhook of a trigger."""
    return _flat(trigger_response(await webhooks.disable(caller, ref), caller))


@router.post("/triggers/{ref}/webhooks/regenerate", response_model=TriggerResponse)
async def regenerate_webhook_key(
    ref: RefPath, caller: Editor, webhooks: Webhooks
) -> Any:
    """Replace the key of an open webhook."""
    return _flat(trigger_response(await webhooks.regenerate(caller, ref), caller))


@router.post(
    "/webhooks/{webhook_key}",
    response_model=WebhookReceiverResponse,
    dependencies=[PUBLIC],
    openapi_extra=RECEIVER_BODY,
)
@allow(slow=True)
async def receive_webhook(
    webhook_key: RefPath,
    request: Request,
    receiving: Receiving,
    proxies: KnownProxies,
) -> JSONResponse:
    """Take any JSON as an event of the webhook's trigger.

    A delivery that carries an id is one event, however often it is repeated.
    """
    delivery = await read_delivery(request, webhook_key, proxies)
    receipt = await in_time(receiving.receive(delivery))
    return JSONResponse(receiver_answer(receipt))


def _flat(shown: TriggerResponse) -> JSONResponse:
    return JSONResponse(flat_and_enveloped(TriggerResponse, shown))
