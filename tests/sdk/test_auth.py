"""Logging in and what one sees of oneself, as the published client does it."""

import asyncio
import os
import secrets
import sys
from collections.abc import AsyncIterator

import httpx
import pytest

from attune.config import FILE_VARIABLE
from attune.config_fields import PREFIX
from attune.stack.ports import AUTOMATIC
from attune.stack.stack import Stack
from tests.sdk.sdk import Sdk, differences
from tests.support.eventually import eventually

TOKENS = {"access_token", "refresh_token", "token_type", "expires_in", "user"}


async def test_settings_are_told_without_a_token(sdk: Sdk) -> None:
    settings = await sdk.data("auth.auth_settings", token="")

    expected = {
        "authentication_enabled": True,
        "local_password_enabled": True,
        "local_password_visible_by_default": True,
        "self_registration_enabled": False,
        "oidc_enabled": False,
        "ldap_enabled": False,
    }
    assert differences(settings, expected) == {}


async def test_a_login_gives_tokens_that_work(sdk: Sdk, stack: Stack) -> None:
    body = {"login": "admin", "password": stack.admin_password}

    tokens = await sdk.data("auth.login", token="", body=body)
    renewed = await sdk.data(
        "auth.refresh_token", token="", body={"refresh_token": tokens["refresh_token"]}
    )
    me = await sdk.data("auth.get_current_user", token=renewed["access_token"])

    assert set(tokens) >= TOKENS
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 3600
    assert tokens["user"]["login"] == "admin"
    assert me["login"] == "admin"
    assert me["id"] == tokens["user"]["id"]
    assert "core.admin" in me["assigned_permission_set_refs"]
    assert any(each["resource"] == "packs" for each in me["effective_permissions"])


async def test_wrong_passwords_and_tokens_are_refused(sdk: Sdk) -> None:
    wrong = {"login": "admin", "password": "not the password"}

    await sdk.refused("auth.login", 401, token="", body=wrong)
    await sdk.refused(
        "auth.refresh_token", 401, token="", body={"refresh_token": "none"}
    )
    await sdk.refused(
        "auth.token_login", 401, token="", body={"token": "attune_it_none"}
    )
    answer = await sdk.call("auth.get_current_user", token="nonsense")
    assert answer.status == 401


async def test_what_is_not_configured_says_so(sdk: Sdk) -> None:
    body = {"login": "ada", "password": "some password"}

    await sdk.refused("auth.ldap_login", 501, token="", body=body)
    await sdk.refused("auth.oidc_login", 501, token="")
    await sdk.refused("auth.oidc_callback", 501, token="")
    await sdk.refused("auth.logout", 501, token="")


async def test_registration_is_off(sdk: Sdk) -> None:
    body = {"login": "nobody", "password": "some password"}

    error = await sdk.refused("auth.register", 403, token="", body=body)

    assert error["code"] == "FORBIDDEN"


async def test_who_registers_can_change_name_and_password(
    sdk: Sdk, open_url: str
) -> None:
    ada = {"login": f"ada-{secrets.token_hex(4)}", "password": "first password"}
    there = {"url": open_url}

    tokens = await sdk.data(
        "auth.register", **there, token="", body={**ada, "display_name": "Ada"}
    )

    mine = {**there, "token": tokens["access_token"]}
    assert differences(tokens["user"], {"login": ada["login"]}) == {}
    renamed = await sdk.data(
        "auth.update_current_user", **mine, body={"display_name": "Ada L."}
    )
    expected = {
        "login": ada["login"],
        "display_name": "Ada L.",
        "is_local": True,
        "can_change_password": True,
    }
    assert differences(renamed, expected) == {}
    change = {"current_password": ada["password"], "new_password": "second password"}
    changed = await sdk.data("auth.change_password", **mine, body=change)
    assert changed["success"] is True
    await sdk.refused("auth.login", 401, **there, token="", body=ada)
    again = {**ada, "password": "second password"}
    assert await sdk.data("auth.login", **there, token="", body=again)
    await sdk.refused("auth.register", 409, **there, token="", body=ada)


@pytest.fixture
async def open_url(stack: Stack) -> AsyncIterator[str]:
    """Another API of the same stack that lets people register."""
    port = AUTOMATIC.settled("127.0.0.1").api
    environment = {
        FILE_VARIABLE: str(stack.directory.settings / "api.yaml"),
        f"{PREFIX}SERVER__PORT": str(port),
        f"{PREFIX}SECURITY__ALLOW_SELF_REGISTRATION": "true",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "attune", "api"),
        env={**os.environ, **environment},
        stderr=asyncio.subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        await eventually(lambda: _is_ready(url), seconds=90)
        yield url
    finally:
        process.terminate()
        await process.wait()


async def _is_ready(url: str) -> bool:
    try:
        async with httpx.AsyncClient() as client:
            return (await client.get(f"{url}/health/ready")).is_success
    except httpx.TransportError:
        return False
