"""What a row needs to be measured: a running server, workers, and how long it may take."""

import json
import tempfile
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import processes, workers
from benchmarks.contenders import Contender
from benchmarks.servers.certificates import write_certificates


@dataclass(frozen=True)
class Stats:
    """What the server has counted."""

    connections: int
    open: int
    requests: int


@dataclass(frozen=True)
class Bench:
    """A running server, and how to measure with it."""

    http: str
    https: str
    control: str
    slow: str
    """The first one, for answers after 100 ms."""
    env: dict[str, str]
    full: bool
    """Whether the rows may take long."""

    def stats(self) -> Stats:
        """What the server has counted up to now."""
        with urllib.request.urlopen(f"{self.control}/_stats") as answer:  # noqa: S310 - ours
            return Stats(**json.loads(answer.read()))

    def workers(
        self, job: str, contenders: Sequence[Contender], url: str
    ) -> AbstractContextManager[list[workers.Worker]]:
        """A worker for each contender."""
        return workers.started(self.env, job, contenders, url)

    @contextmanager
    def far_away(self, round_trip: float) -> Iterator[str]:
        """The URL of the same server, TLS, as many seconds away."""
        port = self.https.rpartition(":")[2]
        arguments = ("benchmarks.servers.delay", port, str(round_trip))
        with processes.module(self.env, *arguments) as proxy:
            yield f"https://127.0.0.1:{processes.hear(proxy, 'the delay')}"


@contextmanager
def running(full: bool) -> Iterator[Bench]:
    """Start a server with new certificates."""
    with tempfile.TemporaryDirectory() as name:
        certificate, trusted = write_certificates(Path(name))
        env = processes.environment(Path(name), trusted)
        with processes.module(env, "benchmarks.servers.gate", str(certificate)) as server:
            http, https, control = processes.hear(server, "the server").split()
            yield Bench(
                http=f"http://127.0.0.1:{http}",
                https=f"https://127.0.0.1:{https}",
                control=f"http://127.0.0.1:{control}",
                slow=f"http://127.0.0.1:{http}/slow",
                env=env,
                full=full,
            )
