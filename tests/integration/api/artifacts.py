"""Artifacts made and filled over HTTP."""

from pathlib import Path
from typing import Any

from tests.integration.api.defining import Workshop


def artifact_body(
    shop: Workshop, word: str = "report", **fields: Any
) -> dict[str, Any]:
    """Return the body of a new text file of the pack."""
    return {
        "ref": f"{shop.pack.ref}.{word}",
        "scope": "pack",
        "owner": shop.pack.ref,
        "type": "file_text",
    } | fields


def contents(directory: Path) -> list[bytes]:
    """Return what the files below it hold; links are left out."""
    files = [path for path in directory.rglob("*") if path.is_file()]
    return [path.read_bytes() for path in files if not path.is_symlink()]


async def upload(
    shop: Workshop, path: str, content: bytes, **form: str
) -> dict[str, Any]:
    """Upload a version of a file; return it."""
    answer = await shop.api.client.post(
        f"/api/v1/artifacts/{path}/versions/upload",
        files={"file": ("a.txt", content, "text/plain")},
        data=form,
        headers=shop.who.headers,
    )
    assert answer.status_code == 201, answer.text
    version: dict[str, Any] = answer.json()["data"]
    return version
