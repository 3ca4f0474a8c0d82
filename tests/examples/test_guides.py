"""The guides that walk through the examples: what they include is there, what they run is run."""

from __future__ import annotations

import ast
import re
import runpy
from pathlib import Path

import pytest

from tests.examples.programs import EXAMPLES, ROOT, command, started

GUIDES = [
    ROOT / "docs" / "guides" / f"{name}.md"
    for name in ("browser-sessions", "workers", "serverless", "voice-tools", "fleet")
]
INCLUDED = re.compile(r'^--8<-- "(.+)"$', re.MULTILINE)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OURS = "https://github.com/luna-assistant-ai/ai-gate/blob/main/"
MOCK_GATE = "python -m ai_gate.testing --realtime --port 8787"
SETTINGS = (
    "export AI_GATE_BASE_URL=http://127.0.0.1:8787 REALTIME_URL=http://127.0.0.1:8787/v1/realtime"
)
HERE = {MOCK_GATE, SETTINGS}
"""The commands that no example names; the tests of this module run them."""

guides = pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)


def blocks(guide: Path, language: str) -> list[str]:
    """The blocks of a language in a guide."""
    return [code for name, code in BLOCK.findall(guide.read_text("utf-8")) if name == language]


def starting_lines() -> set[str]:
    """The lines of all examples' docstrings, which the other tests run."""
    texts = [
        ast.get_docstring(ast.parse(path.read_text("utf-8"))) for path in EXAMPLES.rglob("*.py")
    ]
    return {line.strip() for text in texts if text for line in text.splitlines()}


@guides
def test_what_is_included_is_there(guide: Path) -> None:
    text = guide.read_text("utf-8")
    files = INCLUDED.findall(text)
    assert files
    for file in files:
        assert (ROOT / file).is_file()
        # On GitHub, where nothing is included, a reader follows the link.
        assert f"[{file}]({OURS}{file})" in text


@guides
def test_links_to_the_repository(guide: Path) -> None:
    for file in re.findall(re.escape(OURS) + r"([^)#]+)", guide.read_text("utf-8")):
        assert (ROOT / file).exists(), file


@guides
def test_each_command_is_an_examples(guide: Path) -> None:
    lines = [line.strip() for block in blocks(guide, "bash") for line in block.splitlines()]
    assert lines
    assert set(lines) - starting_lines() <= HERE


@pytest.mark.parametrize("code", [it for guide in GUIDES for it in blocks(guide, "python")])
def test_other_code_runs(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if INCLUDED.match(code):
        return
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda use_ipv4, use_ipv6: ["127.0.0.1"])
    (tmp_path / "block.py").write_text(code, "utf-8")
    runpy.run_path(str(tmp_path / "block.py"), run_name="__main__")


def test_the_mock_gate_is_where_the_guide_says() -> None:
    variables, arguments = command(MOCK_GATE)
    assert variables == {}
    with started([*arguments, "--port", "0"]) as gate:
        port = gate.wait_for(r"^http://127\.0\.0\.1:(\d+)$")[1]
        gate.wait_for(rf"^http://127\.0\.0\.1:{port}/v1/realtime$")
        assert gate.stop() == 0
    _, (_, *settings) = command(SETTINGS)
    told = dict(word.split("=", 1) for word in settings)
    assert told == {
        "AI_GATE_BASE_URL": "http://127.0.0.1:8787",
        "REALTIME_URL": "http://127.0.0.1:8787/v1/realtime",
    }
