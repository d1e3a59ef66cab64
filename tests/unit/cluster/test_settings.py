"""Settings: read once, every fault told at once, secrets not repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.settings import InvalidSettings, Settings, read_settings


def test_nothing_set_gives_the_defaults() -> None:
    assert read_settings({}, {}) == Settings()
    assert Settings().data.is_absolute()


def test_the_environment_is_read_and_the_command_line_wins() -> None:
    environment = {"TIDEWIRE_PORT": "9000", "TIDEWIRE_DEMO": "true", "HOME": "/x"}
    found = read_settings(environment, {"port": 9001, "data": "/d"})
    assert (found.port, found.demo, found.data) == (9001, True, Path("/d"))


def test_every_fault_is_told_at_once() -> None:
    environment = {
        "TIDEWIRE_PORT": "70000",
        "TIDEWIRE_SHARD_ACTORS": "many",
        "TIDEWIRE_EGRESS_ALLOW": "localhost",
        "TIDEWIRE_COLOUR": "blue",
        "TIDEWIRE_DATABASE_URL": "mysql://root:hunter2@db/x",
    }
    with pytest.raises(InvalidSettings) as caught:
        read_settings(environment, {"log_level": "loud"})
    assert {fault.pointer for fault in caught.value.faults} == {*environment, "--log-level"}
    assert "hunter2" not in "".join(fault.detail for fault in caught.value.faults)


def test_egress_entries_are_checked_and_kept() -> None:
    assert read_settings({"TIDEWIRE_EGRESS_ALLOW": "127.0.0.1:9, [::1]:80"}, {}).egress_allow == (
        "127.0.0.1:9", "[::1]:80",
    )  # fmt: skip


def test_addresses_with_passwords_are_not_shown() -> None:
    found = read_settings({"TIDEWIRE_DATABASE_URL": "postgresql://u:hunter2@db/x"}, {})
    assert "hunter2" not in repr(found)


def test_passkeys_are_made_for_a_name_and_our_pages_under_it() -> None:
    def made(**environment: str) -> tuple[str, tuple[str, ...]]:
        found = read_settings({f"TIDEWIRE_{name.upper()}": value for name, value in environment.items()}, {})
        return found.relying_party, found.passkey_origins

    assert made() == ("localhost", ("http://localhost:8080",))
    assert made(public_url="http://10.0.0.7:9000")[0] == "localhost"
    assert made(public_url="https://app.example.com/") == ("app.example.com", ("https://app.example.com",))
    assert made(
        public_url="https://app.example.com", rp_id="example.com", origins="https://b.example.com,https://badexample.com"
    ) == ("example.com", ("https://app.example.com", "https://b.example.com"))
    with pytest.raises(InvalidSettings):
        made(rp_id="127.0.0.1")
