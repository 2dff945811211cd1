import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from attune.db.database import Database, Transaction
from attune.db.models import Execution, Pack
from attune.domain.errors import Conflict, InvalidInput, NotFound, Unavailable
from tests.support.builders import make_identity, make_pack


async def test_transaction_commits_what_was_done(database: Database) -> None:
    async with database.transaction() as tx:
        pack = await make_pack(tx)

    async with database.transaction() as tx:
        assert (await tx.packs.get(pack.id)).ref == pack.ref


async def test_transaction_undoes_everything_when_it_fails(database: Database) -> None:
    with pytest.raises(LookupError):
        await _fail_after_writing(database)

    async with database.transaction() as tx:
        assert await tx.packs.find_by_ref("undone") is None


async def _fail_after_writing(database: Database) -> None:
    async with database.transaction() as tx:
        await make_pack(tx, ref="undone")
        raise LookupError


async def test_savepoint_undoes_only_what_is_inside(database: Database) -> None:
    async with database.transaction() as tx:
        await make_pack(tx, ref="kept")
        with pytest.raises(Conflict):
            await _add_twice(tx)

    async with database.transaction() as tx:
        assert await tx.packs.find_by_ref("kept")


async def _add_twice(tx: Transaction) -> None:
    async with tx.savepoint():
        await make_pack(tx, ref="kept")


async def test_rows_can_be_read_after_the_transaction(database: Database) -> None:
    async with database.transaction() as tx:
        pack = await make_pack(tx)
        pack.label = "Other"

    assert (pack.label, pack.is_standard, pack.tags) == ("Other", False, [])
    assert pack.updated >= pack.created


async def test_same_ref_twice_is_a_conflict(tx: Transaction) -> None:
    await make_pack(tx, ref="same")

    with pytest.raises(Conflict) as refusal:
        async with tx.savepoint():
            await make_pack(tx, ref="same")

    assert "uq_pack_ref" in refusal.value.message


async def test_owner_of_a_pack_cannot_be_removed(tx: Transaction) -> None:
    owner = await make_identity(tx)
    await make_pack(tx, owner_identity_id=owner.id)

    with pytest.raises(Conflict):
        async with tx.savepoint():
            await tx.identities.remove(owner)


IMPOSSIBLE: dict[str, dict[str, object]] = {
    "ref of a wrong form": {"ref": "Not.A.Ref"},
    "ref too long": {"ref": "x" * 256},
    "no version": {"version": "newest"},
    "nothing where something is due": {"label": None},
    "NUL in a text": {"label": "a\x00b"},
    "NUL in JSON": {"meta": {"nul": "\x00"}},
    "lone surrogate": {"label": "lone \ud800 surrogate"},
    "not a number": {"meta": {"number": float("nan")}},
    "owner who does not exist": {"owner_identity_id": 4711},
    "number too large": {"owner_identity_id": 2**70},
}


@pytest.mark.parametrize("fields", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
async def test_row_that_cannot_be_is_invalid_input(
    tx: Transaction, fields: dict[str, object]
) -> None:
    with pytest.raises(InvalidInput):
        async with tx.savepoint():
            await make_pack(tx, **fields)


async def test_check_is_invalid_input(tx: Transaction) -> None:
    with pytest.raises(InvalidInput) as refusal:
        async with tx.savepoint():
            await tx.executions.add(Execution(action_ref="a.b", timeout_seconds=0))

    assert "ck_execution_timeout_seconds" in refusal.value.message


async def test_bug_stays_loud(database: Database) -> None:
    with pytest.raises(ProgrammingError):
        async with database.transaction() as tx:
            await tx.session.execute(text("SELECT nonsense FROM nowhere"))


@pytest.mark.parametrize("entity_id", [0, -1, 2**63, 10**30])
async def test_number_that_is_no_id_is_not_found(
    tx: Transaction, entity_id: int
) -> None:
    with pytest.raises(NotFound):
        await tx.packs.get(entity_id)
    with pytest.raises(NotFound):
        await tx.packs.lock(entity_id)


async def test_database_that_is_not_there_is_unavailable() -> None:
    database = Database("postgresql://attune@127.0.0.1:1/attune")

    with pytest.raises(Unavailable):
        await database.ping()

    await database.close()


async def test_statement_that_takes_too_long_is_unavailable(
    database: Database, database_url: str
) -> None:
    del database
    impatient = Database(database_url, statement_timeout_seconds=0.1)

    with pytest.raises(Unavailable):
        async with impatient.transaction() as tx:
            await tx.session.execute(text("SELECT pg_sleep(10)"))

    await impatient.ping()
    await impatient.close()


async def test_cut_connections_are_unavailable_once(
    database: Database, database_url: str
) -> None:
    ours = Database(database_url)
    async with ours.transaction() as tx:
        pid = await tx.session.scalar(text("SELECT pg_backend_pid()"))
    # Not those of all: other tests share the connections of `database`.
    async with database.transaction() as tx:
        cut = text("SELECT pg_terminate_backend(:pid, 5000)")
        await tx.session.execute(cut, {"pid": pid})

    with pytest.raises(Unavailable):
        await ours.ping()

    await ours.ping()
    await ours.close()


async def test_too_many_at_once_are_refused_in_time(database_url: str) -> None:
    small = Database(database_url, pool_size=1, connect_timeout_seconds=0.2)

    async with small.transaction() as tx:
        await tx.packs.find(1)
        with pytest.raises(Unavailable):
            await small.ping()

    await small.ping()
    await small.close()


async def test_deadlock_is_unavailable(database: Database) -> None:
    async with database.transaction() as tx:
        first, second = await make_pack(tx), await make_pack(tx)

    barrier = asyncio.Barrier(2)

    async def lock(one: Pack, other: Pack) -> None:
        async with database.transaction() as tx:
            await tx.packs.lock(one.id)
            await barrier.wait()
            await tx.packs.lock(other.id)

    results = await asyncio.gather(
        lock(first, second), lock(second, first), return_exceptions=True
    )

    assert [type(result) for result in results if result] == [Unavailable]
