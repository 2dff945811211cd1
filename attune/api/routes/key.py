"""Keys: listed, read one at a time, made, changed, removed."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Query

from attune.api.access import requires
from attune.api.dependencies import Keys
from attune.api.parameters import Paging, RefPath, Search
from attune.api.routing import Router
from attune.api.schemas.envelope import Data, Success, data, success
from attune.api.schemas.key import (
    CreateKeyRequest,
    KeyResponse,
    KeySummary,
    UpdateKeyRequest,
    key_response,
)
from attune.api.schemas.page import Page, page
from attune.domain.key import OwnerType
from attune.domain.permission import Action, Caller, Resource

router = Router(prefix="/api/v1", tags=["secrets"])

Reader = Annotated[Caller, requires(Resource.KEYS, Action.READ)]
Creator = Annotated[Caller, requires(Resource.KEYS, Action.CREATE)]
Editor = Annotated[Caller, requires(Resource.KEYS, Action.UPDATE)]
Remover = Annotated[Caller, requires(Resource.KEYS, Action.DELETE)]
Text = Annotated[str | None, Query(max_length=255)]


@router.get("/keys", response_model=Page[KeySummary])
async def list_keys(
    caller: Reader,
    keys: Keys,
    paging: Paging,
    *,
    q: Search = None,
    owner_type: OwnerType | None = None,
    owner: Text = None,
    pack_ref: Text = None,
) -> Any:
    """List keys by ref, without their values."""
    found = await keys.page(
        caller, paging, q=q, owner_type=owner_type, owner=owner, pack_ref=pack_ref
    )
    return page(found)


@router.post("/keys", status_code=HTTPStatus.CREATED, response_model=Data[KeyResponse])
async def create_key(body: CreateKeyRequest, caller: Creator, keys: Keys) -> Any:
    """Make a key; its value is shown again to those who may decrypt it."""
    return data(key_response(await keys.create(caller, body.given())), "Key created")


@router.get("/keys/{ref}", response_model=Data[KeyResponse])
async def get_key(
    ref: RefPath, caller: Reader, keys: Keys, *, decrypt: bool | None = None
) -> Any:
    """Get one key, with its value decrypted for who may, unless `decrypt` is false.

    With `decrypt=true` it is 403 for those who may not; without it they get null.
    """
    return data(key_response(await keys.get(caller, ref, decrypt=decrypt)))


@router.put("/keys/{ref}", response_model=Data[KeyResponse])
async def update_key(
    ref: RefPath, body: UpdateKeyRequest, caller: Editor, keys: Keys
) -> Any:
    """Change what is given of a key; the next execution gets the new value."""
    view = await keys.update(caller, ref, body.changes())
    return data(key_response(view), "Key updated")


@router.delete("/keys/{ref}", response_model=Success)
async def delete_key(ref: RefPath, caller: Remover, keys: Keys) -> Any:
    """Remove a key; what refers to it fails from now on."""
    await keys.delete(caller, ref)
    return success(f"Key '{ref}' deleted")
