"""Sign-in through a real Keycloak, by OpenID Connect and by SAML."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests.integration.federation.people import HOME, Browser, Owner, Records, own_domain
from tests.servers.keycloak import Keycloak

PASSWORD = "correct horse"
SECRET = "the-secret-of-the-client"


@pytest.fixture
def allowed(keycloak: Keycloak) -> list[str]:
    return [f"127.0.0.1:{keycloak.port}"]


def realm(name: str, domain: str, clients: list[dict[str, Any]]) -> dict[str, Any]:
    """Ada is a dispatcher, Bob is in no group."""
    people = [("ada", ["dispatchers"]), ("bob", [])]
    return {
        "realm": name, "enabled": True, "sslRequired": "none", "groups": [{"name": "dispatchers"}],
        "clients": clients,
        "users": [
            {
                "username": who, "email": f"{who}@{domain}", "emailVerified": True, "enabled": True, "firstName": who,
                "lastName": "Example", "groups": groups, "credentials": [{"type": "password", "value": PASSWORD}],
            }
            for who, groups in people
        ],
    }  # fmt: skip


def oidc_client(redirect_uri: str) -> dict[str, Any]:
    groups = {
        "name": "groups", "protocol": "openid-connect", "protocolMapper": "oidc-group-membership-mapper",
        "config": {"claim.name": "groups", "full.path": "false", "id.token.claim": "true",
                   "userinfo.token.claim": "true"},
    }  # fmt: skip
    return {
        "clientId": "tidewire", "secret": SECRET, "redirectUris": [redirect_uri], "protocol": "openid-connect",
        "publicClient": False, "protocolMappers": [groups],
        "attributes": {"pkce.code.challenge.method": "S256", "post.logout.redirect.uris": f"{HOME}/"},
    }  # fmt: skip


def saml_client(entity_id: str, acs_url: str) -> dict[str, Any]:
    mappers = [
        {"name": "email", "protocol": "saml", "protocolMapper": "saml-user-property-mapper",
         "config": {"user.attribute": "email", "attribute.name": "email", "attribute.nameformat": "Basic"}},
        {"name": "groups", "protocol": "saml", "protocolMapper": "saml-group-membership-mapper",
         "config": {"attribute.name": "groups", "full.path": "false", "single": "true"}},
    ]  # fmt: skip
    return {
        "clientId": entity_id, "protocol": "saml", "redirectUris": [acs_url], "frontchannelLogout": True,
        "protocolMappers": mappers, "baseUrl": acs_url,
        "attributes": {
            "saml.assertion.signature": "true", "saml.server.signature": "true", "saml.client.signature": "false",
            "saml.signature.algorithm": "RSA_SHA256", "saml_name_id_format": "username",
            "saml_force_name_id_format": "false", "saml.authnstatement": "true",
            "saml_idp_initiated_sso_url_name": "tw",
            "saml_assertion_consumer_url_post": acs_url,
        },
    }  # fmt: skip


async def provider_of(
    owner: Owner, keycloak: Keycloak, name: str, kind: str, **more: Any
) -> dict[str, Any]:
    """A provider before its realm is there: the two need each other's addresses."""
    issuer = f"{keycloak.url}/realms/{name}"
    rules = {"roles": [{"group": "dispatchers", "role": "operator"}]}
    if kind == "oidc":
        body: dict[str, Any] = {"oidc": {"issuer": issuer, "client_id": "tidewire", "client_secret": SECRET}}
    else:
        body = {"saml": {"metadata_url": f"{issuer}/protocol/saml/descriptor", **more}}
    answer = await owner.http.post("/v1/sso/providers", json={"name": "Staff", "rules": rules, **body})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_oidc_from_the_first_address_to_the_sign_out(
    owner: Owner, browser: Browser, keycloak: Keycloak, records: Records
) -> None:
    name = f"r{uuid4().hex[:8]}"
    provider = await provider_of(owner, keycloak, name, "oidc")
    domain = await own_domain(owner, records, provider["id"])
    keycloak.create_realm(realm(name, domain, [oidc_client(provider["oidc"]["redirect_uri"])]))

    tested = (await owner.http.post(f"/v1/sso/providers/{provider['id']}/test")).json()
    assert tested["ok"], tested
    methods = (await browser.http.post(f"{HOME}/v1/auth/discover", json={"email": f"ada@{domain}"})).json()["methods"]
    assert methods[0]["kind"] == "sso"

    form = await browser.open(HOME + methods[0]["url"] + "?return_to=/runs")
    page = await browser.submit(form, username="ada", password=PASSWORD)
    assert urlsplit(browser.visited[-1]).path == "/runs", page.text
    signed = await browser.sign_in(browser.landed()["ticket"])
    me = await browser.me(signed)
    assert (me["user"]["email"], me["role"]) == (f"ada@{domain}", "operator")

    again = await browser.sign_in(browser.landed()["ticket"])
    assert again.status_code == 401

    headers = {"authorization": f"Bearer {signed.json()['access_token']}"}
    left = await browser.http.post(f"{HOME}/v1/auth/sso/logout", headers=headers)
    gone = await browser.open(left.json()["url"])
    assert browser.visited[-1] == f"{HOME}/", gone.text
    assert (await browser.http.get(f"{HOME}/v1/me", headers=headers)).status_code == 401
    form = await browser.open(HOME + provider["start_url"])
    assert "password" in form.text, "the session at the provider is over too"

    await browser.submit(form, username="bob", password=PASSWORD)
    bob = await browser.me(await browser.sign_in(browser.landed()["ticket"]))
    assert (bob["user"]["email"], bob["role"]) == (f"bob@{domain}", "viewer")


