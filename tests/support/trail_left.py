"""An action that leaves its secret wherever its token may write, and in its result."""

from tests.support.eventually import eventually
from tests.support.trail import SCHEMA, Trail

LEAVE_IN_PYTHON = """
import base64, json, os, sys, time, urllib.request

pin, token = json.load(sys.stdin)["pin"], os.environ["ATTUNE_API_TOKEN"]
own = int(os.environ["ATTUNE_EXEC_ID"])

def post(path, body, kind="application/json"):
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Authorization": "Bearer " + token, "Content-Type": kind}
    url = os.environ["ATTUNE_API_URL"] + "/api/v1" + path
    with urllib.request.urlopen(urllib.request.Request(url, sent, headers)) as answer:
        return json.load(answer)["data"]

told = {"plain": [pin, token], pin: {"deep": base64.b64encode(b"u:" + pin.encode()).decode()}}
owned = {"scope": "pack", "owner": "PACK", "visibility": "public", "name": "of " + pin}
made = post("/artifacts", {"ref": "PACK.left", "type": "other", "data": told, **owned})
path = f"/artifacts/{made['id']}/versions"
post(path, {"content": told, "meta": told, "created_by": pin})
part = '--b\\r\\nContent-Disposition: form-data; name="file"; filename="a.txt"\\r\\n'
part += "Content-Type: text/plain\\r\\n\\r\\n" + json.dumps(told) + "\\r\\n--b--\\r\\n"
form = "multipart/form-data; boundary=b"
text = post("/artifacts", {"ref": "PACK.text", "type": "file_text", **owned})
post(f"/artifacts/{text['id']}/versions/upload", part.encode(), form)
steps = post("/artifacts", {"ref": "PACK.steps", "type": "progress", **owned})
post(f"/artifacts/{steps['id']}/progress", {"entry": told})
post("/events", {"trigger_ref": "PACK.sensed", "payload": told, "trace_tag": pin})
post("/inquiries", {"execution": own, "prompt": f"Is {pin} right?"})
sys.stderr.write(pin[:9])
sys.stderr.flush()
time.sleep(0.3)
print(pin[9:], token, file=sys.stderr)
print(json.dumps(told))
"""


async def leave_everywhere(trail: Trail) -> int:
    """Execute it, and take back the question that it asks; returns the execution."""
    person, pack = trail.person, trail.pack
    await person.make_action(
        f"{pack}.leave",
        LEAVE_IN_PYTHON.replace("PACK", pack),
        runtime="core.python",
        param_schema=SCHEMA,
        output_format="json",
        default_execution_permission_set_refs=["core.admin", "standard"],
    )
    execution_id = await person.execute(
        f"{pack}.leave", pin=trail.new_secret("what an action leaves everywhere")
    )

    async def asked() -> bool:
        found = await person.execution(execution_id)
        assert found["status"] != "failed", await _said(trail, execution_id)
        path = f"/api/v1/executions/{execution_id}/logs/stdout"
        return "deep" in (await person.http.get(path)).text

    await eventually(asked, seconds=60)
    [question] = (await person.get("/api/v1/inquiries"))["items"]
    await trail.ask(f"/api/v1/inquiries/{question['id']}")
    response = await person.http.put(
        f"/api/v1/inquiries/{question['id']}", json={"status": "cancelled"}
    )
    assert response.is_success, response.text
    await person.ends(execution_id)
    return execution_id


async def _said(trail: Trail, execution_id: int) -> str:
    path = f"/api/v1/executions/{execution_id}/logs/stderr"
    return (await trail.person.http.get(path)).text
