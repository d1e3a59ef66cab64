"""The API as the command line uses it: tokens kept in a private file, problems made readable."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import typer

from models.domain.errors import Fault, TidewireError, Unauthenticated, Unavailable


class ApiRefused(TidewireError):
    """The instance refused the call."""

    def __init__(self, status: int, title: str, detail: str, faults: list[Fault]) -> None:
        super().__init__(detail)
        self.status, self.title, self.faults = status, title, faults


class ApiClient:
    """Calls one instance as the user who signed in last there."""

    def __init__(self, url: str, folder: Path | None = None) -> None:
        self.url = url.rstrip("/")
        self._file = (folder or Path(typer.get_app_dir("tidewire"))) / "tokens.json"

    def login(self, email: str, password: str) -> None:
        """Signs in and keeps the tokens."""
        self._keep(self._call("POST", "/v1/auth/login", json.dumps({"email": email, "password": password}).encode()))

    def get(self, path: str, query: Mapping[str, Any] | None = None, allow: tuple[int, ...] = ()) -> Any:
        """The answer to a GET; statuses in `allow` are answers too."""
        public = path in ("/readyz", "/healthz")
        return self._call("GET", path, query=query, token="" if public else self.access_token(), allow=allow)

    def send(self, method: str, path: str, body: bytes, media: str) -> Any:
        """The answer to a call with a body."""
        return self._call(method, path, body, media, token=self.access_token())

    def pages(self, path: str, cursor: str = "cursor") -> Iterator[Any]:
        """All items of a list, page by page."""
        query: dict[str, Any] = {"limit": 200}
        while True:
            page = self.get(path, query)
            yield from page["items"]
            if not page["next"]:
                return
            query[cursor] = page["next"]

    def access_token(self) -> str:
        """A fresh access token of the user who signed in."""
        kept = json.loads(self._file.read_text()) if self._file.exists() else {}
        token = kept.get(self.url)
        if token is None:
            raise Unauthenticated(f"Sign in first: tidewire login --url {self.url}")
        body = json.dumps({"refresh_token": token}).encode()
        return str(self._keep(self._call("POST", "/v1/auth/refresh", body))["access_token"])

    def _keep(self, tokens: Any) -> Any:
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = json.loads(self._file.read_text()) if self._file.exists() else {}
        kept[self.url] = tokens["refresh_token"]
        self._file.touch(mode=0o600)
        self._file.write_text(json.dumps(kept))
        return tokens

    def _call(
        self, method: str, path: str, body: bytes | None = None, media: str = "application/json", *,
        query: Mapping[str, Any] | None = None, token: str = "", allow: tuple[int, ...] = (),
    ) -> Any:  # fmt: skip
        headers = {"content-type": media} if body is not None else {}
        if token:
            headers["authorization"] = f"Bearer {token}"
        try:
            answer = httpx.request(
                method, self.url + path, params=query, content=body, headers=headers, timeout=75
            )
        except httpx.HTTPError:
            raise Unavailable(f"Nothing answers at {self.url}. Is it running? Start it with `tidewire up`.") from None
        if answer.is_success or answer.status_code in allow:
            return answer.json() if answer.content else None
        raise _refused(answer)


def _refused(answer: httpx.Response) -> ApiRefused:
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    faults = [Fault(_place(one), str(one.get("detail", ""))) for one in problem.get("errors", [])]
    title = str(problem.get("title", f"HTTP {answer.status_code}"))
    return ApiRefused(answer.status_code, title, str(problem.get("detail", answer.text[:300])), faults)


def _place(fault: Mapping[str, Any]) -> str:
    line = f"line {fault['line']}, column {fault['column']}: " if fault.get("line") else ""
    return f"{line}{fault.get('pointer', '')}"
