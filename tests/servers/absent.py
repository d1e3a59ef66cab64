"""What a test says when the machine lacks a peer that it needs."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def absent(reason: str) -> NoReturn:
    """Skips with the reason; where CI is set, what is not tested counts as failed."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
