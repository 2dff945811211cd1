"""The documents hold: their links, their commands, their examples, their packs."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.core import TyperCommand, TyperGroup

from attune.cli.lazy import Deferred
from attune.cli.main import command
from attune.cli.workflow_drawing import draw
from attune.config import setting_names
from attune.config_fields import PREFIX, variable
from attune.domain.condition import compile_conditions
from attune.domain.condition_operator import OPERATORS as OPERATORS_OF_RULES
from attune.domain.condition_operator import SYNONYMS
from attune.domain.condition_search import SEARCH
from attune.domain.errors import InvalidInput
from attune.domain.expression import compile_expression
from attune.domain.functions import FUNCTIONS
from attune.domain.json import Json
from attune.domain.template import check_template, render
from attune.domain.workflow_check import ActionFacts, Findings, check_workflow
from attune.packs.definition import PackDefinition
from attune.packs.loader import CORE_DIRECTORY, read_pack
from attune.packs.workflow_file import graph_of
from tests.support.documents import (
    ROOT,
    blocks,
    commands,
    documents,
    files,
    heading_ids,
    named_file,
    tables,
)

DOCS = ROOT / "docs"
EXPRESSIONS = (DOCS / "expressions.md").read_text()
RULES = (DOCS / "rules.md").read_text()
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
PATH = re.compile(r"`((?:attune|docs|examples|migrations|tests|workflows)/[\w/.-]+)`")
CALL = re.compile(r"(?:^|[|;&]\s*|\$\()attune\s")
INLINE = re.compile(r"`attune\s([^`]+)`")
OPERATORS = {"|", "||", "&&", ";", ">", ">>", "<", ")"}
MISSING = "missing"


def _name(value: object) -> str:
    return str(value.relative_to(ROOT)) if isinstance(value, Path) else str(value)


@pytest.mark.parametrize("document", documents(), ids=_name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in LINK.findall(document.read_text()):
        if "://" in target:
            continue
        name, _, heading = target.partition("#")
        path = document.parent / name if name else document
        assert path.exists(), target
        assert not heading or heading in heading_ids(path.read_text()), target


@pytest.mark.parametrize("document", documents(), ids=_name)
def test_paths_and_settings_exist(document: Path) -> None:
    text = document.read_text()
    for path in PATH.findall(text):
        # A pack has directories of these names too.
        assert (ROOT / path).exists() or (document.parent / path).exists(), path
    known = {variable(name) for name in setting_names()}
    named = set(re.findall(rf"\b{PREFIX}[A-Z0-9_]+", text))
    assert named <= known, named - known


def calls(line: str) -> Iterator[list[str]]:
    """Give the words of each `attune ...` in a line of shell."""
    for found in CALL.finditer(line):
        lexer = shlex.shlex(line[found.end() :], posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words: list[str] = []
        for word in lexer:
            if word in OPERATORS:
                break
            words.append(word)
        yield words


def parse(words: list[str]) -> None:
    """Read the words as the command line does, without running anything."""
    context: Any = None
    found: Any = command()
    name: str | None = "attune"
    while isinstance(found, TyperGroup):
        context = found.make_context(name, list(words), parent=context)
        words = [*context._protected_args, *context.args]
        if not words:
            return
        name, found, words = found.resolve_command(context, words)
        found = found.load() if isinstance(found, Deferred) else found
    assert isinstance(found, TyperCommand)
    found.make_context(name, list(words), parent=context)


def lines_of_code() -> list[str]:
    shown = [
        each.line
        for document in documents()
        for block in blocks(document)
        if block.language == "console"
        for each in commands(block)
        if CALL.search(each.line)
    ]
    return list(dict.fromkeys(shown))


def test_there_are_commands_to_check() -> None:
    assert len(lines_of_code()) > 20  # or they are looked for in the wrong way


@pytest.mark.parametrize("line", lines_of_code())
def test_a_command_that_is_shown_can_be_typed(line: str) -> None:
    for words in calls(line):
        parse(words)


@pytest.mark.parametrize("document", documents(), ids=_name)
def test_a_command_that_is_named_exists(document: Path) -> None:
    for named in INLINE.findall(document.read_text()):
        words = next(calls(f"attune {named.replace('…', 'x')}"))
        try:
            parse(words)
        except Exception as refused:
            # What a sentence leaves out is not what it is about.
            if MISSING not in str(refused).lower():
                raise AssertionError(named) from refused


def scope(text: str = EXPRESSIONS) -> dict[str, Json]:
    found = re.search(r"```json\n(.*?)```", text, re.DOTALL)
    assert found
    given: dict[str, Json] = json.loads(found[1])
    return given


def examples(kind: str, answer: str, text: str = EXPRESSIONS) -> list[tuple[str, str]]:
    return [
        (row[kind].strip("`"), row[answer])
        for table in tables(text)
        for row in table
        if kind in row and answer in row
    ]


def _shown(text: str) -> Json:
    value: Json = json.loads(text.strip("`"))
    return value


@pytest.mark.parametrize(("source", "gives"), examples("expression", "gives"))
def test_an_expression_gives_what_is_said(source: str, gives: str) -> None:
    if gives.startswith("error: "):
        with pytest.raises(InvalidInput) as refused:
            compile_expression(source).evaluate(scope())
        assert f"error: {refused.value.message}" == gives
        return
    value = compile_expression(source).evaluate(scope())
    assert json.dumps(value) == json.dumps(_shown(gives))


@pytest.mark.parametrize(("text", "gives"), examples("template", "gives"))
def test_a_template_gives_what_is_said(text: str, gives: str) -> None:
    assert render(text, scope()) == _shown(gives)


@pytest.mark.parametrize(("document", "holds"), examples("condition", "holds"))
def test_a_condition_holds_as_is_said(document: str, holds: str) -> None:
    decision = compile_conditions(json.loads(document)).matches(scope())

    assert decision.matched is (holds == "yes")


@pytest.mark.parametrize(("document", "holds"), examples("condition", "holds", RULES))
def test_a_condition_of_a_rule_holds_as_is_said(document: str, holds: str) -> None:
    decision = compile_conditions(json.loads(document)).matches(scope(RULES))

    assert (decision.matched, decision.error) == (holds == "yes", None)


def test_every_operator_is_documented() -> None:
    column = [row["operator"] for t in tables(RULES) for row in t if "operator" in row]

    assert set(re.findall(r"`(\w+)`", " ".join(column))) == {
        *OPERATORS_OF_RULES,
        SEARCH,
    }
    for synonym in SYNONYMS:
        assert f"`{synonym}`" in RULES


def test_rules_that_are_shown_are_well_formed() -> None:
    shown = [
        yaml.safe_load(block.text)
        for page in ("expressions.md", "rules.md")
        for block in blocks(DOCS / page)
        if block.language == "yaml"
    ]

    assert len(shown) == 6
    for rule in shown:
        compile_conditions(rule.get("conditions"))
        assert check_template(rule.get("action_params")) == []


def test_every_function_is_documented() -> None:
    named = re.findall(r"`(\w+)\(", " ".join(_function_column()))

    assert set(named) == FUNCTIONS.keys()


def _function_column() -> list[str]:
    rows = [row for table in tables(EXPRESSIONS) for row in table]
    return [row["function"] for row in rows if "function" in row]


def test_the_pack_of_the_tutorial_loads_without_a_warning(tmp_path: Path) -> None:
    for name, text in files(DOCS / "tutorial.md").items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    pack = read_pack(tmp_path)

    assert pack.warnings == ()
    assert [each.document.ref for each in pack.components.actions] == [
        "orders.invoice",
        "orders.thank",
    ]
    assert [each.document.ref for each in pack.components.rules] == [
        "orders.invoice_orders"
    ]


def test_the_components_of_the_reference_load(tmp_path: Path) -> None:
    shown = [b.text for b in blocks(DOCS / "packs.md") if b.language == "yaml"]
    ship, total, schema, ruby, desk = shown
    written = {
        "pack.yaml": "ref: orders\nversion: 1.0.0\n",
        "actions/ship.yaml": ship,
        "actions/ship.sh": "",
        "actions/total.yaml": total,
        "actions/total.js": "",
        "actions/say.yaml": f"entry_point: echo hello\n{schema}",
        "runtimes/ruby.yaml": ruby,
        "permission_sets/desk.yaml": desk,
    }
    for name, text in written.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)

    assert read_pack(tmp_path).warnings == ()


def workflows() -> dict[str, str]:
    """Return the workflows that are shown, by the names of files they could be."""
    return {
        named_file(block) or f"example{number}.yaml": block.text
        for number, block in enumerate(blocks(DOCS / "workflows.md"), 1)
        if block.language == "yaml"
    }


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> PackDefinition:
    """A pack of all the workflows that are shown."""
    directory = tmp_path_factory.mktemp("demo")
    (directory / "workflows").mkdir()
    (directory / "pack.yaml").write_text("ref: demo\nversion: 1.0.0\n")
    for name, text in workflows().items():
        (directory / "workflows" / name).write_text(text)
    return read_pack(directory)


def test_the_workflows_that_are_shown_load_without_a_warning(
    shown: PackDefinition,
) -> None:
    assert shown.warnings == ()
    assert len(shown.components.workflows) == len(workflows()) > 15


@pytest.mark.parametrize("name", workflows())
def test_a_workflow_that_is_shown_holds_together(
    shown: PackDefinition, name: str
) -> None:
    core = read_pack(CORE_DIRECTORY).components.actions
    actions = {
        each.document.ref: ActionFacts(param_schema=each.document.param_schema)
        for each in [*core, *shown.components.actions]
    }
    ref = f"demo.{name.removesuffix('.yaml')}"
    [workflow] = [
        each.document for each in shown.components.workflows if each.document.ref == ref
    ]

    found = check_workflow(graph_of(workflow), workflow.param_schema, actions, "demo")

    assert found == Findings()


def test_a_workflow_is_drawn_as_is_shown() -> None:
    graph = yaml.safe_load(workflows()["greet.yaml"])
    [drawing] = [
        block.text
        for block in blocks(DOCS / "workflows.md")
        if block.language == "text"
    ]

    assert f"{draw(graph)}\n" == drawing


def test_the_question_that_is_shown_is_that_of_the_example() -> None:
    [shown] = [b for b in blocks(DOCS / "approvals.md") if b.language == "yaml"]
    release = ROOT / "examples/packs/release/workflows/release.yaml"

    assert named_file(shown) is None  # or a reader would write it
    assert shown.text in release.read_text()


def test_the_example_is_drawn_as_is_shown() -> None:
    release = ROOT / "examples/packs/release/workflows/release.yaml"
    drawing = draw(yaml.safe_load(release.read_text()))

    assert drawing in (DOCS / "approvals.md").read_text()


@pytest.mark.parametrize("pack", sorted((ROOT / "examples/packs").iterdir()), ids=_name)
def test_an_example_loads_without_a_warning(pack: Path) -> None:
    assert read_pack(pack).warnings == ()
