"""Libraries that load by their first use: in a process of its own, for what is imported stays."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def run(folder: Path, program: str) -> str:
    (folder / "late_one").mkdir()
    (folder / "late_one" / "__init__.py").write_text(
        "import sys, time\nprint('loaded')\ntime.sleep(0.05)\nfrom .part import NAME\ndone = True\n"
    )
    (folder / "late_one" / "part.py").write_text("import late_one\nNAME = 'part'\n")
    head = (
        f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(folder)!r}]\n"
        "from cluster import late_libraries\n"
        "late_libraries.LATE = frozenset({'late_one', 'late_none'})\n"
        "late_libraries.load_late()\n"
    )
    done = subprocess.run([sys.executable, "-c", head + program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import late_one\nimport late_one as again\nprint('not yet', again is late_one)", "not yet True\n"),
        ("import late_one\nprint('not yet')\nprint(late_one.done)", "not yet\nloaded\nTrue\n"),
        ("from late_one import NAME\nprint(NAME)", "loaded\npart\n"),
        ("import late_one\nfrom late_one.part import NAME\nprint(NAME, late_one.done)", "loaded\npart True\n"),
        ("import late_one.part\nprint(late_one.part.NAME)", "loaded\npart\n"),
        ("import late_one\nprint(hasattr(late_one, 'other'), type(late_one).__name__)", "loaded\nFalse module\n"),
        ("try:\n    import late_none\nexcept ModuleNotFoundError as error:\n    print(error.name)", "late_none\n"),
    ],
)
def test_loads_once_by_its_first_use(tmp_path: Path, program: str, said: str) -> None:
    assert run(tmp_path, program) == said


def test_threads_wait_for_each_other(tmp_path: Path) -> None:
    program = (
        "import late_one\nfrom concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    print(list(pool.map(lambda _: late_one.done, range(8))) == [True] * 8)\n"
    )
    assert run(tmp_path, program) == "loaded\nTrue\n"
