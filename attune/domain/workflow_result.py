"""How a workflow sees the results of its tasks."""

from attune.domain.json import Json


def look_through(result: Json) -> Json:
    """Return the result with what the process said at its top (contract, e.4).

    The fields of `data`, or of a JSON object on standard output, stand beside those
    that the engine wrote and win over them; `data` itself stays.
    """
    raise NotImplementedError
