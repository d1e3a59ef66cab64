"""The application: routes, error handlers and web pages, over ports that are opened in the replica's own loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from serve.audit_refusals import Refusals
from serve.auth.access_directory import AccessDirectory
from serve.auth.access_watch import AccessWatch
from serve.auth.account_services import account_services
from serve.auth.accounts import Accounts
from serve.auth.admission import Admission
from serve.auth.common_passwords import CommonPasswords
from serve.auth.factor_services import factor_services
from serve.auth.gate import Gate
from serve.auth.invitations import Invitations
from serve.auth.keyring import Keyring
from serve.auth.passwords import Passwords
from serve.auth.session_tokens import SessionTokens
from serve.auth.session_watch import SessionWatch
from serve.auth.throttle import SignInThrottle
from serve.cross_origin import CrossOrigin, follow
from serve.deps import ApiDeps, ApiOptions, ApiPorts
from serve.dispatch import Dispatch
from serve.edge import Edge
from serve.event_acceptor import EventAcceptor
from serve.federation.services import federation_services
from serve.gateway.gateway import Gateway, GatewayConfig
from serve.mail.letters import Letters
from serve.openapi_document import document
from serve.routes import (
    account,
    api_keys,
    audit,
    authorization,
    connections,
    dead_letters,
    events,
    factors,
    flow,
    grants,
    identity,
    inference,
    invitations,
    jobs,
    members,
    metrics,
    models,
    notifications,
    roles,
    run_operations,
    runs,
    samples,
    scim,
    secrets,
    service_accounts,
    sign_on,
    sso,
    system,
    tasks,
    tenant,
    usage,
    webhooks,
    workflows,
)
from serve.run_acceptor import RunAcceptor
from serve.telemetry import Telemetry
from serve.web_files import WebFiles, nothing_here

OpenPorts = Callable[[], AbstractAsyncContextManager[ApiPorts]]

_ROUTERS = (
    runs, events, webhooks, inference, run_operations, dead_letters, jobs, samples, workflows, metrics,
    notifications, tasks, flow, usage, connections, secrets, models, identity, factors, system,
    authorization, roles, grants, members, invitations, service_accounts, api_keys,
    sign_on, scim, sso, account, tenant, audit,
)
_TITLE = "Tidewire"
_DESCRIPTION = """\
Durable workflows, exact live metrics, deployed models and push, for many tenants.

Send the access token of `POST /v1/auth/login` as `Authorization: Bearer ...`. Every error is an
`application/problem+json` document (RFC 9457) whose `errors` have a JSON pointer to what is wrong.
"""


class Application(FastAPI):
    """FastAPI describes the API; serving it is for Edge, Dispatch and GuardedRoute."""

    dispatch: Dispatch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self
        if scope["type"] == "http":
            await self.dispatch(scope, receive, send)
        else:
            await self.router(scope, receive, send)


@asynccontextmanager
async def opened(ports: ApiPorts) -> AsyncIterator[ApiPorts]:
    """Ports that are open already, for create_app."""
    yield ports


def create_app(
    open_ports: OpenPorts, *, web_root: Path | None = None, options: ApiOptions | None = None
) -> ASGIApp:
    """The whole application of one replica.

    `open_ports` is called at startup, in the loop that serves requests, and closed at shutdown; its ports bring the
    options that routes use. `options` are those of the outermost layer and of the web pages, which exist before.
    `web_root` is the folder of the built web app; None serves the API only.
    """
    shown = options or ApiOptions()
    telemetry = Telemetry()
    origins = CrossOrigin()
    app = build_api(partial(_lifespan, open_ports, telemetry, origins), shown.version)
    pages = WebFiles.load(web_root, shown.push_url) if web_root is not None else None
    if pages is not None:
        app.dispatch.default = pages.or_else(nothing_here)
    return Edge(app, telemetry, shown.secure, origins=origins)


def build_api(lifespan: Any = None, version: str = ApiOptions().version) -> Application:
    """The routes and error handlers; without a lifespan it can only tell its OpenAPI document."""
    app = Application(
        title=_TITLE, version=version, description=_DESCRIPTION, lifespan=lifespan,
        openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False,
    )
    for module in _ROUTERS:
        app.router.routes.extend(module.router.routes)
    app.dispatch = Dispatch(app.router.routes, nothing_here)
    app.openapi = partial(document, app)  # type: ignore[method-assign]
    return app


@asynccontextmanager
async def _lifespan(
    open_ports: OpenPorts, telemetry: Telemetry, origins: CrossOrigin, app: FastAPI
) -> AsyncIterator[None]:
    async with open_ports() as ports:
        deps = build_deps(ports, telemetry)
        deps.gateway.start()
        watch = SessionWatch(ports.identity, deps.gate, ports.clock, ports.limits)
        rights = AccessWatch(ports.access, deps.directory, deps.keyring, ports.clock, ports.limits)
        watching = [
            asyncio.create_task(watch.run(), name="session watch"),
            asyncio.create_task(rights.run(), name="access watch"),
            asyncio.create_task(deps.refusals.run(), name="refusals"),
            asyncio.create_task(follow(origins, ports.tenants, ports.limits.origins_watch_seconds), name="origins"),
        ]
        app.state.deps = deps
        try:
            yield
        finally:
            for task in watching:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            deps.gateway.load.is_draining = True
            await deps.gateway.close()
            await deps.run_acceptor.close()
            await deps.event_acceptor.close()


def build_deps(ports: ApiPorts, telemetry: Telemetry) -> ApiDeps:
    """The services over the ports."""
    gate = Gate(ports.keys, ports.clock)
    keyring = Keyring(ports.access, ports.clock, ports.limits)
    directory = AccessDirectory(ports.access, ports.clock, ports.limits)
    passwords, throttle = Passwords(), SignInThrottle(ports.attempts, ports.clock, ports.limits)
    sessions = SessionTokens(ports.keys, ports.clock, ports.limits)
    services = factor_services(ports, passwords, sessions, throttle)
    federation = federation_services(ports)
    accounts = Accounts(
        ports.identity, gate, passwords, throttle, sessions, services.second, ports.keys, ports.clock, ports.limits,
        federation.sign_on, ports.accounts, ports.options.verification,
    )
    common = CommonPasswords()
    own = account_services(ports, accounts, gate, passwords, sessions, throttle, common)
    refusals = Refusals(ports.audit, ports.clock, ports.limits)
    gateway = Gateway(
        ports.gateway,
        GatewayConfig(ports.clock, ports.limits, ports.sealer, telemetry.gateway, ports.options.replicas),
    )
    letters = Letters(ports.sealer, ports.options.public_url)
    invitations = Invitations(ports.members, passwords, common, letters, ports.clock, ports.limits)
    return ApiDeps(
        ports, gate, refusals, keyring, directory, Admission(gate, keyring, directory),
        invitations, accounts, own, services, federation, gateway,
        RunAcceptor(ports.runs, ports.dispatcher, ports.limits, partial(telemetry.observe_batch, "runs")),
        EventAcceptor(ports.events, ports.dispatcher, ports.limits, partial(telemetry.observe_batch, "events")),
        telemetry,
    )
