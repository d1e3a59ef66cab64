"""Scripts in V8: what they see, what comes of them, and the limits that hold them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from actors.script_step import ScriptStep
from actors.step_runner import StepError
from models.domain.dsl.problems import PREFIX
from models.domain.dsl.protocol import StartStep, StepKind
from models.domain.limits import Limits
from models.domain.ports import HttpRequest, HttpResponse

LIMITS = replace(Limits(), script_seconds=1.0, script_bytes=32_000_000, script_output_bytes=10_000)


class Web:
    """Answers every GET with the same."""

    def __init__(self, status: int = 200, body: bytes = b"console.log('fetched')") -> None:
        self.status, self.body = status, body

    async def send(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(self.status, {}, self.body)


async def script(code: str | None, web: Web | None = None, **more: Any) -> Any:
    request = {"language": "javascript", "arguments": [], "environment": {}, **more}
    if code is not None:
        request["code"] = code
    step = StartStep(2, "/do/0/s", (), 1, StepKind.SCRIPT, "k", request)
    return await ScriptStep(LIMITS, web or Web()).perform(uuid4(), step, 30)


async def test_a_script_writes_to_stdout_and_stderr() -> None:
    found = await script("console.log('a', 1, {x: [2]}); console.error('b'); process.stdout.write('c')")
    assert found == {"code": 0, "stdout": 'a 1 {"x":[2]}\nc', "stderr": "b\n"}


async def test_the_example_of_the_specification_reads_stdin_argv_and_env() -> None:
    code = """
    // Reading Input from STDIN
    import { readFileSync } from 'node:fs';
    const stdin = readFileSync(process.stdin.fd, 'utf8');
    console.log('stdin > ', stdin)
    const [_, __, arg] = process.argv;
    console.log('arg > ', arg)
    const foo = process.env.foo;
    console.log('env > ', foo)
    """
    found = await script(code, stdin="Hello Workflow", arguments=["hello"], environment={"foo": "bar"})
    assert found == {"code": 0, "stdout": "stdin >  Hello Workflow\narg >  hello\nenv >  bar\n", "stderr": ""}


async def test_a_script_that_throws_has_code_1_and_its_error_on_stderr() -> None:
    found = await script("console.log('before'); throw new Error('boom')")
    assert (found["code"], found["stdout"]) == (1, "before\n")
    assert "boom" in found["stderr"]


async def test_a_script_that_is_no_javascript_has_code_1() -> None:
    found = await script("this is none")
    assert found["code"] == 1
    assert "SyntaxError" in found["stderr"]


async def test_exit_ends_the_script_with_its_code() -> None:
    assert (await script("console.log('a'); process.exit(3); console.log('b')")) == {
        "code": 3, "stdout": "a\n", "stderr": ""
    }  # fmt: skip
    assert (await script("process.exitCode = 4"))["code"] == 4


async def test_a_script_may_wait() -> None:
    code = "await new Promise(done => setTimeout(done, 50)); console.log([1, 2, 3].toReversed().join())"
    assert (await script(code))["stdout"] == "3,2,1\n"


async def test_a_script_has_no_network_no_files_and_no_other_modules() -> None:
    found = await script("console.log(typeof fetch, typeof XMLHttpRequest, typeof WebSocket, Object.keys(process.env))")
    assert found["stdout"] == "undefined undefined undefined []\n"
    for code in (
        "import { connect } from 'node:net'",
        "require('child_process')",
        "require('fs').readFileSync('/etc/passwd')",
    ):
        assert (await script(code))["code"] == 1


@pytest.mark.parametrize(
    ("code", "limit", "kind"),
    [
        ("while (true) {}", "script_seconds", "timeout"),
        ("await new Promise(() => {})", "script_seconds", "timeout"),
        ("const all = []; while (true) all.push(new Array(1000).fill(all.length))", "script_bytes", "runtime"),
    ],
)
async def test_a_script_that_takes_too_much_is_ended(code: str, limit: str, kind: str) -> None:
    with pytest.raises(StepError) as told:
        await script(code)
    assert told.value.error["type"] == PREFIX + kind
    assert limit in told.value.error["detail"]


async def test_a_script_has_no_more_memory_outside_of_its_heap() -> None:
    found = await script("const all = []; for (let n = 0; n < 40; n++) all.push(new Uint8Array(1e7).fill(1))")
    assert found["code"] == 1
    assert "allocation failed" in found["stderr"]


async def test_a_script_that_writes_too_much_fails() -> None:
    found = await script("while (true) console.log('x'.repeat(1000))")
    assert found["code"] == 1
    assert "script_output_bytes" in found["stderr"]


async def test_a_script_may_come_from_elsewhere() -> None:
    source = {"endpoint": {"uri": "https://x.example/s.js"}}
    assert (await script(None, source=source))["stdout"] == "fetched\n"
    with pytest.raises(StepError, match="404"):
        await script(None, Web(404), source=source)


async def test_many_scripts_of_one_tenant_delay_no_other() -> None:
    runner = ScriptStep(LIMITS, Web())
    ends: list[str] = []

    async def run(name: str, tenant: UUID, seconds: float) -> None:
        request = {"language": "javascript", "arguments": [], "environment": {}}
        request["code"] = f"await new Promise(done => setTimeout(done, {seconds * 1000}))"
        step = StartStep(2, "/do/0/s", (), 1, StepKind.SCRIPT, "k", request)
        await runner.perform(tenant, step, 30)
        ends.append(name)

    loud, quiet = uuid4(), uuid4()
    await asyncio.gather(*(run(f"loud {n}", loud, 0.3) for n in range(4)), run("quiet", quiet, 0.0))
    assert ends.index("quiet") <= 1


async def test_a_cancelled_script_leaves_no_process() -> None:
    task = asyncio.create_task(script("await new Promise(() => {})"))
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