async def test_saml_begun_here(owner: Owner, browser: Browser, keycloak: Keycloak, records: Records) -> None:
    provider, domain = await saml_realm(owner, keycloak, records)
    page = await browser.submit(
        await browser.open(f"{HOME}{provider['start_url']}?return_to=/flow"), username="ada", password=PASSWORD
    )
    assert "SAMLResponse" in page.text
    await browser.submit(page)
    assert urlsplit(browser.visited[-1]).path == "/flow", browser.visited
    me = await browser.me(await browser.sign_in(browser.landed()["ticket"]))
    assert (me["user"]["email"], me["role"]) == (f"ada@{domain}", "operator")

    await browser.submit(page)
    assert browser.landed() == {"sso_error": "expired"}, "the same answer again"


async def test_saml_begun_at_the_provider(owner: Owner, browser: Browser, keycloak: Keycloak, records: Records) -> None:
    provider, domain = await saml_realm(owner, keycloak, records, idp_initiated=True)
    realm_url = provider["saml"]["entity_id"]
    page = await browser.submit(
        await browser.open(f"{realm_url}/protocol/saml/clients/tw"), username="bob", password=PASSWORD
    )
    await browser.submit(page)
    me = await browser.me(await browser.sign_in(browser.landed()["ticket"]))
    assert me["user"]["email"] == f"bob@{domain}"
    await browser.submit(page)
    assert browser.landed() == {"sso_error": "refused"}, "the same assertion again"
    shown = (await owner.http.get(f"/v1/sso/providers/{provider['id']}")).json()
    assert "used before" in shown["last_error"]


async def saml_realm(
    owner: Owner, keycloak: Keycloak, records: Records, **more: Any
) -> tuple[dict[str, Any], str]:
    name = f"r{uuid4().hex[:8]}"
    keycloak.create_realm({"realm": name, "enabled": True, "sslRequired": "none"})
    provider = await provider_of(owner, keycloak, name, "saml", **more)
    domain = await own_domain(owner, records, provider["id"])
    place = provider["saml"]
    people = realm(name, domain, [saml_client(place["own_entity_id"], place["acs_url"])])
    keycloak.extend_realm(name, people)
    return provider, domain
