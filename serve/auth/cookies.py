"""The refresh cookie of the web app, and the rule that only our own page may use it."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from serve.deps import ApiOptions

_PATH = "/v1/auth"


def cookie_name(options: ApiOptions) -> str:
    """Cookies do not know ports: the suffix keeps several instances on one host apart."""
    name = f"tidewire_refresh{options.cookie_suffix}"
    # Browsers take such a name only over TLS, for this host alone and for every path: no neighbour can set it.
    return f"__Host-{name}" if options.secure else name


def _path(options: ApiOptions) -> str:
    return "/" if options.secure else _PATH


def set_cookie(response: Response, options: ApiOptions, token: str, seconds: int) -> None:
    """Scripts cannot read it, other sites cannot send it."""
    response.set_cookie(
        cookie_name(options), token, max_age=seconds, path=_path(options), httponly=True, samesite="strict",
        secure=options.secure,
    )


def forget_cookie(response: Response, options: ApiOptions) -> None:
    """Takes it away."""
    response.delete_cookie(
        cookie_name(options), path=_path(options), httponly=True, samesite="strict", secure=options.secure
    )


def _sign_on_name(options: ApiOptions) -> str:
    return "__Host-tidewire_sign_on" if options.secure else f"tidewire_sign_on{options.cookie_suffix}"


def sign_on_browser(request: Request, options: ApiOptions) -> str | None:
    """What binds a sign-in through an identity provider to this browser."""
    return request.cookies.get(_sign_on_name(options))


def bind_sign_on(response: Response, options: ApiOptions, browser: str, seconds: int) -> None:
    """Lax: it has to come along when the provider sends the browser back."""
    response.set_cookie(
        _sign_on_name(options), browser, max_age=seconds, path="/", httponly=True, samesite="lax",
        secure=options.secure,
    )  # fmt: skip


def own_page(request: Request) -> bool:
    """Whether our own page sent this: other sites can neither set X-Tidewire nor forge Origin and Sec-Fetch-Site."""
    headers = request.headers
    if "x-tidewire" not in headers:
        return False
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == headers.get("host", "").lower()
