"""Breaks whole systems in every way and holds them to their promises; one table at the end.

`python -m tests.chaos points` lists the crash points, `walk`, `owners`, `kinds`, `keys`
and `links` do one part alone.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from models.domain.crash_points import CRASH_POINTS
from tests.chaos import breaks
from tests.chaos.keys import repeat_keys
from tests.chaos.outer import SICKNESSES, running_outer, suffer
from tests.chaos.processes import kill
from tests.chaos.recovery import percentile, recoveries
from tests.chaos.report import Report
from tests.chaos.scenario import Scenario, running_scenario
from tests.chaos.toxiproxy import NoToxiproxy
from tests.chaos.walk import Walk

PARTS = ("walk", "owners", "kinds", "keys", "links")


def show_points(console: Console) -> None:
    """One line a point."""
    table = Table("point", "what is true there", box=None, pad_edge=False)
    for point in CRASH_POINTS:
        table.add_row(point.name, point.meaning)
    console.print(table)
    count = Counter(point.process for point in CRASH_POINTS)
    console.print(f"{len(CRASH_POINTS)} points: " + ", ".join(f"{name} {n}" for name, n in sorted(count.items())))


def walk(scenario: Scenario, report: Report, options: argparse.Namespace) -> None:
    """All crash points; after the first time without those that only a first start reaches."""
    walked = Walk(scenario.points, scenario.instance, scenario.restart, report.line)
    walked.run()
    scenario.system.wait_ready()
    report.took("walk of all crash points, last restart", scenario.wait_working())
    report.figures["crash points walked"] = f"{len(walked.firings)} of {len(CRASH_POINTS)}"
    report.broke(walked.faults)


def owners(scenario: Scenario, report: Report, options: argparse.Namespace) -> None:
    """Owners of shards are killed, and made to stand still, again and again."""
    deaths = []
    for number in range(options.kills):
        deaths.append(time.time())
        began = time.monotonic()
        breaks.until_replaced(scenario, "shard", kill(scenario.instance, "shard"))
        scenario.wait_working()
        report.took("kill -9 of an owner of shards", time.monotonic() - began)
        time.sleep(0.5 + number % 3 / 4)
    for _ in range(options.stops):
        report.took("SIGSTOP of an owner for three leases", breaks.stopped_owner(scenario))
    found = recoveries(deaths, scenario.steps())
    if found:
        report.figures["kill -9 of an owner to the next step of its runs"] = (
            f"p50 {percentile(found, 0.5):.2f} s, p99 {percentile(found, 0.99):.2f} s of {len(found)}"
        )


def kinds(scenario: Scenario, report: Report, options: argparse.Namespace) -> None:
    """Every kind of process is killed, PostgreSQL in two ways."""
    for what, once in {**breaks.every_kind(), "immediate stop of postgres": breaks.postgres_at_once}.items():
        report.took(what, once(scenario))


def keys(scenario: Scenario, report: Report, options: argparse.Namespace) -> None:
    """The same request many times at once, while the API dies."""
    faults = repeat_keys(scenario, options.keys)
    report.figures["idempotency keys, each in 50 copies"] = f"{options.keys}, {len(faults)} breaches"
    report.broke(faults)


def links(folder: Path, report: Report) -> None:
    """Every link to every server is sick in every way."""
    try:
        with running_outer(folder) as (scenario, all_links):
            report.line("ready, with servers behind Toxiproxy")
            for link in all_links:
                for sickness in SICKNESSES:
                    report.took(f"{link.name} {sickness.name}", suffer(scenario, link, sickness))
            conclude(scenario, report, "links")
    except NoToxiproxy as reason:
        report.line(f"links are left out: {reason}")
        report.figures["links"] = f"left out: {reason}"


def conclude(scenario: Scenario, report: Report, part: str) -> None:
    """Ends the load and examines what is left."""
    report.line("waiting for all runs, then holding everything against the clients' notes")
    report.broke(scenario.settle())
    ledgers = [load.ledger for load in scenario.loads]
    report.figures[f"{part}: runs accepted, events"] = (
        f"{sum(len(one.runs) for one in ledgers)}, {sum(len(one.events) for one in ledgers)}"
    )
    report.figures[f"{part}: longest wait for an answer"] = f"{max(one.slowest for one in ledgers):.1f} s"
    channels = scenario.listener.channels.values()
    report.figures[f"{part}: live publications, connects, reloads"] = (
        f"{sum(one.told for one in channels)}, {scenario.listener.connects}, {sum(one.reloads for one in channels)}"
    )


def main(words: Sequence[str]) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("parts", nargs="*", choices=(*PARTS, "points", []), metavar="|".join((*PARTS, "points")))
    parser.add_argument("--kills", type=int, default=100, help="how often an owner of shards is killed")
    parser.add_argument("--keys", type=int, default=100, help="how many idempotency keys are sent in 50 copies each")
    parser.add_argument("--stops", type=int, default=10, help="how often one stands still for three leases")
    options = parser.parse_args(words)
    report = Report(Console())
    if "points" in options.parts:
        show_points(report.console)
        return 0
    parts: dict[str, Callable[[Scenario, Report, argparse.Namespace], None]] = {
        "walk": walk, "owners": owners, "kinds": kinds, "keys": keys,
    }  # fmt: skip
    wanted = options.parts or list(PARTS)
    with tempfile.TemporaryDirectory(prefix="tidewire-chaos-") as folder:
        inside = [parts[name] for name in wanted if name in parts]
        if inside:
            with running_scenario(Path(folder) / "inside") as scenario:
                report.line("ready")
                for part in inside:
                    part(scenario, report, options)
                conclude(scenario, report, "embedded")
        if "links" in wanted:
            links(Path(folder) / "outside", report)
    report.show()
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
