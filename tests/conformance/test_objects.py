"""ObjectStore."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from models.domain.errors import InvalidInput, NotFound, Unavailable
from storage.objects import ObjectStore, open_objects


@pytest.fixture(params=["folder", "memory"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    return open_objects(str(tmp_path / "a" / "b")) if request.param == "folder" else ObjectStore(MemoryStore())


async def test_what_was_put_can_be_got(objects: ObjectStore) -> None:
    data = bytes(range(256)) * 10_000
    await objects.put("models/t-1/delay=1.tar", data)
    assert await objects.get("models/t-1/delay=1.tar") == data
    await objects.put("models/t-1/delay=1.tar", b"")
    assert await objects.get("models/t-1/delay=1.tar") == b""


async def test_what_is_gone_is_not_found(objects: ObjectStore) -> None:
    await objects.put("a", b"1")
    await objects.delete("a")
    await objects.delete("a")
    with pytest.raises(NotFound):
        await objects.get("a")


@pytest.mark.parametrize(
    "key",
    ["", ".", "..", "../a", "a/../../b", "/etc/passwd", "a//b", "a/", "a b", "a\\b", "a\0b", "ä", "a" * 501, ".a"],
)
async def test_keys_stay_inside(objects: ObjectStore, key: str) -> None:
    with pytest.raises(InvalidInput):
        await objects.put(key, b"1")
    with pytest.raises(InvalidInput):
        await objects.get(key)


async def test_a_folder_keeps_what_it_has(tmp_path: Path) -> None:
    await open_objects(str(tmp_path)).put("a/b", b"1")
    assert await open_objects(str(tmp_path)).get("a/b") == b"1"


async def test_a_store_that_is_away_is_unavailable() -> None:
    place = open_objects(
        "s3://bucket/prefix",
        {"endpoint": "http://127.0.0.1:9", "region": "x", "access_key_id": "a", "secret_access_key": "b"},
    )
    began = time.monotonic()
    with pytest.raises(Unavailable):
        await place.get("a")
    assert time.monotonic() - began < 15


def test_other_places_are_refused() -> None:
    with pytest.raises(InvalidInput):
        open_objects("ftp://example.com")
