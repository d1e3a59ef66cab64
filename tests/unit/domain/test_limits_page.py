"""docs/limits.md names every limit."""

from __future__ import annotations

from tests.limits_page import PAGE, page


def test_the_page_has_every_limit_with_its_default() -> None:
    assert PAGE.read_text() == page(), "run python -m tests.limits_page"
