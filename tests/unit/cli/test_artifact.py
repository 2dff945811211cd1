"""`attune artifact`: what is asked for, what is sent, what lands where."""

import json
from pathlib import Path
from typing import Any

import httpx

from attune.cli.progress import Progress
from tests.unit.cli.conftest import Attune
from tests.unit.cli.fake_api import FakeApi, data, page

ARTIFACT: dict[str, Any] = {
    "id": 7,
    "ref": "demo.report",
    "type": "file_text",
    "scope": "pack",
    "owner": "demo",
    "visibility": "private",
    "retention_policy": "versions",
    "retention_limit": 5,
    "created": "2026-01-01T00:00:00Z",
    "updated": "2026-01-01T00:00:00Z",
}
BY_REF = "/api/v1/artifacts/ref/demo.report"


def test_artifacts_are_listed_by_every_filter(attune: Attune, api: FakeApi) -> None:
    api.on("GET", "/api/v1/artifacts", page(ARTIFACT))

    outcome = attune(
        *("artifact", "list", "--scope", "pack", "--owner", "demo", "--type"),
        *("file_text", "--visibility", "private", "--name", "n", "--execution", "3"),
    )

    assert dict(api.requests[0].url.params) == {
        "scope": "pack",
        "owner": "demo",
        "type": "file_text",
        "visibility": "private",
        "name": "n",
        "execution": "3",
        "page": "1",
        "page_size": "50",
    }
    assert "demo.report" in outcome.out


def test_artifact_is_shown_by_ref_or_id(attune: Attune, api: FakeApi) -> None:
    api.on("GET", BY_REF, {"data": ARTIFACT})
    api.on("GET", "/api/v1/artifacts/7", {"data": ARTIFACT})

    assert "5 versions" in attune("artifact", "show", "demo.report").out
    assert json.loads(attune("artifact", "show", "7", "-j").out) == ARTIFACT


def test_file_is_uploaded_as_a_form(
    attune: Attune, api: FakeApi, tmp_path: Path
) -> None:
    file = tmp_path / "report.csv"
    file.write_text("a,b")
    path = f"{BY_REF}/versions/upload"
    api.on("POST", path, data(version=3))

    outcome = attune("artifact", "upload", "demo.report", str(file), "--scope", "pack")

    sent = api.calls("POST", path)[0].content
    assert b'name="file"; filename="report.csv"\r\nContent-Type: text/csv' in sent
    assert b'name="scope"\r\n\r\npack' in sent
    assert "version 3 uploaded" in outcome.out


def test_download_writes_a_new_file_and_spares_an_old_one(
    attune: Attune, api: FakeApi, tmp_path: Path
) -> None:
    target = tmp_path / "out.txt"
    api.on("GET", BY_REF, {"data": ARTIFACT})
    api.on("GET", "/api/v1/artifacts/7/download", httpx.Response(200, content=b"abc"))

    attune("artifact", "download", "demo.report", "--to", str(target))
    again = attune("artifact", "download", "demo.report", "--to", str(target))

    assert target.read_bytes() == b"abc"
    assert again.code == 1
    assert "exists already" in again.err
    assert list(tmp_path.iterdir()) == [target]


def test_versions_are_listed_made_and_removed(attune: Attune, api: FakeApi) -> None:
    path = "/api/v1/artifacts/7/versions"
    api.on("GET", path, {"data": [{"version": 2, "size_bytes": 5}]})
    api.on("POST", path, data(version=3))
    api.on("DELETE", f"{path}/2", {"success": True, "message": "deleted"})

    assert "2" in attune("artifact", "version", "list", "7").out
    attune("artifact", "version", "create-json", "7", '{"a": 1}')
    attune("artifact", "version", "delete", "7", "2", "--yes")

    assert api.body("POST", path) == {"content": {"a": 1}}
    assert len(api.calls("DELETE", f"{path}/2")) == 1


def test_progress_is_a_bar_a_number_or_words() -> None:
    half = Progress(50.0, "copying")

    assert half.bar(ascii_only=True) == "##########---------- 50 % copying"
    assert str(half) == "50 % copying"
    assert Progress(None, "copying").bar(ascii_only=False) == "copying"
