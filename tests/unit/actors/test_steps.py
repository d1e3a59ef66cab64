"""What a step sends, what it makes of the answer, and what each thing that goes wrong becomes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.http_step import HttpStep, http_request
from actors.predict_step import PredictStep
from actors.step_runner import Attempt, StepError, StepRunner
from models.domain.clock import ManualClock
from models.domain.dsl.protocol import StartStep, StepKind
from models.domain.errors import (
    AnswerLost,
    CircuitOpen,
    EgressRefused,
    InvalidInput,
    LimitExceeded,
    NotFound,
    TooManyRequests,
    Unavailable,
)
from models.domain.limits import Limits
from models.domain.ports import HttpRequest, HttpResponse
from models.domain.steps import Failed, Succeeded, Uncertain

TENANT = UUID(int=1)


class FakeHttp:
    """Outbound HTTP and connections in one."""

    def __init__(self, answer: HttpResponse | Exception | None = None) -> None:
        self.answer = answer or HttpResponse(200, {"content-type": "application/json"}, b'{"n":1}')
        self.sent: list[HttpRequest] = []
        self.through: list[str] = []

    async def send(self, *where: Any) -> HttpResponse:
        self.through += [str(part) for part in where[1:-1]]
        self.sent.append(where[-1])
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def step(kind: StepKind = StepKind.HTTP, **request: Any) -> StartStep:
    wanted = {"method": "post", "uri": "https://api.example/x", "output": "content", "redirect": False, **request}
    return StartStep(2, "/do/0/a", (), 1, kind, "key", wanted)


async def perform(http: FakeHttp, **request: Any) -> Any:
    outcome = await runner(http).run(TENANT, step(**request))
    return outcome.output if isinstance(outcome, Succeeded) else outcome


def runner(http: FakeHttp, clock: ManualClock | None = None, record: Any = lambda attempt: None) -> StepRunner:
    return StepRunner({StepKind.HTTP: HttpStep(http, http)}, clock or ManualClock(), Limits(), record)


# ---------------------------------------------------------------- requests


def test_what_goes_out() -> None:
    asked = step(
        uri="https://a.example/x?a=1#part", query={"b": ["2", "ü"], "c": "d e"}, headers={"X-A": "1"},
        body={"n": [1]}, redirect=True,
    )  # fmt: skip
    sent = http_request(asked, 3.0)
    assert (sent.method, sent.url) == ("POST", "https://a.example/x?a=1&b=2&b=%C3%BC&c=d+e")
    assert (sent.headers, sent.body) == ({"x-a": "1", "content-type": "application/json"}, b'{"n":[1]}')
    assert (sent.timeout, sent.follow_redirects, sent.idempotency_key) == (3.0, True, "key")


@pytest.mark.parametrize(
    ("request_", "body", "kind"),
    [
        ({"body": "hello"}, b"hello", "text/plain; charset=utf-8"),
        ({"body": "<a/>", "headers": {"Content-Type": "application/xml"}}, b"<a/>", "application/xml"),
        ({"body": [1]}, b"[1]", "application/json"),
        ({"body": False}, b"false", "application/json"),
        (
            {"body": {"a": "b c"}, "headers": {"content-type": "application/x-www-form-urlencoded"}},
            b"a=b+c",
            "application/x-www-form-urlencoded",
        ),
        ({"body": None}, None, None),
        ({}, None, None),
    ],
)
def test_bodies(request_: dict[str, Any], body: bytes | None, kind: str | None) -> None:
    sent = http_request(step(**request_), 1)
    assert (sent.body, sent.headers.get("content-type")) == (body, kind)


def test_authentication_and_a_key_of_ones_own() -> None:
    sent = http_request(step(authentication={"basic": {"username": "u", "password": "p"}}), 1)
    assert sent.headers["authorization"] == "Basic dTpw"
    sent = http_request(step(authentication={"bearer": {"token": "t"}}, headers={"Idempotency-Key": "mine"}), 1)
    assert (sent.headers["authorization"], sent.idempotency_key) == ("Bearer t", None)
    with pytest.raises(StepError):
        http_request(step(authentication={"oauth2": {}}), 1)


async def test_a_connection_is_used_where_one_is_named() -> None:
    http = FakeHttp()
    await perform(http, connection="crm", uri="/leads")
    assert (http.through, http.sent[0].url) == (["crm"], "/leads")


# ---------------------------------------------------------------- answers


@pytest.mark.parametrize(
    ("form", "kind", "body", "output"),
    [
        ("content", "application/json; charset=utf-8", b"[1]", [1]),
        ("content", "application/problem+json", b"{}", {}),
        ("content", "text/plain", "ü".encode(), "ü"),
        ("content", "image/png", b"\xff\x00", "/wA="),
        ("content", "application/json", b"", None),
        ("raw", "application/json", b"[1]", "WzFd"),
    ],
)
async def test_the_output_has_the_form_that_was_asked_for(form: str, kind: str, body: bytes, output: Any) -> None:
    assert await perform(FakeHttp(HttpResponse(200, {"content-type": kind}, body)), output=form) == output


async def test_the_whole_response() -> None:
    secret = {"bearer": {"token": "t"}}
    found = await perform(FakeHttp(), output="response", headers={"X-A": "1"}, authentication=secret)
    assert found == {
        "request": {"method": "post", "uri": "https://api.example/x", "headers": {"X-A": "1"}},
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "content": {"n": 1},
    }


@pytest.mark.parametrize(("status", "redirect", "works"), [(204, False, True), (302, True, True), (302, False, False)])
async def test_which_statuses_are_errors(status: int, redirect: bool, works: bool) -> None:
    found = await perform(FakeHttp(HttpResponse(status, {}, b"why")), redirect=redirect)
    assert isinstance(found, Failed) is not works
    if isinstance(found, Failed):
        assert found.error == {
            "type": "https://serverlessworkflow.io/spec/1.0.0/errors/communication",
            "status": 302,
            "title": "Communication error",
            "detail": "POST https://api.example/x answered 302. why",
        }


async def test_json_that_is_none_is_an_error() -> None:
    found = await perform(FakeHttp(HttpResponse(200, {"content-type": "application/json"}, b"{")))
    assert isinstance(found, Failed)
    assert found.error["status"] == 502


# ---------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(
    ("error", "kind", "status"),
    [
        (EgressRefused(), "configuration", 403),
        (LimitExceeded("max_http_response_bytes", 1), "communication", 502),
        (InvalidInput("Bad."), "validation", 400),
        (NotFound("No connection."), "configuration", 404),
        (TooManyRequests(), "communication", 429),
        (CircuitOpen(), "communication", 503),
        (Unavailable(), "communication", 503),
        (ValueError("a bug"), "runtime", 500),
    ],
)
async def test_errors_become_errors_of_the_language(error: Exception, kind: str, status: int) -> None:
    found = await perform(FakeHttp(error))
    assert isinstance(found, Failed)
    assert (found.error["type"].rpartition("/")[2], found.error["status"]) == (kind, status)
    assert found.error["detail"]


@pytest.mark.parametrize("error", [AnswerLost("Lost."), TimeoutError()])
async def test_a_lost_answer_is_uncertain_unless_the_method_is_safe(error: Exception) -> None:
    assert isinstance(await perform(FakeHttp(error)), Uncertain)
    found = await perform(FakeHttp(error), method="get")
    assert isinstance(found, Failed)
    assert found.error["status"] == 504


async def test_a_kind_that_is_not_there() -> None:
    found = await runner(FakeHttp()).run(TENANT, step(StepKind.PREDICT))
    assert isinstance(found, Failed)
    assert found.error["type"].endswith("configuration")


async def test_the_deadline_bounds_the_time_and_the_attempt_is_recorded() -> None:
    clock, http, seen = ManualClock(), FakeHttp(), list[Attempt]()
    asked = StartStep(
        2, "/do/0/a", (), 1, StepKind.HTTP, "k", step().request, clock.now() + timedelta(seconds=7)
    )
    await runner(http, clock, seen.append).run(TENANT, asked)
    assert http.sent[0].timeout == 7.0
    assert isinstance(seen[0].outcome, Succeeded)
    await runner(http, clock).run(TENANT, step())
    assert http.sent[1].timeout == Limits().max_http_seconds


class FakePredictor:
    async def infer(self, tenant_id: UUID, model: str, version: str | None, request: Any) -> dict[str, Any]:
        assert (tenant_id, model, version) == (TENANT, "delay", "live")
        return {"outputs": {"minutes": request["inputs"]["distance"] * 2}}


async def test_a_prediction() -> None:
    predicts = StepRunner({StepKind.PREDICT: PredictStep(FakePredictor())}, ManualClock(), Limits())
    asked = StartStep(
        2, "/do/0/a", (), 1, StepKind.PREDICT, "k",
        {"model": "delay", "version": "live", "inputs": {"distance": 21}},
    )  # fmt: skip
    assert await predicts.run(TENANT, asked) == Succeeded({"minutes": 42})
    wrong = StartStep(2, "/do/0/a", (), 1, StepKind.PREDICT, "k", {"model": "delay", "version": "live", "inputs": 1})
    assert isinstance(await predicts.run(TENANT, wrong), Failed)
