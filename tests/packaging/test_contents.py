"""What is in the wheel and in the sdist."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
from collections.abc import Iterable
from importlib.metadata import Distribution
from pathlib import Path
from zipfile import ZipFile

from packaging.requirements import Requirement

import ai_gate

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"ai_gate": ROOT / "ai_gate", "ai_gate_api": ROOT / "generated" / "ai_gate_api"}
HOME = "https://github.com/luna-assistant-ai/ai-gate/blob/main/"
"""Where the links of the README lead to where the package is shown."""
RUNTIME = {"anyio", "attrs", "httpcore", "httpx", "python-dateutil"}
RUNTIME |= {"typing-extensions"} if sys.version_info < (3, 12) else set()


def contents(wheel: Path) -> dict[str, bytes]:
    with ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def names(requirements: Iterable[str], extra: str) -> set[str]:
    parsed = [Requirement(text) for text in requirements]
    return {
        one.name
        for one in parsed
        if (one.marker.evaluate({"extra": extra}) if one.marker else not extra)
    }


def test_top_level_names(wheel: Path) -> None:
    dist_info = f"ai_gate-{ai_gate.__version__}.dist-info"
    assert {name.partition("/")[0] for name in contents(wheel)} == {*PACKAGES, dist_info}


def test_packages_are_whole_and_nothing_else_is_there(wheel: Path) -> None:
    inside = contents(wheel)
    for package, folder in PACKAGES.items():
        wanted = {
            f"{package}/{path.relative_to(folder).as_posix()}": path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file() and path.suffix in {".py", ".json", ".typed"}
        }
        assert {name: data for name, data in inside.items() if name.startswith(f"{package}/")} == (
            wanted
        )
        assert f"{package}/py.typed" in wanted
    assert "ai_gate_api/openapi.json" in inside


def test_sdist_builds_the_same_wheel(sdist: Path, wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        # Debian 12's Python 3.11.2 has no filters, and later ones warn without.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(tmp_path)  # noqa: S202 - the project's own
    (source,) = tmp_path.iterdir()
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", "d"]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    assert contents(source / "d" / wheel.name) == contents(wheel)


def test_sdist_has_what_the_project_is_made_of(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames() if name}
    if (ROOT / ".git").exists():
        command = ["git", "ls-files", "-z"]
        listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        assert set(filter(None, listed.stdout.split("\0"))) <= inside
    assert {"tests/packaging/test_contents.py", "docs/public_api.txt", ".spectral.yaml"} <= inside
    stray = ("__pycache__", ".pyc", ".hypothesis", ".venv", ".mypy_cache", "dist/", "node_modules")
    assert [name for name in inside if any(part in name for part in stray)] == []


def test_metadata(metadata: Distribution) -> None:
    found = metadata.metadata
    assert found["Metadata-Version"] == "2.4"
    assert found["Name"] == "ai-gate"
    assert found["Version"] == ai_gate.__version__
    assert found["Requires-Python"] == ">=3.11"
    assert found["License-Expression"] == "MIT"
    assert found.get_all("License-File") == ["LICENSE"]
    assert "Typing :: Typed" in (found.get_all("Classifier") or [])
    assert found["Description-Content-Type"] == "text/markdown"
    readme = (ROOT / "README.md").read_text("utf-8")
    shown = str(found.json["description"])
    assert shown.replace(HOME, "").strip() == readme.strip()
    assert not re.findall(r"\]\((?!https://|mailto:)", shown)


def test_license(wheel: Path) -> None:
    (text,) = (data for name, data in contents(wheel).items() if name.endswith("licenses/LICENSE"))
    assert text == (ROOT / "LICENSE").read_bytes()


def test_requirements(metadata: Distribution) -> None:
    required = metadata.requires or []
    assert names(required, "") == RUNTIME
    assert names(required, "testing") - RUNTIME == {"jsonschema-path", "openapi-core"}
    assert names(required, "cli") - RUNTIME == {"shtab"}
    assert names(required, "webrtc") - RUNTIME == {"aiortc", "aioice", "av"}
    assert all(Requirement(text).specifier for text in required if "ai-gate" not in text)


def test_entry_points(metadata: Distribution) -> None:
    found = {(one.group, one.name, one.value) for one in metadata.entry_points}
    assert found == {
        ("console_scripts", "ai-gate", "ai_gate.cli:main"),
        ("pyinstaller40", "hook-dirs", "ai_gate._pyinstaller:hook_dirs"),
        ("pytest11", "ai_gate", "ai_gate.testing.plugin"),
    }
