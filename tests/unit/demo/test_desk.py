"""The incident desk: one incident for each key, busy now and then, closed to strangers."""

from __future__ import annotations

from typing import Any

import httpx

from cluster.demo.desk import IncidentDesk, Ledger


def desk(ledger: Ledger | None = None) -> httpx.AsyncClient:
    made = IncidentDesk({"t-ua": "UA", "t-aa": "AA"}, ledger or Ledger())
    return httpx.AsyncClient(transport=httpx.ASGITransport(made.app), base_url="http://desk")


async def open_incident(http: httpx.AsyncClient, key: str, token: str = "t-ua") -> httpx.Response:
    headers = {"authorization": f"Bearer {token}", "idempotency-key": key}
    return await http.post("/incidents", json={"flight": "UA 1"}, headers=headers)


async def test_the_same_key_is_the_same_incident() -> None:
    ledger = Ledger()
    async with desk(ledger) as http:
        first, again = await open_incident(http, "k"), await open_incident(http, "k")
        assert first.status_code == again.status_code == 201
        assert first.json() == again.json()
        other = await open_incident(http, "k", "t-aa")
        assert other.json()["number"] != first.json()["number"]
    assert ledger.summary("UA")["incidents"] == 1


async def test_each_third_new_call_must_come_again_and_then_succeeds() -> None:
    ledger = Ledger()
    async with desk(ledger) as http:
        statuses = [(await open_incident(http, str(n))).status_code for n in range(6)]
        assert statuses == [201, 201, 503, 201, 201, 503]
        assert [(await open_incident(http, str(n))).status_code for n in (2, 5)] == [201, 201]
    assert ledger.summary("UA")["incidents"] == 6


async def test_a_number_survives_a_restart() -> None:
    numbers = []
    for _ in range(2):
        async with desk() as http:
            numbers.append((await open_incident(http, "k")).json()["number"])
    assert numbers[0] == numbers[1]


async def test_strangers_and_nonsense_are_refused() -> None:
    async with desk() as http:
        assert (await open_incident(http, "k", "wrong")).status_code == 401
        assert (await http.get("/summary")).status_code == 401
        for body in (b"", b"[]", b"7", b"{}"):
            answer = await http.post("/incidents", content=body, headers={"authorization": "Bearer t-ua"})
            assert answer.status_code == 422


async def test_a_summary_has_the_last_hour() -> None:
    now = [0.0]
    ledger = Ledger(lambda: now[0])
    ledger.note("UA", "departed", 40.0)
    now[0] = 3_000.0
    ledger.note("UA", "departed", 10.0)
    ledger.note("UA", "cancelled")
    expected: dict[str, Any] = {"departures": 2, "late": 1, "average_delay": 25.0, "cancelled": 1, "incidents": 0}
    assert ledger.summary("UA") == expected
    now[0] = 3_700.0
    async with desk(ledger) as http:
        answer = await http.get("/summary", headers={"authorization": "Bearer t-ua"})
    assert answer.json() == {**expected, "departures": 1, "late": 0, "average_delay": 10.0}
    assert ledger.summary("AA")["average_delay"] == 0
