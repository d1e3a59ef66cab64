"""Deploys a bundle folder to a running Tidewire, as a data scientist does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from models.domain.errors import Fault, InvalidInput
from models.domain.limits import Limits
from models.learned.bundles import pack_folder

_SECONDS = 120.0


class DeployRefused(InvalidInput):
    """The server refused the model."""


def deploy_folder(
    base_url: str, token: str, folder: Path, *, alias: str | None = "live", limits: Limits | None = None
) -> dict[str, Any]:
    """Checks, packs and uploads the folder, and points `alias` at the version; the version as the API shows it.

    InvalidInput when the folder is no bundle, DeployRefused when the server says no, httpx.HTTPError when it cannot
    be reached. The same folder again changes nothing.
    """
    archive = pack_folder(Path(folder), limits)
    with httpx.Client(base_url=base_url, timeout=_SECONDS) as http:
        answer = http.post(
            "/v1/models",
            params={"alias": alias or ""},
            content=archive,
            headers={"authorization": f"Bearer {token}", "content-type": "application/zip"},
        )
    if answer.is_success:
        deployed: dict[str, Any] = answer.json()
        return deployed
    raise _refusal(answer)


def _refusal(answer: httpx.Response) -> DeployRefused:
    try:
        problem = answer.json()
        faults = [Fault(one["pointer"], one["detail"]) for one in problem.get("errors", ())]
        return DeployRefused(f"{answer.status_code}: {problem['detail']}", faults)
    except (ValueError, KeyError, TypeError, AttributeError):
        return DeployRefused(f"The server answered {answer.status_code} and no reason.")
