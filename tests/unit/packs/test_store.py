"""Installed packs on disk."""

import os
from pathlib import Path

import pytest

from attune.domain.errors import NotFound, Unavailable
from attune.packs.bundle import unpack_bundle
from attune.packs.store import PackStore
from tests.support.packs import WHOLE, write_pack


@pytest.fixture
def store(tmp_path: Path) -> PackStore:
    return PackStore(tmp_path / "packs")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_pack(tmp_path / "source", WHOLE)


def test_a_pack_is_found_under_its_ref(store: PackStore, source: Path) -> None:
    store.activate("demo", store.add("demo", source))

    assert (store.root / "demo" / "pack.yaml").read_text() == WHOLE["pack.yaml"]


def test_what_is_added_is_not_current_before_it_is_activated(
    store: PackStore, source: Path
) -> None:
    hash_ = store.add("demo", source)

    assert store.current("demo") is None
    assert not store.has("demo", hash_)


def test_a_new_content_takes_the_place_of_the_old(
    store: PackStore, source: Path
) -> None:
    old = store.add("demo", source)
    store.activate("demo", old)
    write_pack(source, {"pack.yaml": "ref: demo\nlabel: New\nversion: 2.0.0\n"})
    new = store.add("demo", source)
    store.activate("demo", new)

    store.keep_only("demo", new)

    assert "New" in (store.link("demo") / "pack.yaml").read_text()
    assert not store.content("demo", old).exists()


def test_files_that_lay_there_by_hand_are_replaced(tmp_path: Path) -> None:
    store = PackStore(tmp_path)
    by_hand = write_pack(store.link("demo"), WHOLE)

    store.activate("demo", store.add("demo", by_hand))

    assert store.link("demo").is_symlink()
    assert (store.link("demo") / "actions" / "greet.sh").is_file()


def test_a_removed_pack_leaves_nothing(store: PackStore, source: Path) -> None:
    hash_ = store.add("demo", source)
    store.activate("demo", hash_)
    store.bundle("demo", hash_)

    store.remove("demo")

    assert not store.link("demo").exists()
    assert not list(store.root.rglob("*demo/*"))


def test_content_that_is_gone_cannot_be_activated_or_bundled(store: PackStore) -> None:
    with pytest.raises(Unavailable):
        store.activate("demo", "0" * 64)
    with pytest.raises(NotFound):
        store.bundle("demo", "0" * 64)


def test_what_actions_leave_does_not_reach_other_workers(
    store: PackStore, source: Path, tmp_path: Path
) -> None:
    hash_ = store.add("demo", source)
    (store.content("demo", hash_) / "left").write_text("by an action")

    with store.bundle("demo", hash_).open("rb") as bundle:
        unpack_bundle(bundle, tmp_path / "worker", hash_)
    again = store.add("demo", source)

    assert again == hash_
    assert not (tmp_path / "worker" / "left").exists()
    assert not (store.content("demo", hash_) / "left").exists()


def test_what_interrupted_installations_left_is_swept(
    store: PackStore, source: Path
) -> None:
    hash_ = store.add("demo", source)
    old = store.root / ".content" / ".workplace-old"
    new = store.root / ".content" / ".workplace-new"
    for each in (old, new):
        each.mkdir()
    os.utime(old, (0, 0))

    store.sweep()

    assert not old.exists()
    assert new.exists()
    assert store.content("demo", hash_).is_dir()
