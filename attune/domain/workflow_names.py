"""Checks the names that the templates of a workflow read."""

from itertools import pairwise
from typing import Final

from attune.domain.json import JsonObject, format_place
from attune.domain.keystore import KEYSTORE
from attune.domain.schema import secret_names, to_json_schema
from attune.domain.workflow_definition import Workflow
from attune.domain.workflow_field import did_you_mean
from attune.domain.workflow_needs import TASK_NAMES
from attune.domain.workflow_site import Site, sites_of
from attune.domain.workflow_template import Path, Templated
from attune.domain.workflow_view import FIXED_NAMES, VARIABLE_NAMES

_PARAMETERS: Final = "parameters"
_FIELDS: Final = ("result", "status")


class NameCheck:
    """Looks at every expression of a workflow with what can be seen from its place."""

    def __init__(self, workflow: Workflow, param_schema: JsonObject) -> None:
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self._workflow = workflow
        self._variables = _variables(workflow)
        properties = to_json_schema(param_schema).get("properties")
        self._parameters = properties if isinstance(properties, dict) else {}
        self._secrets = secret_names(param_schema)

    def check(self) -> None:
        """Note everything that is wrong."""
        for site in sites_of(self._workflow):
            for path in sorted(site.expression.paths):
                self._check_path(site, path)
        for task in self._workflow.tasks.values():
            if task.input is not None:
                self._check_keys(task.input)

    def _check_keys(self, given: Templated) -> None:
        """Note a key that stands in the way of another one."""
        paths = sorted(path for path in given.reads.paths if path[0] == KEYSTORE)
        for one, other in pairwise(paths):
            if other[: len(one)] == one and len(one) > 1:
                self.problems.append(
                    f"{format_place(given.place)}: '{'.'.join(one)}' and"
                    f" '{'.'.join(other)}' cannot both be read in one input"
                )

    def _check_path(self, site: Site, path: Path) -> None:
        name = path[0]
        if name not in FIXED_NAMES:
            self._check_variable(site, name)
        elif name == KEYSTORE:
            self._check_key(site, path)
        elif name not in site.names:
            self._problem(site, f"'{name}' is not known here{site.hint}")
        elif name in TASK_NAMES:
            self._check_task(site, path)
        elif name in VARIABLE_NAMES:
            self._check_field(site, path)
        elif name == _PARAMETERS:
            self._check_parameter(site, path)

    def _problem(self, site: Site, text: str) -> None:
        self.problems.append(f"{format_place(site.place)}: {text}")

    def _warning(self, site: Site, text: str) -> None:
        self.warnings.append(f"{format_place(site.place)}: {text}")

    def _check_variable(self, site: Site, name: str) -> None:
        if name not in self._variables:
            hint = did_you_mean(name, FIXED_NAMES | self._variables)
            self._problem(site, f"there is no name and no variable '{name}'{hint}")

    def _check_field(self, site: Site, path: Path) -> None:
        if len(path) > 1 and path[1] not in self._variables:
            hint = did_you_mean(path[1], self._variables)
            self._warning(site, f"nothing sets the variable '{path[1]}'{hint}")

    def _check_task(self, site: Site, path: Path) -> None:
        tasks = self._workflow.tasks
        if len(path) == 1:
            return
        if path[1] not in tasks:
            hint = did_you_mean(path[1], tasks)
            self._problem(site, f"there is no task '{path[1]}'{hint}")
        elif len(path) > 2 and path[2] not in _FIELDS:  # noqa: PLR2004 - the third
            known = " and ".join(_FIELDS)
            self._warning(site, f"a task has {known}, not '{path[2]}'")

    def _check_parameter(self, site: Site, path: Path) -> None:
        if len(path) == 1:
            return
        if path[1] in self._secrets:
            self._check_secret(site, path, f"{_PARAMETERS}.{path[1]}", length=2)
        elif self._parameters and path[1] not in self._parameters:
            hint = did_you_mean(path[1], self._parameters)
            self._warning(site, f"the workflow has no parameter '{path[1]}'{hint}")

    def _check_key(self, site: Site, path: Path) -> None:
        shown = ".".join(path)
        if len(path) == 1:
            self._problem(site, f"'{KEYSTORE}' needs the ref of a key after it")
        else:
            self._check_secret(site, path, shown, length=len(path))

    def _check_secret(self, site: Site, path: Path, shown: str, length: int) -> None:
        """Note a secret that is not handed on whole, or not to an action."""
        if not site.takes_secrets:
            self._problem(site, f"'{shown}' is secret and can stand in input only")
        elif site.expression.path != path or len(path) != length:
            self._problem(
                site,
                f"'{shown}' is secret and can only be handed on as it is:"
                f" write {{{{ {shown} }}}}",
            )


def _variables(workflow: Workflow) -> frozenset[str]:
    """Return every variable that is declared or published anywhere."""
    published = {
        each.name
        for task in workflow.tasks.values()
        for each in (*task.publish, *(p for t in task.transitions for p in t.publish))
    }
    return frozenset(workflow.variables.keys() | published)
