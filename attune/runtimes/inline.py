"""Code that stands in the action itself, made into something a process can read."""

import re
from collections.abc import Collection, Iterator, Mapping

from attune.domain.json import Json
from attune.runtimes.parameters import quote, to_text

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# Assigning to these fails, or changes how the shell itself works.
_SHELL_OWN = """
    _ BASHOPTS BASHPID BASH_ALIASES BASH_ARGC BASH_ARGV BASH_CMDS BASH_COMMAND BASH_ENV
    BASH_LINENO BASH_SOURCE BASH_SUBSHELL BASH_VERSINFO BASH_VERSION BASH_XTRACEFD
    CDPATH COMP_WORDBREAKS DIRSTACK ENV EPOCHREALTIME EPOCHSECONDS EUID EXECIGNORE
    FIGNORE FUNCNAME FUNCNEST GLOBIGNORE GROUPS HISTCMD HISTFILE HOME IFS LD_LIBRARY_PATH
    LD_PRELOAD LINENO MAPFILE OLDPWD OPTARG OPTERR OPTIND PATH PIPESTATUS
    POSIXLY_CORRECT PPID PROMPT_COMMAND PS0 PS1 PS2 PS3 PS4 PWD RANDOM SECONDS SHELLOPTS
    SHLVL SRANDOM TIMEFORMAT TMOUT UID
"""
_RESERVED = frozenset(_SHELL_OWN.split())


def shell_script(
    code: str, parameters: Mapping[str, Json], exported: Collection[str]
) -> str:
    """Put the parameters before shell code, as variables that no child process sees.

    Each is there under its upper-case and its plain name, the plain one winning. A
    name is left out if it is no identifier, belongs to the shell, or is in `exported`:
    an assignment to an exported variable would show in every child's environment.
    """
    assignments = _assignments(parameters, exported)
    lines = [f"{name}={quote(value)}\n" for name, value in assignments.items()]
    return "set -e\n" + "".join(lines) + code.rstrip("\n") + "\n"


def _assignments(
    parameters: Mapping[str, Json], exported: Collection[str]
) -> dict[str, str]:
    upper = {name.upper(): value for name, value in parameters.items()}
    values = {**upper, **parameters}
    return {name: to_text(values[name]) for name in _usable(values, exported)}


def _usable(names: Collection[str], exported: Collection[str]) -> Iterator[str]:
    for name in names:
        taken = name in _RESERVED or name in exported
        if _IDENTIFIER.fullmatch(name) and not taken:
            yield name
