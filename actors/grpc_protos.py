"""Compiles .proto texts of strangers in a process with limits, and finds the methods of their services."""

from __future__ import annotations

import asyncio
import hashlib
import sys
import tempfile
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from actors.step_runner import StepError
from models.domain.dsl.problems import problem
from models.domain.errors import Unavailable
from models.domain.limits import Limits

_PROGRAM = Path(__file__).with_name("proto_child.py")
_MOST_KEPT = 100
_MOST_DESCRIPTOR_BYTES = 4_000_000
_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Method:
    """A method that takes one message and gives one."""

    path: str
    asks: Any
    answers: Any


class Protos:
    """Keeps what was compiled last, by its text."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pools: OrderedDict[bytes, descriptor_pool.DescriptorPool] = OrderedDict()
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def method(self, text: bytes, service: str, name: str) -> Method:
        """StepError (configuration) when the text is no proto, or has no such method."""
        pool = await self._pool(text)
        try:
            found = pool.FindServiceByName(service)
        except KeyError:
            raise _wrong(f"The proto has no service {service}; name it with its package.") from None
        method = found.methods_by_name.get(name)
        if method is None:
            known = ", ".join(sorted(found.methods_by_name)[:12])
            raise _wrong(f"The service {service} has no method {name}; it has {known}.")
        if method.client_streaming or method.server_streaming:
            raise _wrong(f"{name} is a stream; only methods with one message each way can be called.")
        return Method(
            f"/{found.full_name}/{name}",
            message_factory.GetMessageClass(method.input_type),
            message_factory.GetMessageClass(method.output_type),
        )

    async def _pool(self, text: bytes) -> descriptor_pool.DescriptorPool:
        if len(text) > self._limits.max_proto_bytes:
            raise _wrong(f"The proto is larger than {self._limits.max_proto_bytes:,} bytes (max_proto_bytes).")
        key = hashlib.sha256(text).digest()
        if key not in self._pools:
            async with self._turns:
                compiled = await self._compile(text)
            self._pools[key] = _as_pool(compiled)
            if len(self._pools) > _MOST_KEPT:
                self._pools.popitem(last=False)
        self._pools.move_to_end(key)
        return self._pools[key]

    async def _compile(self, text: bytes) -> bytes:
        with tempfile.TemporaryDirectory(prefix="tidewire-proto-") as folder:
            await asyncio.to_thread(Path(folder, "service.proto").write_bytes, text)
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", str(_PROGRAM), str(self._limits.sandbox_bytes), cwd=folder, env={},
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            try:
                async with asyncio.timeout(self._limits.max_proto_seconds):
                    out, told = await process.communicate()
            except TimeoutError:
                raise Unavailable("The proto could not be compiled in time (max_proto_seconds).") from None
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        if process.returncode != 0:
            raise _wrong(f"The proto cannot be compiled: {_reasons(told)}")
        if len(out) > _MOST_DESCRIPTOR_BYTES:
            raise _wrong("The proto describes too much.")
        return out


def _reasons(told: bytes) -> str:
    lines = told.decode(errors="replace").splitlines()
    return " ".join(line for line in lines if line.startswith("service.proto:"))[:500] or "it needs too much"


def _as_pool(compiled: bytes) -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    try:
        for file in descriptor_pb2.FileDescriptorSet.FromString(compiled).file:
            pool.Add(file)
    except (DecodeError, TypeError) as error:
        raise _wrong(f"The proto cannot be used: {str(error)[:200]}") from None
    return pool


def _wrong(detail: str) -> StepError:
    return StepError(problem("configuration", detail))
