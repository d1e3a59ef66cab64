"""Rules about the project's own files that a test can hold."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from models.domain.limits import Limits
from serve.definitions import parse_definition

ROOT = Path(__file__).parents[3]
ROOMS = ("actors", "serve", "streams", "models", "storage", "cluster")
MAY_KNOW_RAY = {
    "actors/remote.py", "actors/handles.py", "serve/deployment.py", "cluster/ray_node.py", "cluster/ray_agents.py",
    "cluster/push_actor.py",
}  # fmt: skip
MAX_LINES = 400


def sources(*rooms: str) -> list[Path]:
    return [file for room in rooms for file in sorted((ROOT / room).rglob("*.py")) if "node_modules" not in file.parts]


def imported(file: Path) -> set[str]:
    """The top-level packages that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def test_ray_is_known_in_few_named_files() -> None:
    know = {str(file.relative_to(ROOT)) for file in sources(*ROOMS) if "ray" in imported(file)}
    assert know <= MAY_KNOW_RAY


def test_only_settings_reads_the_environment() -> None:
    readers = [
        str(file.relative_to(ROOT))
        for file in sources(*ROOMS)
        if re.search(r"\bos\.(environ|getenv)\b|\bfrom os import environ\b", file.read_text())
    ]
    assert readers == ["cluster/settings.py"]


def test_no_file_is_a_god_file() -> None:
    long = {
        str(file.relative_to(ROOT)): lines
        for file in sources(*ROOMS, "tests")
        if (lines := len(file.read_text().splitlines())) > MAX_LINES
    }
    assert long == {}


def test_no_module_is_a_bag_of_leftovers() -> None:
    bags = {"utils", "util", "helpers", "helper", "misc", "common_utils"}
    assert [file for file in sources(*ROOMS) if file.stem in bags] == []


def test_every_path_in_the_architecture_exists() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    named = set(re.findall(r"`([\w./-]+\.(?:py|sql|md|ts|tsx|toml)|[\w./-]+/)`", text))
    assert len(named) > 30
    assert sorted(path for path in named if not (ROOT / path).exists()) == []


def test_every_link_of_the_readme_exists() -> None:
    text = (ROOT / "README.md").read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_workflow_of_the_readme_is_valid_and_short() -> None:
    [document] = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    parse_definition(document.encode(), "application/yaml", Limits())
    assert len(document.splitlines()) <= 18


def test_serve_still_writes_the_line_that_the_front_door_looks_for() -> None:
    spec = find_spec("ray")
    assert spec is not None
    assert spec.origin is not None
    template = Path(spec.origin).parent / "serve" / "_private" / "haproxy_templates.py"
    assert "\n    # Static routing based" in template.read_text()


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_locks_pin_every_package_with_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text()
    packages = re.findall(r"^([a-z0-9][\w.\[\]-]*)==", text, re.MULTILINE)
    assert len(packages) > 50
    assert text.count("--hash=sha256:") > len(packages)
    assert "://" not in text


def test_files_speak_of_the_project_alone() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    places = re.compile(r"/work/(main|shared|\.library)|/root/|registry\.npmjs\.org/-/|files\.pythonhosted\.org")
    spoiled = [
        name
        for name in listed.stdout.splitlines()
        if (ROOT / name).suffix in {".py", ".md", ".ts", ".tsx", ".json", ".toml", ".lock", ".sql", ".yaml", ""}
        and (ROOT / name).is_file()
        and name != "tests/unit/project/test_project.py"
        and places.search((ROOT / name).read_text(errors="ignore"))
    ]
    assert spoiled == []


def test_both_locks_name_the_same_versions() -> None:
    pins = [
        dict(re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", (ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements.lock", "requirements-dev.lock")
    ]
    assert {name: version for name, version in pins[0].items() if pins[1].get(name) != version} == {}


def test_the_program_of_the_readme_is_installed() -> None:
    program = Path(sys.executable).parent / "tidewire"
    shown = subprocess.run([program, "--help"], capture_output=True, text=True, check=True)
    assert "workflows" in shown.stdout
