"""Packs: listed, made, installed, changed, removed."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import File, Form, UploadFile

from attune.api.access import requires
from attune.api.dependencies import PackConfigs, PackInstalls, Packs
from attune.api.errors import SWITCHED_OFF
from attune.api.parameters import Id, Paging, RefPath, Search
from attune.api.routing import Router, allow
from attune.api.schemas.envelope import Data, Success, data, success
from attune.api.schemas.pack import (
    CreatePackRequest,
    InstallPackRequest,
    PackConfigResponse,
    PackInstallResponse,
    PackInstallStatusResponse,
    PackResponse,
    PackSummary,
    RegisterPackRequest,
    UpdatePackConfigRequest,
    UpdatePackRequest,
    install_response,
    pack_response,
)
from attune.api.schemas.page import Page, page
from attune.domain.permission import Action, Caller, Resource

router = Router(prefix="/api/v1/packs", tags=["packs"])

Reader = Annotated[Caller, requires(Resource.PACKS, Action.READ)]
Creator = Annotated[Caller, requires(Resource.PACKS, Action.CREATE)]
Installer = Annotated[Caller, requires(Resource.PACKS, Action.INSTALL)]
Configurer = Annotated[Caller, requires(Resource.PACKS, Action.CONFIGURE)]
Remover = Annotated[Caller, requires(Resource.PACKS, Action.DELETE)]
Flag = Annotated[bool, Form()]


@router.get("", response_model=Page[PackSummary])
async def list_packs(
    caller: Reader, packs: Packs, paging: Paging, q: Search = None
) -> Any:
    """List packs by ref."""
    return page(await packs.page(caller, paging, q))


@router.post("", status_code=HTTPStatus.CREATED, response_model=Data[PackResponse])
async def create_pack(body: CreatePackRequest, caller: Creator, packs: Packs) -> Any:
    """Make a pack without files, for components that are made through the API."""
    view = await packs.create(caller, body.given())
    return data(pack_response(view), "Pack created")


@router.post(
    "/upload", status_code=HTTPStatus.CREATED, response_model=Data[PackInstallResponse]
)
async def upload_pack(
    pack: Annotated[UploadFile, File()],
    caller: Installer,
    installs: PackInstalls,
    *,
    force: Flag = False,
    skip_tests: Flag = False,
) -> Any:
    """Install a pack from a tar.gz; `force` replaces one that is installed."""
    del skip_tests
    installed = await installs.upload(caller, pack.file, force=force)
    return data(install_response(installed), "Pack installed")


@router.post(
    "/register",
    status_code=HTTPStatus.CREATED,
    response_model=Data[PackInstallResponse],
)
@allow(slow=True)
async def register_pack(
    body: RegisterPackRequest, caller: Installer, installs: PackInstalls
) -> Any:
    """Install a pack from a directory that the server sees."""
    installed = await installs.register(caller, body.path, force=body.force)
    return data(install_response(installed), "Pack installed")


@router.post(
    "/install", response_model=Data[PackInstallResponse], responses=SWITCHED_OFF
)
@allow(slow=True)
async def install_pack(
    body: InstallPackRequest, caller: Installer, installs: PackInstalls
) -> Any:
    """Install a pack from a directory or an archive of the server."""
    installed = await installs.install(caller, body.source, force=body.force)
    return data(install_response(installed), "Pack installed")


@router.get("/install/{install_id}", response_model=Data[PackInstallStatusResponse])
async def get_pack_install(
    install_id: Id, caller: Reader, installs: PackInstalls
) -> Any:
    """Get the record of one installation."""
    return data(await installs.status(caller, install_id))


@router.get("/{ref}", response_model=Data[PackResponse])
async def get_pack(ref: RefPath, caller: Reader, packs: Packs) -> Any:
    """Get one pack."""
    return data(pack_response(await packs.get(caller, ref)))


@router.put("/{ref}", response_model=Data[PackResponse])
async def update_pack(
    ref: RefPath, body: UpdatePackRequest, caller: Configurer, packs: Packs
) -> Any:
    """Change what is given of a pack; a masked secret stays as it is."""
    view = await packs.update(caller, ref, body.changes())
    return data(pack_response(view), "Pack updated")


@router.delete("/{ref}", response_model=Success)
async def delete_pack(ref: RefPath, caller: Remover, packs: Packs) -> Any:
    """Remove a pack with everything in it; what it has done stays on record."""
    await packs.delete(caller, ref)
    return success(f"Pack {ref} deleted")


@router.get("/{ref}/install/latest", response_model=Data[PackInstallStatusResponse])
async def get_latest_pack_install(
    ref: RefPath, caller: Reader, installs: PackInstalls
) -> Any:
    """Get the record of the pack's newest installation."""
    return data(await installs.latest(caller, ref))


@router.get("/{ref}/config", response_model=Data[PackConfigResponse])
async def get_pack_config(ref: RefPath, caller: Reader, configs: PackConfigs) -> Any:
    """Get the settings of a pack that count for the caller."""
    return data(await configs.get(caller, ref))


@router.put("/{ref}/config", response_model=Data[PackConfigResponse])
async def update_pack_config(
    ref: RefPath,
    body: UpdatePackConfigRequest,
    caller: Configurer,
    configs: PackConfigs,
) -> Any:
    """Lay settings of the caller's own over those of a pack, for what it executes."""
    view = await configs.update(caller, ref, body.config)
    return data(view, "Own configuration updated")


@router.delete("/{ref}/config", response_model=Success)
async def delete_pack_config(
    ref: RefPath, caller: Configurer, configs: PackConfigs
) -> Any:
    """Let the settings of the pack count for the caller again."""
    await configs.delete(caller, ref)
    return success(f"Own configuration of pack '{ref}' deleted")
