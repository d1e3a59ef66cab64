"""Checks that the extensions of a document come to an end: each task they are around brings theirs with it."""

from __future__ import annotations

from models.domain.dsl.validation_shapes import Report

_PLACE = "/use/extensions/"


def check_extensions(report: Report) -> None:
    """Tells extensions that unfold to more tasks than a definition may have."""
    own = sum(pointer.startswith(_PLACE) for pointer in report.tasks)
    others = len(report.tasks) - own
    limit = report.limits.max_definition_nodes
    if own * (others + own) > limit:
        report.add("/use/extensions", f"With these extensions the workflow unfolds to more than {limit:,} tasks "
                   "(max_definition_nodes).")  # fmt: skip
