"""The front door as Serve starts it: a route to the push gateway, 503 while nobody is there, nothing open to others."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from cluster.front_door import Answer, ask, replica_socket, write_script
from cluster.instance import tidy_sockets
from cluster.runtime import Runtime, prepare
from cluster.settings import read_settings
from tests.servers.system import free_port

# The lines of Serve's configuration that are changed, and what is needed around them.
CONFIGURATION = """global
    maxconn 100
defaults
    mode http
    timeout connect 2s
    timeout client 5s
    timeout server 5s
    errorfile 502 /nowhere/500.http
    errorfile 503 /nowhere/500.http
    errorfile 504 /nowhere/500.http
frontend prometheus
    bind :{metrics}
frontend http_frontend
    bind 127.0.0.1:{port}
    # Static routing based on path prefixes in decreasing length then alphabetical order
    use_backend api if {{ path_beg /api }}
    default_backend default_backend
backend default_backend
    http-request return status 404 content-type text/plain lf-string "Path not found."
backend api
    option httpchk GET /-/healthz
    http-check expect status 200
    server SERVE_REPLICA__tidewire-Api-abc123 127.0.0.1:{replica} check
"""


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    prepared = prepare(read_settings({}, {"data": tmp_path / "data", "port": free_port()}))
    prepared = replace(prepared, ports=replace(prepared.ports, push=free_port()))
    yield prepared
    tidy_sockets(prepared)


def configure(file: Path, port: int, replica: int) -> None:
    file.write_text(CONFIGURATION.format(metrics=free_port(), port=port, replica=replica))


@asynccontextmanager
async def front_door(runtime: Runtime, file: Path, replica: int | None = None) -> AsyncIterator[str]:
    port = runtime.settings.port
    configure(file, port, replica or free_port())
    process = await asyncio.create_subprocess_exec(
        str(write_script(runtime)), "-db", "-f", str(file), stderr=subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(10):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    break
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        await process.wait()


async def test_nobody_there_is_503_and_told_apart(runtime: Runtime, tmp_path: Path) -> None:
    port = runtime.settings.port
    assert await ask("127.0.0.1", port, "/readyz") is Answer.NOBODY
    async with front_door(runtime, tmp_path / "haproxy.cfg") as url, httpx.AsyncClient() as client:
        for path in ("/v1/runs", "/api/x"):
            answer = await client.get(url + path)
            assert answer.status_code == 503
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["status"] == 503
        assert await ask("127.0.0.1", port, "/readyz") is Answer.NOBODY


async def test_live_connections_go_to_the_gateway(runtime: Runtime, tmp_path: Path) -> None:
    async def gateway(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: close\r\n\r\ngateway")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(gateway, "127.0.0.1", runtime.ports.push)
    async with server, front_door(runtime, tmp_path / "haproxy.cfg") as url, httpx.AsyncClient() as client:
        assert (await client.get(f"{url}/connection/websocket")).text == "gateway"
        assert (await client.get(f"{url}/connection/websocket/more")).status_code == 503
        assert await ask("127.0.0.1", runtime.settings.port, "/connection/websocket") is Answer.OK
    assert "bind 127.0.0.1:" in (tmp_path / "haproxy.cfg").read_text().split("frontend http_frontend")[0]


async def test_requests_go_to_the_socket_of_a_replica_and_health_to_serve(runtime: Runtime, tmp_path: Path) -> None:
    asked: list[str] = []

    def answering(name: str) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            asked.append(f"{name} {head.split(' ')[1]} {'x-forwarded-for: 127.0.0.1' in head.lower()}")
            writer.write(f"HTTP/1.1 200 OK\r\ncontent-length: {len(name)}\r\nconnection: close\r\n\r\n{name}".encode())
            await writer.drain()
            writer.close()

        return answer

    door = Path(replica_socket(runtime).format(replica="abc123"))
    async with (
        await asyncio.start_server(answering("serve"), "127.0.0.1", 0) as serve,
        await asyncio.start_unix_server(answering("door"), door),
        front_door(runtime, tmp_path / "haproxy.cfg", serve.sockets[0].getsockname()[1]) as url,
        httpx.AsyncClient() as client,
    ):
        assert (await client.get(f"{url}/api/x")).text == "door"
    assert "door /api/x True" in asked
    assert {line for line in asked if line.startswith("serve")} <= {"serve /-/healthz False"}


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    import datetime
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tidewire")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    cert, private = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return cert, private


async def test_tls_ends_here_in_its_newest_version_only(runtime: Runtime, tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    runtime = replace(runtime, settings=replace(runtime.settings, tls_cert=cert, tls_key=key))
    port = runtime.settings.port
    async with front_door(runtime, tmp_path / "haproxy.cfg"):
        trusting = ssl.create_default_context(cafile=str(cert))
        async with httpx.AsyncClient(verify=trusting) as client:
            answer = await client.get(f"{runtime.settings.url}/v1/runs")
        assert answer.status_code == 503
        assert runtime.settings.url.startswith("https://")
        older = ssl.create_default_context(cafile=str(cert))
        older.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(ssl.SSLError):
            await asyncio.open_connection("127.0.0.1", port, ssl=older)
        assert await ask("127.0.0.1", port, "/readyz", tls=True) is Answer.NOBODY
        assert (runtime.sockets / "tls.pem").stat().st_mode & 0o077 == 0
