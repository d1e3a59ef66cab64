"""The other side of jq_sandbox.py: runs jq programs of strangers, one after another, until its input ends.

Started as a file of its own, with an empty environment and its limit of memory as argument. Each message is a length
(4 bytes) and that much JSON. It may die at any time: of too much memory (jq aborts), or of too much CPU if nobody is
left to end it.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any, BinaryIO

import jq

_KEPT = 500
_CPU_SECONDS = 30


def _read(source: BinaryIO) -> Any:
    head = source.read(4)
    if len(head) < 4:
        return None
    return json.loads(source.read(int.from_bytes(head, "big")))


def _write(sink: BinaryIO, answer: dict[str, Any]) -> None:
    body = json.dumps(answer).encode()
    sink.write(len(body).to_bytes(4, "big") + body)
    sink.flush()


def _renew_cpu() -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + _CPU_SECONDS, resource.RLIM_INFINITY))


def _run(programs: dict[str, Any], program: str, text: str, most: int) -> dict[str, Any]:
    try:
        if program not in programs:
            if len(programs) >= _KEPT:
                programs.clear()
            programs[program] = jq.compile(program)
        results = []
        for result in programs[program].input_text(text):
            results.append(result)
            if len(results) > most:
                return {"error": f"more than {most:,} results (max_expression_results)"}
        return {"results": results}
    except (ValueError, RecursionError) as error:
        return {"error": str(error)}


def main(memory: int) -> None:
    """Answers each [program, text, most] with {results} or {error}."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    programs: dict[str, Any] = {}
    while True:
        message = _read(sys.stdin.buffer)
        if message is None:
            return
        _renew_cpu()
        _write(sys.stdout.buffer, _run(programs, *message))


if __name__ == "__main__":
    main(int(sys.argv[1]))
