"""What was measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles


@dataclass(frozen=True)
class Spread:
    """Some values: their middle, and where the tenth and the ninetieth percent of them end."""

    median: float
    low: float
    high: float
    values: tuple[float, ...]
    """Of each round, in its order."""

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """The spread of one value or more."""
        if len(values) == 1:
            return cls(values[0], values[0], values[0], tuple(values))
        tenths = quantiles(values, n=10, method="inclusive")
        return cls(median(values), tenths[0], tenths[-1], tuple(values))


@dataclass(frozen=True)
class Bar:
    """What is to be reached, and whether it is."""

    limit: float
    met: bool


@dataclass(frozen=True)
class Result:
    """One line of the table."""

    row: str
    who: str
    value: Spread
    unit: str
    ratio: Spread | None = None
    """The ratios to another contender, taken in each round."""
    against: str = ""
    bar: Bar | None = None
    """On the ratio, or where there is none on the value."""


def absolute(
    row: str, who: str, values: Sequence[float], unit: str, limit: float | None = None
) -> Result:
    """A result that stands for itself."""
    value = Spread.of(values)
    return Result(row, who, value, unit, bar=_bar(value, limit))


def relative(
    row: str,
    who: str,
    values: Sequence[float],
    unit: str,
    *,
    base: Sequence[float],
    against: str,
    limit: float | None = None,
) -> Result:
    """A result beside another contender's of the same rounds."""
    ratio = Spread.of([value / other for value, other in zip(values, base, strict=True)])
    return Result(row, who, Spread.of(values), unit, ratio, against, _bar(ratio, limit))


def _bar(spread: Spread, limit: float | None) -> Bar | None:
    return None if limit is None else Bar(limit, spread.median <= limit)
