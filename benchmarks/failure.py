"""A process of the benchmark that failed."""


class WorkerError(Exception):
    """A process ended too early, and said why on stderr."""

    def __init__(self, who: str) -> None:
        super().__init__(f"a process of {who} has failed")
        self.who = who
        """The label of the contender that it worked with."""
