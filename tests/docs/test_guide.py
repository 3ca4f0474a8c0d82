"""The guide docs/testing.md: its apps with their tests, and its recipe, run as they stand."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ai_gate.testing import MockGate
from ai_gate.testing.__main__ import _parser, _read_config

from .pages import ROOT

GUIDE = (ROOT / "docs" / "testing.md").read_text("utf-8")
FILES = re.compile(r"^```python\n# (\S+\.py)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
APPS = {
    name: dict(FILES.findall(section))
    for name, section in re.findall(r"^### (.+?)\n(.*?)(?=^##)", GUIDE, re.MULTILINE | re.DOTALL)
}


@pytest.mark.parametrize("framework", ["FastAPI", "Flask", "Django"])
def test_an_app_and_its_tests(framework: str, tmp_path: Path) -> None:
    files = APPS[framework]
    assert files.keys() == {"app.py", "test_app.py"}
    for name, code in files.items():
        (tmp_path / name).write_text(code)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:asyncio", "-p", "no:cacheprovider"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
    assert "4 passed" in result.stdout


def test_the_flags_are_the_commands() -> None:
    flags = set(re.findall(r"--[a-z]+(?:-[a-z]+)*", GUIDE)) - {"--interval", "--no-cache-dir"}
    assert flags <= _parser()._option_string_actions.keys()


def test_a_gate_takes_the_settings(tmp_path: Path) -> None:
    (block,) = re.findall(r"^```toml\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    (tmp_path / "mock.toml").write_text(block)
    settings = _read_config(str(tmp_path / "mock.toml"))
    faults = settings.pop("faults")
    gate = MockGate(**settings)
    for fault in faults:
        gate.fail(**fault)
    assert len(faults) == 2


@pytest.mark.parametrize("is_up", [True, False])
def test_a_container_says_whether_it_is_up(*, is_up: bool) -> None:
    (line,) = re.findall(r"^HEALTHCHECK .*? CMD (\[.*\])$", GUIDE, re.MULTILINE)
    with MockGate() as gate:
        _, *arguments = json.loads(line.replace("8787", str(gate.port)))
        if not is_up:
            gate.close()
        # Docker hands a container the proxies of its own settings, and no exceptions.
        environment = {name: value for name, value in os.environ.items() if "PROXY" not in name}
        environment["http_proxy"] = "http://127.0.0.1:9"
        result = subprocess.run(
            [sys.executable, *arguments], env=environment, capture_output=True, check=False
        )
    assert (result.returncode == 0) == is_up, result.stderr
