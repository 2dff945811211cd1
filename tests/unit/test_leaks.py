"""The search for secrets finds what it is said to find, wherever it is planted."""

import base64
import html
import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support.leaks import WINDOW, Canaries, files_below, processes_of

SECRET = 'Bl"ue <&> ü/+~ 5f0c2a'
RAW = SECRET.encode()
FORMS: dict[str, Callable[[], bytes]] = {
    "plain": lambda: RAW,
    "base64": lambda: base64.b64encode(RAW),
    "base64, one ahead": lambda: base64.b64encode(b"x" + RAW + b"y"),
    "base64, two ahead": lambda: base64.b64encode(b"xx" + RAW + b"y"),
    "base64url": lambda: base64.urlsafe_b64encode(b"x" + RAW),
    "hexadecimal": lambda: RAW.hex().encode(),
    "upper hexadecimal": lambda: RAW.hex().upper().encode(),
    "URL": lambda: quote(SECRET, safe="").encode(),
    "URL in lower case": lambda: quote(SECRET, safe="").lower().encode(),
    "JSON": lambda: json.dumps({"a": SECRET}).encode(),
    "JSON in UTF-8": lambda: json.dumps(SECRET, ensure_ascii=False).encode(),
    "HTML": lambda: html.escape(SECRET).encode(),
    "UTF-16": lambda: SECRET.encode("utf-16"),
    "UTF-16, big": lambda: SECRET.encode("utf-16-be"),
    "backwards": SECRET[::-1].encode,
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_found(form: str) -> None:
    secret = SECRET.lower() if form == "URL in lower case" else SECRET
    content = b"before " + FORMS[form]() + b" after"

    assert Canaries({"it": secret}).found_in(content) == ["it"]


@pytest.mark.parametrize("at", range(len(RAW) - WINDOW + 1))
def test_every_piece_is_found(at: int) -> None:
    content = b"before " + RAW[at : at + WINDOW] + b" after"

    assert Canaries({"it": SECRET}, cut=True).found_in(content) == ["it, cut"]
    assert Canaries({"it": SECRET}).found_in(content) == []


def test_files_are_read_below_every_directory(tmp_path: Path) -> None:
    (tmp_path / "deep" / "down").mkdir(parents=True)
    (tmp_path / "deep" / "down" / "core.dump").write_bytes(b"\0\xff" + RAW)

    found = Canaries({"it": SECRET}).among(files_below(tmp_path))

    assert list(found.values()) == [["it"]]


def test_arguments_and_environments_are_read_at_any_depth() -> None:
    """The inner shell alone has the text among its arguments."""
    planted = "argument-f81d04c2"
    script = """sh -c 'read line; true' inner "$PLANTED"; true"""
    with subprocess.Popen(  # noqa: S603 - a script of our own
        ["/bin/sh", "-c", script],
        env={"PLANTED": planted, "PATH": os.environ["PATH"]},
        stdin=subprocess.PIPE,
    ) as process:
        canaries, told, seen = Canaries({"it": planted}), [b""], []
        for _ in range(200):
            seen = list(processes_of([process.pid]))
            told = [arguments for _, arguments, _ in seen]
            if canaries.found_in(b"".join(told)):
                break
            time.sleep(0.02)
        process.communicate(b"\n")

    assert [bool(canaries.found_in(each)) for each in told] == [False, True]
    assert all(canaries.found_in(environment) for _, _, environment in seen)
