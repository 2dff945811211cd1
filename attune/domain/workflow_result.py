"""How a workflow sees the results of its tasks."""

from attune.domain.errors import InvalidInput, MalformedInput
from attune.domain.json import OUTPUT_LIMITS, Json, JsonObject, parse_json


def look_through(result: Json) -> Json:
    """Return the result with what the process said at its top (contract, e.4).

    The fields of `data`, or of a JSON object on standard output, stand beside those
    that the engine wrote and win over them; `data` itself stays.
    """
    if not isinstance(result, dict):
        return result
    if "data" in result:
        data = result["data"]
        return {**result, **data, "data": data} if isinstance(data, dict) else result
    said = _object_in(result.get("stdout"))
    return {**result, **said} if said else result


def _object_in(stdout: Json) -> JsonObject | None:
    text = stdout.strip() if isinstance(stdout, str) else ""
    if not (text.startswith("{") and text.endswith("}")):
        return None
    try:
        value = parse_json(text.encode(), OUTPUT_LIMITS)
    except (InvalidInput, MalformedInput):
        return None
    return value if isinstance(value, dict) else None
