"""The code blocks of a Markdown text, each with the heading that it stands under."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

FENCE = re.compile(r"( *)```(\w*)")


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    source: str
    """Where it comes from: the name of a page or of an object with a docstring."""
    heading: str
    line: int
    language: str
    code: str

    def __str__(self) -> str:
        heading = re.sub(r"[^\w.]+", "-", self.heading).strip("-").lower()
        return f"{self.source}-{heading or 'top'}-{self.line}"


def blocks(source: str, text: str) -> Iterator[Block]:
    """Find the fenced blocks; ValueError for one that doesn't end."""
    heading = ""
    lines = enumerate(text.splitlines(), start=1)
    for number, line in lines:
        if fence := FENCE.fullmatch(line.rstrip()):
            indent, language = fence.groups()
            code: list[str] = []
            for _, inner in lines:
                if inner.strip() == "```":
                    break
                code.append(inner.removeprefix(indent))
            else:
                raise ValueError(f"{source}:{number}: the block has no end")
            yield Block(source, heading, number, language, "\n".join(code) + "\n")
        elif line.lstrip().startswith("```"):
            raise ValueError(f"{source}:{number}: not a fence that this reads: {line}")
        elif line.startswith("#"):
            heading = line.lstrip("# ")
