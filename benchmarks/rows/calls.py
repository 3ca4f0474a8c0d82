"""Rows whose contenders make calls: the CPU of one call."""

from collections.abc import Mapping, Sequence

from benchmarks.jobs import Cost
from benchmarks.results import Result, relative


def microseconds(costs: Sequence[Cost]) -> list[float]:
    """The CPU of each."""
    return [cost.cpu * 1e6 for cost in costs]


def beside_httpx(
    row: str, costs: Mapping[str, Sequence[Cost]], limits: Mapping[str, float] | None = None
) -> list[Result]:
    """The CPU of each contender beside httpx, with the limits there are, by contender."""
    return [
        relative(
            row,
            label,
            microseconds(values),
            "µs",
            base=microseconds(costs["httpx"]),
            against="httpx",
            limit=(limits or {}).get(label),
        )
        for label, values in costs.items()
    ]


def ours_beside_openai(
    row: str, costs: Mapping[str, Sequence[Cost]], limit: float | None = None
) -> list[Result]:
    """The SDK's CPU beside openai's, where that is installed."""
    if "openai" not in costs:
        return []
    ours, base = microseconds(costs["ai-gate"]), microseconds(costs["openai"])
    return [relative(row, "ai-gate", ours, "µs", base=base, against="openai", limit=limit)]
