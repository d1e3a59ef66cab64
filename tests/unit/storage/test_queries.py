"""Named SQL."""

from __future__ import annotations

from importlib.resources import files

import pytest

from storage.queries import load, parse


def test_statements_by_name() -> None:
    text = "-- about the file\n-- name: one\nSELECT 1;\n\n-- name: two\n-- why\nSELECT 2\n"
    assert parse(text) == {"one": "SELECT 1", "two": "-- why\nSELECT 2"}


def test_a_name_comes_once() -> None:
    with pytest.raises(ValueError, match="one"):
        parse("-- name: one\nSELECT 1;\n-- name: one\nSELECT 2;")


def test_every_file_can_be_read() -> None:
    names = [file.name.removesuffix(".sql") for file in files("storage").joinpath("sql").iterdir()]
    assert all(load(name) for name in names)
    with pytest.raises(TypeError):
        load(names[0])["new"] = "SELECT 1"  # type: ignore[index]


def test_the_open_migration_is_the_schema() -> None:
    folder = files("storage")
    first = folder.joinpath("migrations", "0001_pre_initial.sql").read_text()
    assert first == folder.joinpath("schema.sql").read_text()
