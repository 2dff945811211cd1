"""Reading a pack from its directory: everything checked, every problem told at once."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from attune.domain.errors import InvalidInput
from attune.domain.json import Json
from attune.domain.ref import parse_pack_ref
from attune.packs.archive import MANIFEST
from attune.packs.checks import check_components, check_manifest
from attune.packs.component import (
    ActionDocument,
    PermissionSetDocument,
    RuleDocument,
    RuntimeDocument,
    SensorDocument,
    TriggerDocument,
    WorkflowDocument,
)
from attune.packs.definition import Components, PackDefinition, Sourced
from attune.packs.document import read_document
from attune.packs.fields import Origin
from attune.packs.manifest import ComponentDocument, Document, PackManifest
from attune.packs.policy import PolicyDocument
from attune.packs.problems import Problems
from attune.packs.workflow_checks import check_workflows
from attune.packs.workflow_file import action_of, complete, completed, find_graph

C = TypeVar("C", bound=ComponentDocument)
D = TypeVar("D", bound=Document)

CORE_DIRECTORY: Final = Path(__file__).parent / "core"
"""The core pack, as it comes with the platform."""

SUFFIXES = frozenset({".yaml", ".yml"})


def read_pack(directory: Path) -> PackDefinition:
    """Return what the files define, or raise InvalidInput with every problem."""
    inspected = inspect_pack(directory)
    inspected.problems.raise_if_any(inspected.ref)
    if inspected.manifest is None:
        raise InvalidInput(f"{MANIFEST} cannot be read")
    return PackDefinition(
        directory=directory,
        manifest=inspected.manifest,
        components=inspected.components,
        warnings=tuple(inspected.problems.warnings),
    )


def inspect_pack(directory: Path) -> "Inspection":
    """Return what can be read of the files, and everything that is wrong with them."""
    if not (directory / MANIFEST).is_file():
        raise InvalidInput(f"There is no {MANIFEST} in the pack's directory")
    return _Reading(directory).run()


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """A pack that was read, whole or not."""

    ref: str
    manifest: PackManifest | None
    components: Components
    problems: Problems


@dataclass
class _Reading:
    """One pack that is being read."""

    directory: Path
    problems: Problems = field(default_factory=Problems)
    pack_ref: str = "pack"

    def run(self) -> Inspection:
        manifest = self._manifest()
        components = self._components()
        check_components(self.problems, self.directory, self.pack_ref, components)
        check_workflows(self.problems, self.pack_ref, components)
        return Inspection(
            ref=self.pack_ref,
            manifest=manifest,
            components=components,
            problems=self.problems,
        )

    def _components(self) -> Components:
        permission_sets = self._folder("permission_sets", PermissionSetDocument)
        runtimes = self._folder("runtimes", RuntimeDocument)
        triggers = self._folder("triggers", TriggerDocument)
        actions = self._folder("actions", ActionDocument)
        alone = self._folder("workflows", WorkflowDocument)
        graphs = self._graphs(actions)
        runners = [Sourced(each.source, action_of(each.document)) for each in alone]
        actions = _completed(actions, graphs)
        return Components(
            permission_sets=permission_sets,
            runtimes=runtimes,
            triggers=triggers,
            actions=[*actions, *runners],
            workflows=[*alone, *graphs],
            rules=self._folder("rules", RuleDocument),
            sensors=self._folder("sensors", SensorDocument),
            policies=self._folder("policies", PolicyDocument),
        )

    def _manifest(self) -> PackManifest | None:
        document = self._document(self.directory / MANIFEST)
        if document is None:
            return None
        with suppress(InvalidInput):
            # Other files are read for this pack even if something else is wrong here.
            self.pack_ref = parse_pack_ref(str(document.get("ref")))
        with self.problems.collecting(MANIFEST):
            manifest = self._model(MANIFEST, PackManifest, document, "pack")
            check_manifest(self.problems, MANIFEST, manifest)
            return manifest
        return None

    def _folder(self, name: str, kind: type[C]) -> Sequence[Sourced[C]]:
        folder = self.directory / name
        if not folder.is_dir():
            return []
        found = [self._component(path, kind) for path in sorted(folder.iterdir())]
        return [each for each in found if each is not None]

    def _component(self, path: Path, kind: type[C]) -> Sourced[C] | None:
        if path.suffix not in SUFFIXES or path.name.startswith("."):
            return None
        document = self._document(path)
        if document is None:
            return None
        return self._sourced(path, kind, document)

    def _sourced(
        self, path: Path, kind: type[C], document: dict[str, Json]
    ) -> Sourced[C] | None:
        source = self._source(path)
        with self.problems.collecting(source):
            stem = path.name.partition(".")[0]
            return Sourced(source, self._model(source, kind, document, stem))
        return None

    def _graphs(
        self, actions: Sequence[Sourced[ActionDocument]]
    ) -> list[Sourced[WorkflowDocument]]:
        found = [self._graph(action) for action in actions]
        return [each for each in found if each is not None]

    def _graph(
        self, action: Sourced[ActionDocument]
    ) -> Sourced[WorkflowDocument] | None:
        name = action.document.workflow_file
        if name is None:
            return None
        with self.problems.collecting(action.source):
            path = find_graph(self.directory, name)
            document = self._document(path)
            if document is not None:
                whole = complete(document, action.document)
                return self._sourced(path, WorkflowDocument, whole)
        return None

    def _document(self, path: Path) -> dict[str, Json] | None:
        with self.problems.collecting(self._source(path)):
            if path.is_symlink() or not path.is_file():
                raise InvalidInput("is not a file")
            return read_document(path)
        return None

    def _model(
        self, source: str, kind: type[D], document: dict[str, Json], stem: str
    ) -> D:
        self.problems.warn_of_slips(source, kind, document)
        origin = Origin(pack_ref=self.pack_ref, stem=stem)
        return kind.model_validate(document, context=origin)

    def _source(self, path: Path) -> str:
        return path.relative_to(self.directory).as_posix()


def _completed(
    actions: Sequence[Sourced[ActionDocument]],
    graphs: Sequence[Sourced[WorkflowDocument]],
) -> list[Sourced[ActionDocument]]:
    """Return the actions, each with what the file of its graph says of it."""
    by_ref = {each.document.ref: each.document for each in graphs}
    return [
        Sourced(each.source, completed(each.document, by_ref[each.document.ref]))
        if each.document.ref in by_ref and each.document.workflow_file
        else each
        for each in actions
    ]
