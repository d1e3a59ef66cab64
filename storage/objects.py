"""Large immutable blobs: a local folder by default, S3 (or what speaks it) by URL."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, from_url

from models.domain.errors import InvalidInput, NotFound, Unavailable

_KEY = re.compile(r"[A-Za-z0-9_=-][A-Za-z0-9._=+-]*(/[A-Za-z0-9_=-][A-Za-z0-9._=+-]*)*")
_MAX_KEY = 500


class ObjectStore:
    """Keys are relative paths of plain names; nothing outside of the folder or prefix can be named.

    Safe to use from several tasks; nothing to close.
    """

    def __init__(self, store: Any, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder

    async def put(self, key: str, data: bytes) -> None:
        """Durable when it returns; the same key again replaces the object."""
        await _kept(self._store.put_async(_checked(key), data))
        if self._folder is not None:
            await asyncio.to_thread(_sync, self._folder / key, self._folder)

    async def get(self, key: str) -> bytes:
        """NotFound when there is none."""
        found = await _kept(self._store.get_async(_checked(key)))
        return bytes(await _kept(found.bytes_async()))

    async def delete(self, key: str) -> None:
        """Nothing when there is none."""
        try:
            await _kept(self._store.delete_async(_checked(key)))
        except NotFound:
            return


def open_objects(place: str, options: Mapping[str, str] | None = None) -> ObjectStore:
    """A folder, made when it is missing, or an `s3://bucket/prefix` URL.

    `options` are those of the store, such as `endpoint`, `region`, `access_key_id` and `secret_access_key`.
    """
    if "://" not in place:
        folder = Path(place).absolute()
        return ObjectStore(LocalStore(folder, mkdir=True), folder)
    if not place.startswith("s3://"):
        raise InvalidInput(f"Objects are kept in a folder or under s3://, not in {place.partition('://')[0]}.")
    settings: dict[str, Any] = {"timeout": "30s", "connect_timeout": "2s"}
    if (options or {}).get("endpoint", "").startswith("http://"):
        settings["allow_http"] = True
    retries: Any = {"max_retries": 3, "retry_timeout": timedelta(seconds=10)}
    return ObjectStore(from_url(place, config=dict(options or {}), client_options=settings, retry_config=retries))


def _checked(key: str) -> str:
    if len(key) > _MAX_KEY or not _KEY.fullmatch(key):
        raise InvalidInput("This is no key of an object.")
    return key


async def _kept(work: Any) -> Any:
    try:
        return await work
    except (FileNotFoundError, NotFoundError) as error:
        raise NotFound("There is no such object.") from error
    except (BaseError, OSError) as error:
        raise Unavailable("The object store cannot be reached right now.") from error


def _sync(path: Path, root: Path) -> None:
    """Makes the file and the folders on the way to it survive a power cut."""
    for place in (path, *(parent for parent in path.parents if parent.is_relative_to(root))):
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
