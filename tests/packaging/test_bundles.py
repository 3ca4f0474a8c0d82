"""The SDK within programs that others bundle, PyInstaller, zipapp and shiv: `make dist`."""

from __future__ import annotations

import os
import shutil
import sys
import zipapp
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

import ai_gate
from ai_gate.testing import MockGate

Install: TypeAlias = Callable[..., Path]
Say: TypeAlias = Callable[..., str]

ROOT = Path(__file__).resolve().parents[2]
UV = Path(sys.executable).with_name("uv")
APP = Path(__file__).with_name("app.py")
CALLS = "marin\necho\n"
COMMAND = "import sys, ai_gate.cli; sys.exit(ai_gate.cli.main())"

pytestmark = pytest.mark.skipif("AI_GATE_DIST" not in os.environ, reason="`make dist` runs this")


@pytest.fixture(scope="module")
def bundlers(install: Install) -> Path:
    """An environment with the bundlers, the command and the mock gate."""
    return install("[cli,testing]", "--group", f"{ROOT}/pyproject.toml:dist")


@pytest.fixture
def gate() -> MockGate:
    return MockGate(requests=2)


def freeze(say: Say, bundlers: Path, script: Path, folder: Path) -> Path:
    """Freeze a script and return the program."""
    places = [f"--{name}path={folder / name}" for name in ("work", "dist", "spec")]
    say(bundlers / "bin" / "pyinstaller", "--noconfirm", "--log-level=ERROR", *places, script)
    # What isn't taken along must not be found beside it.
    moved = shutil.move(folder / "dist" / script.stem, folder / "moved")
    return Path(moved) / script.stem


def test_pyinstaller(bundlers: Path, say: Say, gate: MockGate, tmp_path: Path) -> None:
    program = freeze(say, bundlers, APP, tmp_path)
    assert say(program).startswith(CALLS)
    with gate:
        assert say(program, gate.url).startswith(CALLS)


def test_pyinstaller_with_the_command(
    bundlers: Path, say: Say, gate: MockGate, tmp_path: Path
) -> None:
    script = tmp_path / "gatectl.py"
    script.write_text(COMMAND, "utf-8")
    program = freeze(say, bundlers, script, tmp_path)
    assert ai_gate.__version__ in say(program, "version")
    assert "--project" in say(program, "session", "--help")
    assert "--port" in say(program, "mock", "--help")
    assert "complete" in say(program, "completion", "bash")
    with gate:
        environment = {"AI_GATE_BASE_URL": gate.url, "AI_GATE_PROJECT_ID": "proj_demo"}
        assert "iceServers" in say(program, "turn", environment=environment)


def test_zipapp(bundlers: Path, say: Say, gate: MockGate, wheel: Path, tmp_path: Path) -> None:
    """The clients alone are pure Python, which is all that Python can import of an archive."""
    source = tmp_path / "source"
    python = bundlers / "bin" / "python"
    into = ["pip", "install", "--quiet", "--python", python, "--target", source]
    say(UV, *into, wheel)
    shutil.copy(APP, source / "__main__.py")
    zipapp.create_archive(source, tmp_path / "app.pyz")
    shutil.rmtree(source)
    with gate:
        assert say(python, "-I", "-W", "error", tmp_path / "app.pyz", gate.url).startswith(CALLS)


def test_shiv(bundlers: Path, say: Say, gate: MockGate, wheel: Path, tmp_path: Path) -> None:
    """The mock gate comes with packages of machine code, which shiv unpacks."""
    source = tmp_path / "source"
    python = bundlers / "bin" / "python"
    into = ["pip", "install", "--quiet", "--python", python, "--target", source]
    say(UV, *into, f"{wheel}[testing]")
    shutil.copy(APP, source)
    options = ["--site-packages", source, "--entry-point", "app:main", "--reproducible"]
    say(bundlers / "bin" / "shiv", *options, "--output-file", tmp_path / "app.pyz")
    shutil.rmtree(source)
    environment = {"SHIV_ROOT": str(tmp_path / "unpacked")}
    command = [python, "-I", tmp_path / "app.pyz"]
    assert say(*command, environment=environment).startswith(CALLS)
    with gate:
        assert say(*command, gate.url, environment=environment).startswith(CALLS)
