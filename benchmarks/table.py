"""Results as a table for people."""

from collections.abc import Iterable, Sequence

from benchmarks.results import Result, Spread

HEAD = ("", "who", "median", "ratio", "10 to 90 %", "to", "bar", "met")


def table(results: Iterable[Result]) -> str:
    """The results, a line each; what is meant for a row stands on its first line."""
    lines: list[tuple[str, ...]] = [HEAD]
    last = ""
    for result in results:
        lines.append(_cells(result, "" if result.row == last else result.row))
        last = result.row
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    return "\n".join(_line(line, widths) for line in lines)


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


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _range(spread: Spread) -> str:
    if spread.low == spread.high:
        return ""
    return f"{_number(spread.low)} - {_number(spread.high)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
