#!/usr/bin/env python3
"""Send one HTTP request; parameters come as JSON on stdin, the answer goes to stdout.

Needs any Python from 3.8 on and nothing else. Nothing of a parameter ever becomes part
of a command line, and credentials never follow a redirect to another server.
"""

from __future__ import annotations

import base64
import contextlib
import json
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable
from typing import Any

MAX_BODY_BYTES = 4000000
FIRST_ERROR = 400
NOT_FOR_OTHERS = ("authorization", "cookie", "host", "proxy-authorization")
SAME_AFTER_REDIRECT = (307, 308)


Parameters = dict[str, Any]


class Refused(Exception):
    """The request cannot be sent as it was asked for."""


class Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to http and https, keeping credentials from other servers."""

    def __init__(self, limit: int) -> None:
        # The names that urllib counts by.
        vars(self).update(max_redirections=limit, max_repeats=limit)

    def redirect_request(self, *arguments: Any) -> urllib.request.Request | None:
        """Return the next request, or None to take the redirect as the answer."""
        req, _, code, _, _, newurl = arguments
        if not self.max_redirections:
            return None
        check_address(newurl)
        request: urllib.request.Request | None
        if code in SAME_AFTER_REDIRECT:
            request = same_request(req, newurl)
        else:
            request = super().redirect_request(*arguments)
        if request is not None and origin(newurl) != origin(req.full_url):
            for name in list(request.headers):
                if name.lower() in NOT_FOR_OTHERS:
                    request.remove_header(name)
        return request

    http_error_308 = urllib.request.HTTPRedirectHandler.http_error_302


def same_request(req: urllib.request.Request, url: str) -> urllib.request.Request:
    """Repeat a request elsewhere, method and body included."""
    request = urllib.request.Request(  # noqa: S310 - the address was checked
        url, data=req.data, headers=dict(req.headers), method=req.get_method()
    )
    request.origin_req_host = req.origin_req_host
    return request


def origin(url: str) -> tuple[str, str | None, int | None]:
    """Return who answers for an address."""
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def check_address(url: str) -> None:
    """Refuse anything but http and https with a host."""
    try:
        parts = urllib.parse.urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise Refused("url: must be an http or https address with a host")


def address(parameters: Parameters) -> str:
    """Return the URL with the query parameters added, safe to send."""
    url = str(parameters["url"]).strip()
    check_address(url)
    parts = urllib.parse.urlsplit(url)
    added = urllib.parse.urlencode(parameters.get("query_params") or {}, doseq=True)
    query = "&".join(part for part in (parts.query, added) if part)
    path = urllib.parse.quote(parts.path, safe="/%:@!$&'()*+,;=~-._")
    query = urllib.parse.quote(query, safe="%:@!$&'()*+,;=~-._/?")
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc, path, query, ""))


def headers_of(parameters: Parameters) -> dict[str, str]:
    """Return the headers to send, with the proof of who asks."""
    given = parameters.get("headers") or {}
    headers = {str(name): str(value) for name, value in given.items()}
    names = {name.lower() for name in headers}
    if parameters.get("json_body") is not None and "content-type" not in names:
        headers["Content-Type"] = "application/json"
    elif parameters.get("body") is not None and "content-type" not in names:
        headers["Content-Type"] = "text/plain; charset=utf-8"
    if "user-agent" not in names:
        headers["User-Agent"] = "attune"
    headers.update(credentials(parameters))
    return headers


def credentials(parameters: Parameters) -> dict[str, str]:
    """Return the Authorization header, if one was asked for."""
    kind = parameters.get("auth_type") or "none"
    if kind == "bearer":
        return {"Authorization": "Bearer " + required(parameters, "auth_token")}
    if kind == "basic":
        pair = "{}:{}".format(
            required(parameters, "auth_username"), parameters.get("auth_password") or ""
        )
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    return {}


def required(parameters: Parameters, name: str) -> str:
    """Return a parameter, or refuse."""
    value = parameters.get(name)
    if not value:
        raise Refused(f"{name}: is missing")
    return str(value)


def body_of(parameters: Parameters) -> bytes | None:
    """Return the bytes to send, or None."""
    if parameters.get("json_body") is not None:
        return json.dumps(parameters["json_body"]).encode()
    if parameters.get("body") is not None:
        return str(parameters["body"]).encode()
    return None


def opener_of(parameters: Parameters) -> urllib.request.OpenerDirector:
    """Return what sends the request as the parameters say."""
    follows = parameters.get("follow_redirects", True)
    limit = int(parameters.get("max_redirects", 10)) if follows else 0
    context = ssl.create_default_context()
    if not parameters.get("verify_ssl", True):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return urllib.request.build_opener(
        Redirects(limit), urllib.request.HTTPSHandler(context=context)
    )


def send(parameters: Parameters) -> dict[str, Any]:
    """Send the request and return what came back, whatever its status."""
    request = urllib.request.Request(  # noqa: S310 - the address was checked
        address(parameters),
        data=body_of(parameters),
        headers=headers_of(parameters),
        method=str(parameters.get("method") or "GET").upper(),
    )
    begun = time.monotonic()
    timeout = float(parameters.get("timeout") or 30)
    try:
        response = opener_of(parameters).open(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        response = error
    with response:
        content = response.read(MAX_BODY_BYTES + 1)
        return describe(response, content, time.monotonic() - begun)


def describe(response: Any, content: bytes, seconds: float) -> dict[str, Any]:
    """Return the answer as the action's output."""
    kept = content[:MAX_BODY_BYTES]
    answer = {
        "status_code": response.status,
        "success": response.status < FIRST_ERROR,
        "headers": joined(response.headers.items()),
        "url": response.geturl(),
        "elapsed_ms": int(seconds * 1000),
        "truncated": len(content) > len(kept),
    }
    charset = response.headers.get_content_charset() or "utf-8"
    try:
        answer["body"] = kept.decode(charset)
    except (UnicodeDecodeError, LookupError):
        answer["body_base64"] = base64.b64encode(kept).decode()
    if "json" in response.headers.get_content_type():
        with contextlib.suppress(ValueError):
            answer["json"] = json.loads(answer.get("body", ""))
    return answer


def joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return headers by their lower-case names; those that repeat become one."""
    found: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found


def main() -> int:
    """Return the exit code: 0 for an answer, 1 for none or one that reports an error."""
    try:
        parameters = json.load(sys.stdin)
        answer = send(parameters)
    except Refused as refused:
        return fail(str(refused))
    except urllib.error.URLError as error:
        return fail(f"no answer: {error.reason}")
    except (OSError, ValueError, TypeError) as error:
        # Some messages quote the request; the class alone tells enough.
        return fail(f"the request cannot be sent: {type(error).__name__}")
    json.dump(answer, sys.stdout)
    if answer["success"] or not parameters.get("fail_on_error", True):
        return 0
    sys.stderr.write(f"HTTP {answer['status_code']}\n")
    return 1


def fail(reason: str) -> int:
    """Say why there is no answer."""
    json.dump({"success": False, "error": reason}, sys.stdout)
    sys.stderr.write(reason + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
