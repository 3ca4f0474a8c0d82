"""What was measured, and the table of it."""

from collections.abc import Iterable, Mapping, Sequence
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
    """On the ratio, or on the value if there is none."""


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


def beside(
    against: str,
    row: str,
    values: Mapping[str, Sequence[float]],
    unit: str,
    limits: Mapping[str, float] | None = None,
) -> list[Result]:
    """The values of each contender beside one of them, with the limits there are, by contender."""
    base, limits = values[against], limits or {}
    return [
        relative(row, who, taken, unit, base=base, against=against, limit=limits.get(who))
        for who, taken in values.items()
    ]


def _bar(spread: Spread, limit: float | None) -> Bar | None:
    return None if limit is None else Bar(limit, spread.median <= limit)


HEAD = ("", "who", "median", "ratio", "10 to 90 %", "to", "bar", "met")


def table(results: Iterable[Result]) -> str:
    """The results, a line each; the name of a row stands on its first line."""
    lines: list[tuple[str, ...]] = [HEAD]
    last = ""
    for result in results:
        lines.append(_cells(result, "" if result.row == last else result.row))
        last = result.row
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _cells(result: Result, row: str) -> tuple[str, ...]:
    bar = result.bar
    return (
        row,
        result.who,
        f"{_number(result.value.median)} {result.unit}",
        f"{result.ratio.median:.3g}" if result.ratio else "",
        _range(result.ratio or result.value),
        result.against,
        f"{bar.limit:g}" if bar else "",
        ("yes" if bar.met else "NO") if bar else "",
    )


def _range(spread: Spread) -> str:
    if spread.low == spread.high:
        return ""
    return f"{_number(spread.low)} - {_number(spread.high)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
