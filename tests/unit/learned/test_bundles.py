"""Bundles: what goes in is what comes out, and nothing else gets in."""

from __future__ import annotations

import io
import os
import pickle
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.errors import InvalidInput, LimitExceeded
from models.domain.limits import Limits
from models.learned.bundles import digest, pack_folder, unpack
from models.learned.manifest import check_manifest, read_manifest, write_manifest
from tests.models.bundles import write_model_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_model_folder(tmp_path / "doubler")


def archive(**files: bytes | tuple[zipfile.ZipInfo, bytes]) -> bytes:
    """An archive of these files; `__` in a name is a dot."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as opened:
        for name, data in files.items():
            entry, raw = data if isinstance(data, tuple) else (name.replace("__", "."), data)
            opened.writestr(entry, raw)
    return out.getvalue()


def parts(folder: Path) -> dict[str, Any]:
    return {
        "manifest__yaml": (folder / "manifest.yaml").read_bytes(),
        "pipeline__skops": (folder / "pipeline.skops").read_bytes(),
    }


def test_the_same_files_make_the_same_archive(folder: Path) -> None:
    first = pack_folder(folder)
    os.utime(folder / "manifest.yaml", (1, 1))
    (folder / "pipeline.skops").chmod(0o600)
    (folder / ".hidden").write_text("is left out")
    assert pack_folder(folder) == first
    (folder / "README.md").write_text("What it is for")
    assert digest(pack_folder(folder)) != digest(first)


def test_what_was_packed_comes_out(folder: Path) -> None:
    bundle = unpack(pack_folder(folder))
    assert bundle.manifest.name == "doubler"
    assert bundle.pipelines == {"pipeline.skops": (folder / "pipeline.skops").read_bytes()}


@pytest.mark.parametrize("name", ["model.pkl", "code.py", "sub", "Pipeline.skops", "weights.npy"])
def test_other_files_do_not_belong_in_the_folder(folder: Path, name: str) -> None:
    (folder / name).write_text("x")
    with pytest.raises(InvalidInput) as caught:
        pack_folder(folder)
    assert caught.value.faults[0].pointer == f"/{name}"


@pytest.mark.parametrize("name", ["manifest.yaml", "pipeline.skops"])
def test_both_files_are_needed(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(InvalidInput, match="not valid"):
        pack_folder(folder)


def test_a_link_out_of_the_folder_is_not_followed(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    (folder / "manifest.yaml").unlink()
    (folder / "manifest.yaml").symlink_to(secret)
    with pytest.raises(InvalidInput):
        pack_folder(folder)


@pytest.mark.parametrize("name", ["../manifest.yaml", "/manifest.yaml", "a/manifest.yaml", "manifest.yaml/", "x.py"])
def test_names_that_lead_elsewhere_are_refused(folder: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match="not valid"):
        unpack(archive(**parts(folder), odd=(zipfile.ZipInfo(name), b"x")))


def test_links_and_folders_in_an_archive_are_refused(folder: Path) -> None:
    for kind in (stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO):
        entry = zipfile.ZipInfo("README.md")
        entry.external_attr = (kind | 0o777) << 16
        with pytest.raises(InvalidInput, match="not valid"):
            unpack(archive(**parts(folder), link=(entry, b"/etc/passwd")))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_that_comes_twice_is_refused(folder: Path) -> None:
    twice = (zipfile.ZipInfo("manifest.yaml"), b"name: other")
    with pytest.raises(InvalidInput, match="not valid"):
        unpack(archive(**parts(folder), again=twice))


def test_sizes_have_limits(folder: Path) -> None:
    packed = pack_folder(folder)
    with pytest.raises(LimitExceeded, match="max_model_bundle_bytes"):
        unpack(packed, Limits(max_model_bundle_bytes=len(packed) - 1))
    with pytest.raises(LimitExceeded, match="max_model_unpacked_bytes"):
        unpack(packed, Limits(max_model_unpacked_bytes=100))
    with pytest.raises(LimitExceeded):
        pack_folder(folder, Limits(max_model_bundle_bytes=10))


def test_a_bomb_is_refused_before_it_is_unpacked(folder: Path) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("schema.json", b"{}")
        opened.writestr("zeros.npy", b"\0" * 30_000_000)
    made = archive(**{**parts(folder), "pipeline__skops": bomb.getvalue()})
    assert len(made) < 100_000
    with pytest.raises(LimitExceeded, match="max_model_unpacked_bytes"):
        unpack(made, Limits(max_model_unpacked_bytes=10_000_000))
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in parts(folder).items():
            opened.writestr(name.replace("__", "."), data)
        opened.writestr("README.md", b"\0" * 60_000_000)
    with pytest.raises(LimitExceeded, match="max_model_bundle_bytes"):
        unpack(outer.getvalue())


def test_a_pickle_is_no_pipeline(folder: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.system, ("true",)

    for data in (pickle.dumps(Evil()), b"", b"PK\x03\x04"):
        with pytest.raises(InvalidInput) as caught:
            unpack(archive(**{**parts(folder), "pipeline__skops": data}))
        assert caught.value.faults[0].pointer == "/pipeline.skops"


@given(st.binary(max_size=400))
def test_any_bytes_are_a_bundle_or_refused(raw: bytes) -> None:
    with pytest.raises(InvalidInput):
        unpack(raw)


@given(st.data())
def test_a_changed_byte_is_refused_or_harmless(data: st.DataObject) -> None:
    good = archive(manifest__yaml=b"name: x", pipeline__skops=archive(schema__json=b"{}"))
    place = data.draw(st.integers(0, len(good) - 1))
    bad = good[:place] + bytes([data.draw(st.integers(0, 255))]) + good[place + 1 :]
    with pytest.raises(InvalidInput):
        unpack(bad)


MANIFEST: dict[str, Any] = {
    "name": "doubler",
    "version": "1.0.0",
    "inputs": [{"name": "x", "datatype": "FP64", "shape": [-1, 1]}],
    "outputs": [{"name": "y", "datatype": "FP64"}],
}


class TestManifest:
    def test_what_is_written_is_read(self) -> None:
        more = {"metrics": {"mae": 1.5, "by": {"month": [1, 2]}}, "example": {"x": None}}
        manifest = check_manifest({**MANIFEST, **more})
        assert read_manifest(write_manifest(manifest)) == manifest

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"name": "Not A Name"}, "/name"), ({"version": "v1"}, "/version"), ({"version": "1/../2"}, "/version"),
            ({"inputs": []}, "/inputs"), ({"outputs": []}, "/outputs"), ({"framework": "torch"}, "/framework"),
            ({"inputs": [{"name": "x", "datatype": "FP65"}]}, "/inputs/0/datatype"),
            ({"inputs": [{"name": "x", "datatype": "FP64", "shape": [3]}]}, "/inputs/0/shape"),
            ({"inputs": [{"name": "x", "datatype": "FP64", "shape": [-1, 0]}]}, "/inputs/0/shape"),
            ({"outputs": [{"name": "y", "datatype": "FP64", "method": "__init__"}]}, "/outputs/0/method"),
            ({"outputs": [{"name": "y", "datatype": "FP64", "pipeline": "../x.skops"}]}, "/outputs/0/pipeline"),
            ({"inputs": [{"name": "x", "datatype": "FP64"}] * 2}, ""), ({"surprise": 1}, "/surprise"),
            ({"trusted_types": ["os.system; x"]}, "/trusted_types/0"),
            ({"inputs": [{"name": "a", "datatype": "FP64", "shape": [-1, 2]}, {"name": "b", "datatype": "FP64"}]}, ""),
        ],
    )  # fmt: skip
    def test_faults_are_pointed_at(self, change: dict[str, Any], pointer: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            check_manifest({**MANIFEST, **change})
        assert pointer in [fault.pointer for fault in caught.value.faults]

    @pytest.mark.parametrize(
        "text",
        [
            "", "- a", "a: [", "name: &x [*x]", "name: !!python/object/apply:os.system ['true']", "a: .nan",
            "metrics: {a: .inf}", "metrics: {a: 99999999999999999999}", 'name: "\\0"', "x: " + "[" * 50 + "]" * 50,
            "name: " + "x" * 100_001, "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "1: 2",
        ],
        ids=lambda text: text[:20],
    )  # fmt: skip
    def test_bad_yaml_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidInput):
            read_manifest(text.encode())

    def test_dates_are_texts(self) -> None:
        text = write_manifest(check_manifest(MANIFEST)).decode().replace("training: {}", "training: {from: 2013-01-01}")
        assert read_manifest(text.encode()).training == {"from": "2013-01-01"}
