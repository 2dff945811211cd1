"""Packs installed over HTTP, as somebody."""

from collections.abc import Mapping
from typing import Any

import httpx

from tests.integration.api.people import Api, Person
from tests.support.packs import pack_archive


async def upload(
    api: Api,
    who: Person,
    files: Mapping[str, str | bytes] | bytes,
    **form: str,
) -> httpx.Response:
    archive = files if isinstance(files, bytes) else pack_archive(files)
    return await api.client.post(
        "/api/v1/packs/upload",
        files={"pack": ("demo.tar.gz", archive, "application/gzip")},
        data=form,
        headers=who.headers,
    )


async def get(api: Api, who: Person, path: str, **query: Any) -> httpx.Response:
    return await api.client.get(f"/api/v1{path}", params=query, headers=who.headers)


async def refs_of(api: Api, who: Person, path: str) -> list[str]:
    answer = await get(api, who, path)
    assert answer.status_code == 200, answer.text
    return [each["ref"] for each in answer.json()["items"]]
