"""Failed logins as the database counts them."""

from sqlalchemy import text

from attune.db.database import Transaction

AGE = "UPDATE attune.login_failure SET blocked_until = now() - interval '301 s'"


async def age(tx: Transaction, source: str) -> None:
    await tx.session.execute(text(f"{AGE} WHERE source = :source"), {"source": source})


async def test_failures_add_up_until_a_window_without_any(tx: Transaction) -> None:
    assert [await tx.login_failures.count("a", 300) for _ in range(3)] == [1, 2, 3]
    await age(tx, "a")

    assert await tx.login_failures.count("a", 300) == 1
    assert await tx.login_failures.count("b", 300) == 1


async def test_a_delay_counts_down_and_is_forgotten(tx: Transaction) -> None:
    await tx.login_failures.count("a", 300)
    await tx.login_failures.block("a", 60)

    assert 30 < await tx.login_failures.wait_seconds("a") <= 60
    assert await tx.login_failures.wait_seconds("b") == 0
    await tx.login_failures.forget("a")
    assert await tx.login_failures.wait_seconds("a") == 0


async def test_only_what_slows_nobody_down_is_removed(tx: Transaction) -> None:
    for source in ("old", "new"):
        await tx.login_failures.count(source, 300)
    await age(tx, "old")

    await tx.login_failures.forget_old(300)

    found = await tx.session.scalars(text("SELECT source FROM attune.login_failure"))
    assert found.all() == ["new"]
