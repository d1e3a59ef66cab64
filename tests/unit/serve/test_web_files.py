"""The web app's files: cached for ever where they never change, one page for every address of the app."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from serve.deps import ApiOptions
from serve.web_files import WebFiles
from tests.unit.serve.api import Api, assert_problem, running_api

PAGE = '<!doctype html><meta name="csp-nonce" content=""><div id="root"></div>'
SCRIPT = "console.log(1);" * 200


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "assets" / "index-Ab12Cd34.js").write_text(SCRIPT)
    (tmp_path / "assets" / "page-Ab12Cd34.css").write_text("a{}")
    (tmp_path / "assets" / "page-Ab12Cd34.css.br").write_bytes(b"packed by the build")
    (tmp_path / "favicon.svg").write_text("<svg/>")
    (tmp_path / ".done").touch()
    return tmp_path


@pytest.fixture
async def site(root: Path) -> AsyncIterator[Api]:
    async with running_api(root, options=ApiOptions(push_url="wss://push.example:9000/connection/websocket")) as api:
        yield api


@pytest.mark.parametrize(
    "path", ["/", "/runs", "/runs/0199f6a2", "/index.html", "/sign-in", "/models/a/b", "/answer/ab.cd.ef-1"]
)
async def test_addresses_of_the_app_get_the_page_with_a_fresh_nonce(site: Api, path: str) -> None:
    nonces = set()
    for _ in range(2):
        answer = await site.http.get(path)
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["cache-control"] == "no-cache"
        policy = answer.headers["content-security-policy"]
        found = re.search(r"'nonce-([\w-]{20,})'", policy)
        assert found is not None
        assert f'<meta name="csp-nonce" content="{found[1]}">' in answer.text
        nonces.add(found[1])
        for part in ("default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "base-uri 'none'"):
            assert part in policy
        assert "unsafe" not in policy
        assert "connect-src 'self' wss://push.example:9000;" in policy
    assert len(nonces) == 2


async def test_hashed_files_are_kept_for_ever_and_packed(site: Api) -> None:
    answer = await site.http.get("/assets/index-Ab12Cd34.js", headers={"accept-encoding": "gzip, br"})
    assert answer.text == SCRIPT
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["vary"] == "accept-encoding"
    assert int(answer.headers["content-length"]) < len(SCRIPT)
    plain = await site.http.get("/assets/index-Ab12Cd34.js", headers={"accept-encoding": "gzip;q=0"})
    assert "content-encoding" not in plain.headers
    assert plain.text == SCRIPT
    again = await site.http.get("/assets/index-Ab12Cd34.js", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_what_the_build_packed_is_preferred(root: Path) -> None:
    files = WebFiles.load(root)
    assert files is not None
    sent: list[bytes] = []
    headers: list[tuple[bytes, bytes]] = []

    async def send(message: dict[str, object]) -> None:
        headers.extend(message.get("headers", ()))  # type: ignore[arg-type]
        sent.append(message.get("body", b""))  # type: ignore[arg-type]

    scope = {
        "type": "http", "method": "GET", "path": "/assets/page-Ab12Cd34.css", "query_string": b"",
        "headers": [(b"accept-encoding", b"br")],
    }  # fmt: skip
    await files.or_else(None)(scope, None, send)  # type: ignore[arg-type]
    assert b"".join(sent) == b"packed by the build"
    assert (b"content-encoding", b"br") in headers


async def test_other_files_are_asked_for_again(site: Api) -> None:
    answer = await site.http.get("/favicon.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["cache-control"] == "no-cache"
    assert (await site.http.head("/favicon.svg")).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/v1/nothing", "/v2/nothing", "/assets/missing-Ab12Cd34.js", "/.done", "/etc/passwd.txt",
        "/assets/../index.htm",
        "/assets/page-Ab12Cd34.css.br", "/%2e%2e/pyproject.toml", "/connection/websocket",
    ],
)  # fmt: skip
async def test_the_page_hides_no_missing_thing(site: Api, path: str) -> None:
    assert_problem(await site.http.get(path), 404)


async def test_only_reading_gets_the_page(site: Api) -> None:
    assert_problem(await site.http.post("/runs"), 404)


async def test_without_a_build_there_is_the_api_alone(tmp_path: Path) -> None:
    async with running_api(tmp_path) as api:
        assert_problem(await api.http.get("/"), 404)
        assert (await api.http.get("/healthz")).status_code == 200
