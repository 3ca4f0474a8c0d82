"""Results as a picture: the CPU beside httpx, as an SVG of bars."""

from collections.abc import Iterable
from html import escape
from itertools import groupby

from benchmarks.results import Result

COLORS = {
    "ai-gate": "#2563eb",
    "ai-gate over aiohttp": "#60a5fa",
    "generated client": "#a8a29e",
    "openai": "#78716c",
}
"""Who is drawn, and how."""

WIDTH, LEFT, RIGHT = 760, 170, 60
LINE, BAR, GAP, TOP = 20, 13, 34, 58
MOST = 2.5
"""The ratio at which bars are cut off."""

STYLE = """\
text { font: 12px system-ui, sans-serif; fill: #44403c }
.title { font-size: 15px; font-weight: 600 } .row { font-weight: 600 } .name { text-anchor: end }
.one { stroke: #dc2626; stroke-dasharray: 4 3 } .one-name { fill: #dc2626; text-anchor: middle }
"""


def picture(results: Iterable[Result]) -> str:
    """The ratios to httpx as an SVG document."""
    drawn = [one for one in results if one.against == "httpx" and one.who in COLORS and one.ratio]
    parts, y = [], TOP
    for row, group in groupby(drawn, key=lambda one: one.row):
        y += GAP
        parts.append(_text("row", 16, y - 8, row))
        for result in group:
            parts += _bar(result, y)
            y += LINE
    return _document(parts, height=y + 16)


def _bar(result: Result, y: int) -> list[str]:
    ratio = result.ratio.median if result.ratio else 0.0
    length = _x(min(ratio, MOST)) - LEFT
    number = f"{ratio:.2g}" if ratio < 0.1 else f"{ratio:.2f}"
    return [
        _text("name", LEFT - 8, y + BAR - 2, result.who),
        f'<rect x="{LEFT}" y="{y}" width="{max(length, 1):.1f}" height="{BAR}" rx="2" '
        f'fill="{COLORS[result.who]}"/>',
        _text("value", LEFT + length + 6, y + BAR - 2, f"{number} …" if ratio > MOST else number),
    ]


def _document(parts: Iterable[str], height: int) -> str:
    one = f"{_x(1):.1f}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        "<title>CPU time beside httpx</title>",
        f"<style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#fff"/>',
        _text("title", 16, 28, "CPU time beside httpx on the same work (less is better)"),
        _text("one-name", _x(1), TOP, "httpx = 1"),
        *parts,
        f'<line class="one" x1="{one}" x2="{one}" y1="{TOP + 6}" y2="{height - 12}"/>',
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _x(ratio: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * ratio / MOST


def _text(kind: str, x: float, y: float, text: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'
