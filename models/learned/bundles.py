"""Model bundles: a folder with manifest.yaml and pipeline.skops, and the archive that it travels in.

A bundle whose outputs come from several pipelines has several .skops files; the manifest names them.
"""

from __future__ import annotations

import hashlib
import io
import re
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from models.domain.errors import Fault, InvalidInput, LimitExceeded
from models.domain.limits import Limits
from models.learned.manifest import Manifest, read_manifest

MANIFEST = "manifest.yaml"
PIPELINE = "pipeline.skops"
README = "README.md"
_ALLOWED = re.compile(r"manifest\.yaml|README\.md|[a-z][a-z0-9_-]{0,40}\.skops")
_BELONG = f"{MANIFEST}, {PIPELINE} and {README} do"
# What any archive gets as its time, so that equal folders make equal archives.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MAX_MEMBERS = 20_000


@dataclass(frozen=True, slots=True)
class Bundle:
    """A checked bundle: its manifest and the bytes of its pipelines by file name."""

    manifest: Manifest
    pipelines: Mapping[str, bytes]


def pack_folder(folder: Path, limits: Limits | None = None) -> bytes:
    """The folder as an archive, byte for byte the same for the same files; InvalidInput when something is wrong.

    Files are stored and not packed, since a pipeline is a packed archive already.
    """
    bounds = limits or Limits()
    files = {name: _read(folder, name, bounds) for name in sorted(_present(folder))}
    archive = _archive(files)
    unpack(archive, bounds)
    return archive


def digest(archive: bytes) -> bytes:
    """SHA-256 of an archive: the identity of a bundle."""
    return hashlib.sha256(archive).digest()


def unpack(archive: bytes, limits: Limits | None = None) -> Bundle:
    """The bundle in an archive; nothing is written anywhere. InvalidInput or LimitExceeded."""
    bounds = limits or Limits()
    if len(archive) > bounds.max_model_bundle_bytes:
        raise LimitExceeded("max_model_bundle_bytes", bounds.max_model_bundle_bytes)
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            _check_members(opened.infolist(), bounds)
            files = {member.filename: opened.read(member) for member in opened.infolist()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise InvalidInput("The bundle is not a readable zip archive.", [Fault("", str(error)[:200])]) from None
    manifest = read_manifest(files[MANIFEST])
    pipelines = {name: data for name, data in files.items() if name.endswith(".skops")}
    for name in sorted({*manifest.pipelines} ^ {*pipelines}):
        raise _bad(name, "is missing" if name not in pipelines else "is not the pipeline of any output")
    unpacked_size(pipelines, bounds)
    return Bundle(manifest, pipelines)


def unpacked_size(pipelines: Mapping[str, bytes], limits: Limits) -> int:
    """What skops files unpack to, in bytes; InvalidInput when one is none, LimitExceeded when they are too large."""
    size = sum(_pipeline_size(name, data) for name, data in pipelines.items())
    if size > limits.max_model_unpacked_bytes:
        raise LimitExceeded("max_model_unpacked_bytes", limits.max_model_unpacked_bytes)
    return size


def _pipeline_size(name: str, pipeline: bytes) -> int:
    try:
        with zipfile.ZipFile(io.BytesIO(pipeline)) as opened:
            members = opened.infolist()
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError):
        raise _bad(name, "is not a skops file; save the pipeline with skops.io.dump, not with pickle") from None
    if "schema.json" not in {member.filename for member in members} or len(members) > _MAX_MEMBERS:
        raise _bad(name, "is not a skops file")
    return sum(member.file_size for member in members)


def _present(folder: Path) -> set[str]:
    if not folder.is_dir():
        raise InvalidInput(f"There is no folder {folder}.")
    names = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    for name in sorted(names):
        if not _ALLOWED.fullmatch(name):
            raise _bad(name, f"does not belong in a bundle; {_BELONG}")
    if MANIFEST not in names:
        raise _bad(MANIFEST, "is missing")
    return names


def _read(folder: Path, name: str, limits: Limits) -> bytes:
    path = folder / name
    if path.is_symlink() or not path.is_file():
        raise _bad(name, "is not a plain file")
    if path.stat().st_size > limits.max_model_bundle_bytes:
        raise LimitExceeded("max_model_bundle_bytes", limits.max_model_bundle_bytes, pointer=f"/{name}")
    return path.read_bytes()


def _archive(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as opened:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 3
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            opened.writestr(entry, data)
    return out.getvalue()


def _check_members(members: list[zipfile.ZipInfo], limits: Limits) -> None:
    names = [member.filename for member in members]
    for member in members:
        kind = stat.S_IFMT(member.external_attr >> 16)
        if not _ALLOWED.fullmatch(member.filename) or kind not in (0, stat.S_IFREG):
            raise _bad(member.filename[:100], f"does not belong in a bundle; {_BELONG}")
        if member.flag_bits & 0x1:
            raise _bad(member.filename, "is encrypted")
    for name in {MANIFEST, *names}:
        if names.count(name) != 1:
            raise _bad(name, "must be there once")
    if sum(member.file_size for member in members) > limits.max_model_bundle_bytes:
        raise LimitExceeded("max_model_bundle_bytes", limits.max_model_bundle_bytes)


def _bad(name: str, detail: str) -> InvalidInput:
    return InvalidInput("The model bundle is not valid.", [Fault(f"/{name}", f"{name} {detail}")])
