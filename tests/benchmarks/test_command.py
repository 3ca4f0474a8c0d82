"""The command that measures, with the row that counts instead of timing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks.picture import picture
from benchmarks.results import relative

ROOT = Path(__file__).parents[2]


def measured(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    """Run the command and return what it writes."""
    path = folder / "results.json"
    command = [sys.executable, "-m", "benchmarks", *arguments, "--json", str(path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    results: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))["results"]
    return results


def test_a_second_burst_opens_no_connection(tmp_path: Path) -> None:
    results = measured(tmp_path, "burst")
    ours = {one["row"]: one for one in results if one["who"] == "ai-gate"}
    values = {row: one["value"]["median"] for row, one in ours.items()}
    assert list(values.values()) == [200, 0, 0], values
    assert [one["bar"]["met"] for one in ours.values() if one["bar"]] == [True, True]


def test_the_picture_has_a_bar_for_each_ratio_to_httpx() -> None:
    results = [
        relative("call & answer", who, [value], "µs", base=[100.0], against=against)
        for who, value, against in [
            ("ai-gate", 25.0, "httpx"),
            ("openai", 400.0, "httpx"),
            ("httpx", 100.0, "httpx"),
            ("ai-gate", 25.0, "openai"),
        ]
    ]
    drawn = ElementTree.fromstring(picture(results))  # noqa: S314 - ours
    texts = [element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[2:] == ["call & answer", "ai-gate", "0.25", "openai", "4.00 …"]
    ours, others = list(drawn.iter("{http://www.w3.org/2000/svg}rect"))[1:]
    assert float(others.attrib["width"]) == pytest.approx(10 * float(ours.attrib["width"]), abs=1)
