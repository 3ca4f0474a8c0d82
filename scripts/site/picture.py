"""Draw the picture of the front page, for light and for dark: `python -m scripts.site.picture`."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ASSETS = Path(__file__).resolve().parents[2] / "docs" / "assets"
TITLE = "Who asks whom: your backend, AI Gate, OpenAI, and the browser that speaks"


class Palette(NamedTuple):
    """The colours of one scheme."""

    text: str
    box: str
    edge: str
    gate: str
    line: str


PALETTES = {
    "light": Palette("#1f2937", "#f5f5f4", "#a8a29e", "#e0e7ff", "#4f46e5"),
    "dark": Palette("#e5e7eb", "#2f3340", "#6b7280", "#3730a3", "#a5b4fc"),
}
BOXES = [
    (16, 16, "box", "Your backend", "knows a project ID"),
    (296, 16, "gate", "AI Gate", "keeps the OpenAI key"),
    (16, 264, "box", "Browser or phone", "speaks and listens"),
    (296, 264, "box", "OpenAI", "Realtime API"),
]
ARROWS = [
    (186, 38, 290, 38),
    (294, 70, 190, 70),
    (380, 90, 380, 258),
    (100, 90, 100, 258),
    (190, 310, 290, 310),
    (290, 310, 190, 310),
]
DASHES = [(172, 264, 188, 226), (308, 264, 292, 226)]
LABELS = [
    (240, 30, "1 project ID"),
    (240, 88, "3 session"),
    (380, 150, "2 your key"),
    (100, 150, "4 secret, TURN"),
    (240, 300, "5 voice"),
    (240, 328, "WebRTC"),
    (240, 216, "TURN relay, if needed"),
]


def picture(colours: Palette) -> str:
    """Return the picture in the colours of a scheme."""
    return "\n".join([*_head(colours), *_lines(), *_boxes(), *_labels(), "</svg>", ""])


def _head(colours: Palette) -> Iterator[str]:
    yield '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 480 354" role="img">'
    yield f"<title>{TITLE}</title>"
    yield f"<style>text {{ font: 13px system-ui, sans-serif; fill: {colours.text} }}"
    yield "text { text-anchor: middle } .name { font-size: 15px; font-weight: 600 }"
    yield f".box {{ fill: {colours.box}; stroke: {colours.edge} }}"
    yield f".gate {{ fill: {colours.gate}; stroke: {colours.line} }}"
    yield f".line {{ stroke: {colours.line}; stroke-width: 1.5 }}"
    yield ".relay { stroke-dasharray: 4 4 }</style>"
    yield '<defs><marker id="tip" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7"'
    yield f' markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="{colours.line}"/>'
    yield "</marker></defs>"


def _lines() -> Iterator[str]:
    for tip, style, lines in (('marker-end="url(#tip)"', "", ARROWS), ("", " relay", DASHES)):
        for x1, y1, x2, y2 in lines:
            ends = f'x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"'
            yield f'<line class="line{style}" {ends} {tip}/>'


def _boxes() -> Iterator[str]:
    for x, y, style, name, text in BOXES:
        yield f'<rect class="{style}" x="{x}" y="{y}" width="168" height="72" rx="8"/>'
        yield f'<text class="name" x="{x + 84}" y="{y + 32}">{name}</text>'
        yield f'<text x="{x + 84}" y="{y + 54}">{text}</text>'


def _labels() -> Iterator[str]:
    for x, y, _ in LABELS:
        # A vertical line has its label upon it.
        if x != 240:
            yield f'<rect class="box" x="{x - 58}" y="{y - 15}" width="116" height="20" rx="4"/>'
    for x, y, text in LABELS:
        yield f'<text x="{x}" y="{y}">{text}</text>'


def main() -> None:
    """Draw it in each scheme."""
    for name, colours in PALETTES.items():
        (ASSETS / f"overview-{name}.svg").write_text(picture(colours), "utf-8", newline="\n")


if __name__ == "__main__":
    main()
