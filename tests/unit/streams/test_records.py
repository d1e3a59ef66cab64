"""What the relay writes into a record, a worker reads out of it."""

from __future__ import annotations

from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.log import LogRow, LogSlice, Position, before_transaction, encode_record, partition_of, split_records
from streams.records import batch_of, decode_record

tenants = st.sampled_from([UUID(int=1), UUID(int=2), UUID(int=3)])
texts = st.text(alphabet=st.characters(blacklist_categories=["Cs"]), max_size=20)
events = st.fixed_dictionaries(
    {"type": texts, "source": texts, "time": texts}, optional={"data": st.dictionaries(texts, texts)}
)


def rows_of(payloads: list[tuple[UUID, dict[str, object]]]) -> list[LogRow]:
    return [
        LogRow(Position(10 + number // 3, number), 3, tenant, "events", orjson.dumps(event).decode())
        for number, (tenant, event) in enumerate(payloads)
    ]


@given(st.lists(st.tuples(tenants, events), max_size=30))
def test_a_record_survives_the_wire(payloads: list[tuple[UUID, dict[str, object]]]) -> None:
    rows = rows_of(payloads)
    after, until = Position(9, 5), Position(99, 7)
    for batch in (decode_record(encode_record(3, after, until, rows)), batch_of(3, rows, after, until)):
        assert batch is not None
        assert (batch.partition, batch.after, batch.until) == (3, after, until)
        found = [(batch.tenants[row.place][0], row.event.type, row.event.source, row.event.data) for row in batch.rows]
        assert found == [(tenant, e["type"], e["source"], e.get("data")) for tenant, e in payloads]
        assert [(row.xid, row.seq) for row in batch.rows] == [row.position for row in rows]


@pytest.mark.parametrize("value", [b"", b"\xff", b"[]", b"{}", b'{"partition": "x"}', b"null"])
def test_what_is_no_record_is_skipped(value: bytes) -> None:
    assert decode_record(value) is None


@pytest.mark.parametrize("bad", ["7", "[]", '{"type": "a"}', '{"type": 1, "source": "s", "time": "t"}'])
def test_an_event_that_is_none_takes_no_other_with_it(bad: str) -> None:
    good = '{"type":"a","source":"s","time":"t"}'
    rows = [LogRow(Position(1, n), 0, UUID(int=1), "events", text) for n, text in enumerate([good, bad, good])]
    for batch in (decode_record(encode_record(0, Position(0, 0), Position(2, 0), rows)),
                  batch_of(0, rows, Position(0, 0), Position(2, 0))):  # fmt: skip
        assert batch is not None
        assert [row.seq for row in batch.rows] == [0, 2]


def test_text_that_no_reader_takes_spoils_its_record_but_not_the_log() -> None:
    good = '{"type":"a","source":"s","time":"t"}'
    rows = [LogRow(Position(1, n), 0, UUID(int=1), "events", text) for n, text in enumerate([good, '"\\ud800"', good])]
    assert decode_record(encode_record(0, Position(0, 0), Position(2, 0), rows)) is None
    assert [row.seq for row in batch_of(0, rows, Position(0, 0), Position(2, 0)).rows] == [0, 2]


@given(st.lists(st.integers(0, 400), max_size=30), st.integers(150, 1_000))
def test_records_are_split_without_a_gap_but_where_a_row_fits_into_none(sizes: list[int], most: int) -> None:
    rows = [LogRow(Position(n + 1, n), 0, UUID(int=1), "events", "x" * size) for n, size in enumerate(sizes)]
    whole = LogSlice(rows, Position(0, 0), Position(100, 0))
    parts = list(split_records(whole, most))
    assert parts[-1].until == whole.until
    assert [row for part in parts for row in part.rows] == [row for row in rows if len(row.payload) + 100 <= most]
    at = whole.after
    for part in parts:
        missing = [row for row in rows if at < row.position <= part.after]
        assert all(len(row.payload) + 100 > most for row in missing)
        assert sum(len(row.payload) + 100 for row in part.rows) <= most
        assert all(part.after < row.position <= part.until for row in part.rows)
        at = part.until


def test_positions() -> None:
    assert before_transaction(0) == Position(0, 0)
    assert Position(6, 2**63 - 1) == before_transaction(7) < Position(7, 0)
    assert [partition_of(shard) for shard in (0, 7, 8, 63)] == [0, 7, 0, 7]
