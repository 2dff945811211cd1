"""Webhooks: opened and closed by people, called by the world."""

from typing import Annotated, Any

from fastapi import Request
from fastapi.responses import JSONResponse

from attune.api.access import requires
from attune.api.deadline import in_time
from attune.api.delivery import Traced, read_delivery
from attune.api.dependencies import PUBLIC, KnownProxies, Receiving, Webhooks
from attune.api.parameters import RefPath
from attune.api.routing import Router, allow
from attune.api.schemas.envelope import Data, data, flat_and_enveloped
from attune.api.schemas.trigger import TriggerResponse, trigger_response
from attune.api.schemas.webhook import (
    RECEIVER_BODY,
    UpdateWebhookConfigRequest,
    WebhookConfigResponse,
    WebhookReceiverResponse,
    config_response,
    receiver_answer,
)
from attune.domain.permission import Action, Caller, Resource

router = Router(prefix="/api/v1", tags=["webhooks"])

Editor = Annotated[Caller, requires(Resource.TRIGGERS, Action.UPDATE)]


@router.post("/triggers/{ref}/webhooks/enable", response_model=TriggerResponse)
async def enable_webhook(ref: RefPath, caller: Editor, webhooks: Webhooks) -> Any:
    """Open the webhook of a trigger; the answer has its key."""
    return _flat(trigger_response(await webhooks.enable(caller, ref)))


@router.post("/triggers/{ref}/webhooks/disable", response_model=TriggerResponse)
async def disable_webhook(ref: RefPath, caller: Editor, webhooks: Webhooks) -> Any:
    """Close the webhook of a trigger."""
    return _flat(trigger_response(await webhooks.disable(caller, ref)))


@router.post("/triggers/{ref}/webhooks/regenerate", response_model=TriggerResponse)
async def regenerate_webhook_key(
    ref: RefPath, caller: Editor, webhooks: Webhooks
) -> Any:
    """Replace the key of an open webhook."""
    return _flat(trigger_response(await webhooks.regenerate(caller, ref)))


@router.get(
    "/triggers/{ref}/webhooks/config", response_model=Data[WebhookConfigResponse]
)
async def get_webhook_config(ref: RefPath, caller: Editor, webhooks: Webhooks) -> Any:
    """Show what requests to the webhook of a trigger must pass, without secrets."""
    return data(config_response(await webhooks.config(caller, ref)))


@router.put(
    "/triggers/{ref}/webhooks/config", response_model=Data[WebhookConfigResponse]
)
async def update_webhook_config(
    ref: RefPath, body: UpdateWebhookConfigRequest, caller: Editor, webhooks: Webhooks
) -> Any:
    """Change what is given of the checks; secrets are stored encrypted."""
    view = await webhooks.configure(caller, ref, body.changes())
    return data(config_response(view), "Webhook checks updated")


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
    trace_tag: Traced,
) -> JSONResponse:
    """Take JSON, a form or a text as an event of the webhook's trigger.

    A delivery that carries an id is one event, however often it is repeated.
    """
    delivery = await read_delivery(request, webhook_key, trace_tag, proxies)
    receipt = await in_time(receiving.receive(delivery))
    return JSONResponse(receiver_answer(receipt))


def _flat(shown: TriggerResponse) -> JSONResponse:
    return JSONResponse(flat_and_enveloped(TriggerResponse, shown))
