"""An OAuth 2 and OpenID Connect authority with signed tokens, and an API that checks them."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT, SECRET = "workflow-runtime", "s3cr3t of the client"
USER, PASSWORD = "ada", "correct horse battery"


@dataclass
class Authority:
    """What was asked, and what is true there."""

    issued: list[dict[str, Any]] = field(default_factory=list)
    seconds: int = 300
    refuses: int | None = None
    revoked: set[str] = field(default_factory=set)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048))
    gives_refresh: bool = False
    seen_nonces: set[str] = field(default_factory=set)

    def app(self) -> FastAPI:
        app = FastAPI()
        app.post("/oauth2/token")(self.token)
        app.post("/realms/r/protocol/token")(self.token)
        app.get("/realms/r/.well-known/openid-configuration")(self.configuration)
        app.api_route("/protected", methods=["GET", "POST"])(self.protected)
        app.api_route("/digest", methods=["GET", "POST"])(self.digest)
        app.api_route("/echo", methods=["GET", "POST"])(self.echo)
        return app

    async def configuration(self, request: Request) -> dict[str, str]:
        base = str(request.base_url)
        return {"issuer": f"{base}realms/r", "token_endpoint": f"{base}realms/r/protocol/token"}

    async def token(self, request: Request) -> Response:
        raw = await request.body()
        if request.headers["content-type"] == "application/json":
            form = await request.json()
        else:
            form = {name: found[0] if len(found) == 1 else found for name, found in parse_qs(raw.decode()).items()}
        self.issued.append(form)
        if self.refuses is not None:
            return JSONResponse({"error": "nope", "error_description": f"not with {SECRET}"}, self.refuses)
        if not self._knows_client(request, form):
            return JSONResponse({"error": "invalid_client"}, 401)
        if form["grant_type"] == "password" and (form["username"], form["password"]) != (USER, PASSWORD):
            return JSONResponse({"error": "invalid_grant"}, 400)
        if form["grant_type"] == "refresh_token" and form["refresh_token"] not in ("the refresh token", "first"):
            return JSONResponse({"error": "invalid_grant"}, 400)
        claims = {"iss": "https://issuer.example", "sub": CLIENT, "exp": int(time.time()) + 300,
                  "jti": secrets.token_hex(8), "scope": form.get("scope", "")}  # fmt: skip
        value = jwt.encode({"alg": "RS256"}, claims, self.key)
        more = {"refresh_token": "the refresh token"} if self.gives_refresh else {}
        return JSONResponse({"access_token": value, "token_type": "Bearer", "expires_in": self.seconds, **more})

    def _knows_client(self, request: Request, form: dict[str, Any]) -> bool:
        header = request.headers.get("authorization", "")
        if header.startswith("Basic "):
            name, _, secret = base64.b64decode(header[6:]).decode().partition(":")
            return (unquote(name), unquote(secret)) == (CLIENT, SECRET)
        if "client_assertion" in form:
            claims = jwt.decode(form["client_assertion"], OctKey.import_key(SECRET), algorithms=["HS256"]).claims
            is_new = claims["jti"] not in self.seen_nonces
            self.seen_nonces.add(claims["jti"])
            return is_new and claims["sub"] == CLIENT and claims["aud"] == str(request.url)
        return form.get("client_id") == CLIENT and form.get("client_secret") == SECRET

    async def protected(self, request: Request) -> Response:
        value = request.headers.get("authorization", "").removeprefix("Bearer ")
        if value in self.revoked:
            return JSONResponse({"error": "revoked"}, 401)
        try:
            claims = jwt.decode(value, self.key).claims
        except ValueError:
            return JSONResponse({"error": "no token"}, 401)
        return JSONResponse({"scope": claims["scope"], "said": request.headers["authorization"]})

    async def digest(self, request: Request) -> Response:
        header = request.headers.get("authorization", "")
        if not header.startswith("Digest "):
            challenge = 'Digest realm="r", nonce="n0nce", qop="auth", algorithm=SHA-256, opaque="o"'
            return Response(status_code=401, headers={"www-authenticate": challenge})
        found = dict(part.strip().split("=", 1) for part in header[7:].split(", "))
        found = {name: value.strip('"') for name, value in found.items()}

        def sha(text: str) -> str:
            return hashlib.sha256(text.encode()).hexdigest()

        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        wanted = sha(f"{sha(f'{USER}:r:{PASSWORD}')}:n0nce:{found['nc']}:{found['cnonce']}:auth:"
                     f"{sha(f'{request.method}:{target}')}")  # fmt: skip
        is_right = found["response"] == wanted and found["uri"] == target
        return JSONResponse({"body": (await request.body()).decode()}, 200 if is_right else 403)

    async def echo(self, request: Request) -> Any:
        return {"headers": dict(request.headers), "query": dict(request.query_params),
                "body": (await request.body()).decode()}  # fmt: skip
