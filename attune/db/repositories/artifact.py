"""Artifacts: what is visible of them, and their rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Text,
    and_,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
    text,
    true,
)

from attune.db.models import Artifact, ArtifactVersion, Pack
from attune.db.repositories.base import Repository, equals, present
from attune.db.visibility import Columns, permitted, visible_packs
from attune.domain.artifact import (
    MOST_PROGRESS_ENTRIES,
    ArtifactClassification,
    ArtifactType,
    ArtifactVisibility,
)
from attune.domain.key import OwnerType
from attune.domain.page import PageRequest, PageResult
from attune.domain.permission import Action, Caller, Resource

# The oldest entry makes room, so that no action can grow one row without end.
_APPEND_PROGRESS = text("""
    UPDATE attune.artifact
    SET data = CASE
        WHEN jsonb_typeof(data) IS DISTINCT FROM 'array' THEN '[]'::jsonb
        WHEN jsonb_array_length(data) >= :most THEN data - 0
        ELSE data
    END || jsonb_build_array(CAST(:entry AS jsonb))
    WHERE id = :id
""")


# Where time decides; an artifact to which something is added begins anew.
_IS_EXPIRED: ColumnElement[bool] = literal_column(
    """
    artifact.updated <= now() - artifact.retention_limit * CASE
        artifact.retention_policy
        WHEN 'days' THEN interval '1 day'
        WHEN 'hours' THEN interval '1 hour'
        WHEN 'minutes' THEN interval '1 minute'
    END
    """,
    Boolean,
)

_IN_A_PACK = (OwnerType.PACK, OwnerType.ACTION, OwnerType.SENSOR)


def visible_artifacts(
    caller: Caller, action: Action = Action.READ
) -> ColumnElement[bool]:
    """Return the condition under which a caller may do this to an artifact.

    A private one is its owner's, of those who may read the pack it comes from, and of
    those whose grant speaks of its owner, its ref or its id (contract, k.4).
    """
    covered = permitted(caller, Resource.ARTIFACTS, action, artifact_columns())
    return and_(covered, _is_open_to(caller, action))


def artifact_columns() -> Columns:
    """Return where the facts stand that grants for artifacts speak of."""
    return Columns(
        pack_ref=_derived_pack(),
        owner_identity_id=Artifact.owner_identity_id,
        owner_type=cast(Artifact.scope, Text),
        owner_ref=Artifact.owner,
        visibility=cast(Artifact.visibility, Text),
        execution_id=Artifact.execution_id,
        ref=Artifact.ref,
        id=Artifact.id,
    )


def _is_open_to(caller: Caller, action: Action) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [
        Artifact.visibility == ArtifactVisibility.PUBLIC,
        and_(Artifact.scope.in_(_IN_A_PACK), _pack_is_readable(caller)),
        and_(Artifact.scope == OwnerType.SYSTEM, _unconstrained(caller, action)),
        *(_speaks_of(caller, grant, action) for grant in caller.grants),
    ]
    if caller.identity_id is not None:
        conditions.append(Artifact.owner_identity_id == caller.identity_id)
    return or_(*conditions)


def _pack_is_readable(caller: Caller) -> ColumnElement[bool]:
    columns = Columns(pack_ref=Pack.ref, is_part_of_pack=True, ref=Pack.ref, id=Pack.id)
    readable = select(Pack.id).where(
        Pack.ref == _derived_pack(),
        visible_packs(caller),
        permitted(caller, Resource.PACKS, Action.READ, columns),
    )
    condition: ColumnElement[bool] = readable.correlate(Artifact).exists()
    return condition


def _unconstrained(caller: Caller, action: Action) -> ColumnElement[bool]:
    held = caller.grants_for(Resource.ARTIFACTS, action)
    is_free = any(grant.constraints is None for grant in held)
    return true() if is_free else ~true()


def _speaks_of(caller: Caller, grant: Any, action: Action) -> ColumnElement[bool]:
    named = grant.constraints
    if (
        grant.resource is not Resource.ARTIFACTS
        or action not in grant.actions
        or named is None
        or not (named.owner_refs or named.refs or named.ids or named.execution_scope)
    ):
        return ~true()
    alone = Caller(
        identity_id=caller.identity_id,
        login=caller.login,
        token_type=caller.token_type,
        grants=(grant,),
        attributes=caller.attributes,
        execution_id=caller.execution_id,
    )
    return permitted(alone, Resource.ARTIFACTS, action, artifact_columns())


def _derived_pack() -> Any:
    return case(
        (Artifact.scope.in_(_IN_A_PACK), func.split_part(Artifact.owner, ".", 1)),
        else_=None,
    )


@dataclass(frozen=True, kw_only=True)
class ArtifactFilter:
    """Which artifacts are wanted; None means any."""

    q: str | None = None
    name: str | None = None
    scope: OwnerType | None = None
    owner: str | None = None
    type: ArtifactType | None = None
    visibility: ArtifactVisibility | None = None
    classification: ArtifactClassification | None = None
    execution_id: int | None = None


class ArtifactRepository(Repository[Artifact]):
    """The artifacts, newest first."""

    model = Artifact

    async def find_by_ref(
        self, ref: str, *, among: ColumnElement[bool] | None = None
    ) -> Artifact | None:
        """Return the artifact people made under this ref, or None."""
        query = select(Artifact).where(
            Artifact.ref == ref,
            Artifact.classification == ArtifactClassification.GENERAL,
        )
        return await self._one(query, among)

    async def get_by_ref(
        self, ref: str, *, among: ColumnElement[bool] | None = None
    ) -> Artifact:
        """Return the artifact people made under this ref, or raise NotFound."""
        return self._found(await self.find_by_ref(ref, among=among), ref)

    async def page(
        self,
        request: PageRequest,
        wanted: ArtifactFilter | None = None,
        *,
        among: ColumnElement[bool] | None = None,
    ) -> PageResult[Artifact]:
        """Return one page of what is wanted."""
        wanted = wanted or ArtifactFilter()
        return await self._page(request, present(*_conditions(wanted), among))

    async def of_execution(
        self, execution_id: int, *, among: ColumnElement[bool], limit: int
    ) -> Sequence[Artifact]:
        """Return what an execution made or added to, newest first."""
        wanted = ArtifactFilter(execution_id=execution_id)
        conditions = present(*_conditions(wanted), among)
        query = select(Artifact).where(*conditions).order_by(Artifact.id.desc())
        return await self._all(query.limit(limit))

    async def append_progress(self, artifact_id: int, entry: str) -> None:
        """Add an entry, given as JSON text, to the end of the artifact's list."""
        values = {"id": artifact_id, "entry": entry, "most": MOST_PROGRESS_ENTRIES}
        await self._session.execute(_APPEND_PROGRESS, values)

    async def lock_expired(self, limit: int) -> Sequence[Artifact]:
        """Lock some artifacts whose time is over; those that others hold are left."""
        query = select(Artifact).where(_IS_EXPIRED).order_by(Artifact.id).limit(limit)
        return await self._all(query.with_for_update(skip_locked=True))


def _conditions(wanted: ArtifactFilter) -> Sequence[ColumnElement[bool] | None]:
    made_by = select(ArtifactVersion.artifact_id).where(
        ArtifactVersion.execution_id == wanted.execution_id
    )
    return [
        Artifact.ref.icontains(wanted.q, autoescape=True) if wanted.q else None,
        Artifact.name.icontains(wanted.name, autoescape=True) if wanted.name else None,
        equals(Artifact.scope, wanted.scope),
        equals(Artifact.owner, wanted.owner),
        equals(Artifact.type, wanted.type),
        equals(Artifact.visibility, wanted.visibility),
        equals(Artifact.classification, wanted.classification),
        None
        if wanted.execution_id is None
        else or_(
            Artifact.execution_id == wanted.execution_id, Artifact.id.in_(made_by)
        ),
    ]
