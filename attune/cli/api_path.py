"""Paths of the API, whatever a ref contains."""

from urllib.parse import quote


def api_path(*segments: str | int) -> str:
    """Return the path below `/api/v1`; each segment is one, slashes included."""
    quoted = (quote(str(segment), safe="") for segment in segments)
    return "/api/v1/" + "/".join(quoted)
