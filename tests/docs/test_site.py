"""The site, built as `make docs` builds it: what is generated for it, and that it is whole."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from scripts.site.openapi import Document
from scripts.site.picture import ASSETS, PALETTES, picture

from .pages import DOCS, ROOT

PUBLIC = ("ai_gate", "ai_gate.limits", "ai_gate.testing", "ai_gate.types", "ai_gate.webrtc")
LOADED = re.compile(
    r"<(?:script|img|iframe|source)[^>]+src=\"?(https?:)?//|<link[^>]+stylesheet[^>]+//"
)
"""What a browser would load from elsewhere."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder


def test_every_page_is_there(site: Path) -> None:
    assert {path.relative_to(site).parent for path in site.rglob("index.html")} == {
        page.relative_to(ROOT / "docs").parent / ("" if page.stem == "index" else page.stem)
        for page in DOCS
    }


@pytest.mark.parametrize("name", PUBLIC)
def test_everything_public_is_in_the_reference(site: Path, name: str) -> None:
    anchors = {
        anchor
        for page in (site / "reference").rglob("index.html")
        for anchor in re.findall(r' id="?(ai_gate[\w.]+)', page.read_text("utf-8"))
    }
    names = set(importlib.import_module(name).__all__) - {"__version__"}
    # What a package takes from a module of its own can be shown under the name of that.
    assert names <= {anchor.rpartition(".")[2] for anchor in anchors if anchor.startswith(name)}


def test_it_loads_nothing_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        assert not LOADED.search(page.read_text("utf-8")), page
    styles = [path.read_text("utf-8") for path in site.rglob("*.css")]
    assert styles
    assert not [text for text in styles if re.search(r"url\(['\"]?https?:|@import", text)]


def test_what_machines_read(site: Path) -> None:
    listed = (site / "llms.txt").read_text("utf-8")
    assert listed.count("\n- [") == len(DOCS)
    everything = (site / "llms-full.txt").read_text("utf-8")
    assert "```python\n" in everything
    assert "get_turn_credentials" in everything
    found = json.loads((site / "search" / "search_index.json").read_text("utf-8"))["docs"]
    assert len(found) > 10 * len(DOCS)
    assert any(entry["location"].endswith("#ai_gate.AIGateClient") for entry in found)


@pytest.mark.parametrize("name", ["openapi.yaml", "ai_gate/testing/control.json"])
def test_all_of_an_http_api_is_shown(name: str) -> None:
    document: dict[str, Any] = YAML(typ="safe").load((ROOT / name).read_text("utf-8"))
    text = "\n".join(Document(document).lines())
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert f"`{method.upper()} {path}`" in text
            assert f"## {operation['summary']}\n" in text
            assert all(f"**Response {status}**" in text for status in operation["responses"])
    for schema, shape in document["components"]["schemas"].items():
        (section,) = re.findall(rf"^### {schema}\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
        assert all(f"| `{field}` |" in section for field in shape["properties"])
    for example in document["components"]["examples"]:
        assert re.search(rf'example "{example}: |example "{example.partition("_")[2]}: ', text)


def test_the_picture_is_the_scripts() -> None:
    for name, colours in PALETTES.items():
        assert (ASSETS / f"overview-{name}.svg").read_text("utf-8") == picture(colours)
