"""Where a package isn't installed, its tests are skipped, or fail if all of them must run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUN = """
import sys
name, *arguments = sys.argv[1:]
sys.modules[name] = None
import pytest
sys.exit(pytest.main([*arguments, "-p", "no:cacheprovider", "-rs"]))
"""


@pytest.mark.parametrize(
    ("package", "module"),
    [
        ("aiortc", "tests/voice/test_example_voice.py"),
        ("av", "tests/voice/browser/test_page.py"),
        ("starlette", "tests/voice/browser/test_app.py"),
    ],
)
@pytest.mark.parametrize("is_required", [False, True])
def test_absent_packages(
    package: str, module: str, is_required: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AI_GATE_REQUIRE_VOICE", "1" if is_required else "0")
    ended = subprocess.run(
        [sys.executable, "-c", RUN, package, module],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=60.0,
    )
    assert ended.returncode == (1 if is_required else 0), ended.stdout + ended.stderr
    assert f"{package} is not installed" in ended.stdout
    assert ("1 failed" if is_required else "1 skipped") in ended.stdout
