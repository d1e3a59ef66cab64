"""Everything a replica of the API works with; built in its own loop by the factory of cluster/."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from models.domain.clock import Clock
from models.domain.limits import Limits
from models.domain.ports import ObjectStore, RunDispatcher, Sealer
from serve import ports as p
from serve.access_ports import AccessRepository
from serve.account_ports import AccountRepository, TenantRepository
from serve.audit_ports import AuditRepository
from serve.authorization_ports import ApiKeyRepository, MemberRepository, RoleRepository, ServiceAccountRepository
from serve.factor_ports import FactorRepository
from serve.federation_ports import FederationPorts
from serve.flow_ports import FlowRepository
from serve.gateway.ports import GatewayPorts
from serve.inference_ports import ModelCatalog, ModelServing
from serve.operation_ports import DeadLetterRepository, JobRepository, RunOperations, SampleRepository
from serve.task_ports import TaskRepository

if TYPE_CHECKING:
    from serve.audit_refusals import Refusals
    from serve.auth.access_directory import AccessDirectory
    from serve.auth.account_services import AccountServices
    from serve.auth.accounts import Accounts
    from serve.auth.admission import Admission
    from serve.auth.factor_services import FactorServices
    from serve.auth.gate import Gate
    from serve.auth.invitations import Invitations
    from serve.auth.keyring import Keyring
    from serve.auth.tokens import TokenKeys
    from serve.event_acceptor import EventAcceptor
    from serve.federation.services import FederationServices
    from serve.gateway.gateway import Gateway
    from serve.run_acceptor import RunAcceptor
    from serve.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class ApiOptions:
    """Settings of the API. `push_url` None: the page derives it from its own address.

    `trusted_hops`: how many proxies of ours stand in front and add to X-Forwarded-For. `replicas` share rate limits.
    `public_url`: where links in mails lead. `mail`: whether a mail server is set. `verification`: what an address must
    be verified for.
    """

    version: str = "0.1.0"
    push_url: str | None = None
    secure: bool = False
    trusted_hops: int = 0
    cookie_suffix: str = ""
    rp_id: str = "localhost"
    passkey_origins: tuple[str, ...] = ("http://localhost:8080",)
    replicas: int = 1
    public_url: str = "http://localhost:8080"
    mail: bool = False
    verification: str = "off"


@dataclass(frozen=True, slots=True)
class ApiPorts:
    """What the composition root hands in."""

    identity: p.IdentityRepository
    accounts: AccountRepository
    tenants: TenantRepository
    access: AccessRepository
    members: MemberRepository
    roles: RoleRepository
    service_accounts: ServiceAccountRepository
    api_keys: ApiKeyRepository
    factors: FactorRepository
    audit: AuditRepository
    workflows: p.WorkflowRepository
    runs: p.RunRepository
    events: p.EventRepository
    webhooks: p.WebhookRepository
    metrics: p.MetricRepository
    notifications: p.NotificationRepository
    tasks: TaskRepository
    federation: FederationPorts
    gateway: GatewayPorts
    flow: FlowRepository
    operations: RunOperations
    jobs: JobRepository
    dead_letters: DeadLetterRepository
    samples: SampleRepository
    connections: p.ConnectionRepository
    secrets: p.SecretRepository
    resources: p.ResourceFetcher
    models: ModelCatalog
    serving: ModelServing
    objects: ObjectStore
    dispatcher: RunDispatcher
    sealer: Sealer
    attempts: p.AttemptCounter
    readiness: p.Readiness
    clock: Clock
    keys: TokenKeys
    options: ApiOptions = field(default_factory=ApiOptions)
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class ApiDeps:
    """The ports and the services built over them."""

    ports: ApiPorts
    gate: Gate
    refusals: Refusals
    keyring: Keyring
    directory: AccessDirectory
    admission: Admission
    invitations: Invitations
    accounts: Accounts
    account: AccountServices
    factors: FactorServices
    federation: FederationServices
    gateway: Gateway
    run_acceptor: RunAcceptor
    event_acceptor: EventAcceptor
    telemetry: Telemetry

    @property
    def limits(self) -> Limits:
        return self.ports.limits

    @property
    def options(self) -> ApiOptions:
        return self.ports.options
