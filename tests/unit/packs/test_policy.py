"""Policies in the files of a pack: both spellings, and what is wrong with them."""

from pathlib import Path

import pytest

from attune.domain.errors import InvalidInput
from attune.domain.policy import PolicyMethod, PolicyScope
from attune.packs.loader import read_pack
from attune.packs.policy import PolicyDocument
from attune.services.pack.columns import policy_columns
from tests.support.documents import ROOT, blocks
from tests.support.packs import GREET, MANIFEST, write_pack

WHOLE = """
name: Keep calm
description: At most three greetings for each guest.
scope: {type: action, action_ref: greet}
concurrency: {limit: 3, method: cancel, parameters: [guest.name]}
rate_limit: {max_executions: 100, window_seconds: 3600}
quotas:
  - {quota_type: running_executions, limit: 50}
tags: [night]
priority: 5
"""


def policy_of(directory: Path, text: str) -> PolicyDocument:
    files = {**MANIFEST, **GREET, "policies/calm.yaml": text}
    found = read_pack(write_pack(directory, files)).components
    return found.policies[0].document


def test_a_whole_policy_is_read(tmp_path: Path) -> None:
    policy = policy_of(tmp_path, WHOLE)

    assert policy.ref == "demo.calm"
    assert policy_columns(policy) == {
        "name": "Keep calm",
        "label": "Keep calm",
        "description": "At most three greetings for each guest.",
        "scope_type": PolicyScope.ACTION,
        "action_ref": "demo.greet",
        "threshold": 3,
        "method": PolicyMethod.CANCEL,
        "parameters": ["guest.name"],
        "rate_limit_max_executions": 100,
        "rate_limit_window_seconds": 3600,
        "quotas": [{"quota_type": "running_executions", "limit": 50}],
        "tags": ["night"],
        "priority": 5,
    }


def test_the_policy_of_the_documents_is_read(tmp_path: Path) -> None:
    shown = blocks(ROOT / "docs" / "policies.md")
    [text] = [block.text for block in shown if block.language == "yaml"]

    policy = policy_of(tmp_path, text)

    assert policy.scope.action_ref == "demo.deploy"
    assert policy.groups_by == ["host.name"]


def test_the_spelling_of_the_data_model_is_read(tmp_path: Path) -> None:
    policy = policy_of(
        tmp_path, "action: greet\nthreshold: 1\nmethod: cancel\nparameters: [who]"
    )

    assert policy.scope.action_ref == "demo.greet"
    assert policy.concurrency is not None
    assert policy.concurrency.method is PolicyMethod.CANCEL
    assert policy.groups_by == ["who"]


def test_a_rate_may_have_groups_and_a_method_of_its_own(tmp_path: Path) -> None:
    policy = policy_of(
        tmp_path,
        "action: greet\nmethod: cancel\nparameters: who\n"
        "rate_limit: {max_executions: 1, window_seconds: 1}",
    )

    columns = policy_columns(policy)
    assert columns["method"] is PolicyMethod.CANCEL
    assert columns["parameters"] == ["who"]
    assert columns["threshold"] is None


def test_without_an_action_it_limits_its_pack(tmp_path: Path) -> None:
    policy = policy_of(tmp_path, "threshold: 1")

    assert policy.scope.type is PolicyScope.PACK
    assert policy_columns(policy)["action_ref"] is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("action: greet", "at least one limit"),
        ("scope: {type: action}\nthreshold: 1", "scope.action_ref: is missing"),
        ("threshold: -1", "concurrency.limit"),
        ("threshold: 1\nparameters: [a, a]", "parameters: a name stands there twice"),
        ("threshold: 1\nparameters: [a..b]", "parameters: 'a..b'"),
        ("quotas: [{quota_type: disk, limit: 1}]", "known: running_executions"),
        ("rate_limit: {max_executions: 0, window_seconds: 1}", "max_executions"),
        ("threshold: 1\nmethod: ask", "method"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    tmp_path: Path, text: str, problem: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        policy_of(tmp_path, text)

    [told] = refused.value.problems
    assert told.startswith("policies/calm.yaml: ")
    assert problem in told
