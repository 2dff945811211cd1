"""Code of an action that uses the SDK, run by a worker."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Names
from tests.sdk.sdk import Sdk, upload_of
from tests.sdk.test_execution import ends, start
from tests.support.packs import pack_archive

# A runtime whose interpreter has the SDK: installing it takes long.
RUNTIME = """
    name: With SDK
    distributions:
      verification:
        commands: [{{binary: "{python}", args: ["--version"]}}]
    execution_config:
      interpreter: {{binary: "{python}", args: ["-u"], file_extension: .py}}
"""
ACTION = """
    label: Report
    runner_type: {ref}.sdk
    entry_point: report.py
    output_format: json
    timeout: 30
    default_execution_permission_set_refs: [core.viewer]
    parameters:
      name: {{type: string, required: true}}
      count: {{type: integer, default: 2}}
      secret: {{type: string, secret: true}}
      unused: {{type: string, default: nothing}}
"""
CODE = """
    import attune
    from attune.api_client.api.packs import get_pack

    def main(name, count, secret):
        if count == 0:
            raise ValueError(f"no greeting for {name}")
        context = attune.context
        pack = get_pack.sync(context.pack_ref, client=context.client).data
        return {
            "greeting": f"Hello, {name}!" * count,
            "secret_length": len(secret),
            "execution_id": context.execution_id,
            "action_ref": context.action_ref,
            "pack": [pack.ref, pack.version],
            "rule_ref": context.rule_ref,
            "artifacts": context.artifacts_dir.is_dir(),
        }

    attune.run_action(main)
"""


@pytest.fixture(scope="module")
async def report(sdk: Sdk, sdk_python: Path, names: Names) -> str:
    """An action of an uploaded pack, written with the SDK."""
    ref = names.pack()
    files = {
        "pack.yaml": f"ref: {ref}\nlabel: Reports\nversion: 3.2.1\n",
        "runtimes/sdk.yaml": RUNTIME.format(python=sdk_python),
        "actions/report.yaml": ACTION.format(ref=ref),
        "actions/report.py": CODE,
    }
    body = {"pack": upload_of(pack_archive(files))}
    await sdk.data("packs.upload_pack", body=body)
    return f"{ref}.report"


async def test_code_reads_parameters_and_context_and_returns_a_result(
    sdk: Sdk, report: str
) -> None:
    execution_id = await start(sdk, report, name="Ada", secret="tell nobody")

    ended = await ends(sdk, execution_id)

    assert ended["status"] == "completed", ended["result"]
    assert ended["result"]["data"] == {
        "greeting": "Hello, Ada!Hello, Ada!",
        "secret_length": len("tell nobody"),
        "execution_id": str(execution_id),
        "action_ref": report,
        "pack": [report.partition(".")[0], "3.2.1"],
        "rule_ref": None,
        "artifacts": True,
    }


async def test_code_that_raises_fails_with_its_message(sdk: Sdk, report: str) -> None:
    parameters: dict[str, Any] = {"name": "Ada", "count": 0, "secret": "tell nobody"}

    ended = await ends(sdk, await start(sdk, report, **parameters))

    assert ended["status"] == "failed"
    assert ended["result"]["exit_code"] == 1
    assert "no greeting for Ada" in json.dumps(ended["result"])
