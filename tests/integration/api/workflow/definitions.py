"""Definitions of workflows, and what answers say about them."""

from typing import Any

SUMMARY = {
    "created": str,
    "description": str | None,
    "id": int,
    "label": str,
    "pack_ref": str,
    "ref": str,
    "tags": list,
    "updated": str,
    "version": str,
}


RESPONSE = SUMMARY | {
    "definition": dict,
    "out_schema": dict,
    "pack": int,
    "param_schema": dict,
}


def tasks(*found: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"tasks": list(found), **more}


def problems_in(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.text
    listed: list[str] = answer.json()["details"]["problems"]
    return listed
