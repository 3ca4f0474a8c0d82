"""The built project, and clean environments with it.

This folder is no package of Python's, because `packaging` is the name of one that others import.
So the tests share fixtures and nothing else.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import Distribution, PathDistribution, distribution
from pathlib import Path
from typing import TypeAlias
from zipfile import Path as ZipPath

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
UV = Path(sys.executable).with_name("uv")

Run: TypeAlias = Callable[..., str]
"""Runs code, from `/`, with the Python of an environment, and returns what it printed."""


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the wheel and the sdist: the one that `make dist` names, or one built now."""
    if made := os.environ.get("AI_GATE_DIST"):
        return ROOT / made
    folder = tmp_path_factory.mktemp("built")
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def wheel(built: Path) -> Path:
    """The wheel."""
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def sdist(built: Path) -> Path:
    """The sdist."""
    (path,) = built.glob("*.tar.gz")
    return path


@pytest.fixture(scope="session")
def metadata(wheel: Path) -> Distribution:
    """What the wheel says of itself."""
    (dist_info,) = (path for path in ZipPath(wheel).iterdir() if path.name.endswith(".dist-info"))
    return PathDistribution(dist_info)


@pytest.fixture(scope="session")
def clean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, and everything that the tests' own environment has.

    A folder named by a .pth file isn't searched for further .pth files, so an editable install of
    the project there stays unseen.
    """
    environment = _environment(tmp_path_factory.mktemp("clean"), wheel)
    folders = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    (_site_packages(environment) / "everything.pth").write_text("\n".join(sorted(folders)) + "\n")
    return environment


@pytest.fixture(scope="session")
def base(wheel: Path, metadata: Distribution, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and what it declares to need, and nothing else."""
    environment = _environment(tmp_path_factory.mktemp("base"), wheel)
    _link(_closure(metadata.requires or []), _site_packages(environment))
    return environment


@pytest.fixture(scope="session")
def base_with_pytest(
    wheel: Path, metadata: Distribution, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The same and pytest, as an app's developers have it."""
    environment = _environment(tmp_path_factory.mktemp("base_with_pytest"), wheel)
    _link(_closure([*(metadata.requires or []), "pytest"]), _site_packages(environment))
    return environment


@pytest.fixture(scope="session")
def run() -> Run:
    """Run code in an environment."""

    def run(environment: Path, code: str, *arguments: str) -> str:
        return _run(_python(environment), "-I", "-W", "error", "-c", code, *arguments, cwd="/")

    return run


@pytest.fixture(scope="session")
def run_pytest() -> Run:
    """Run pytest in an environment and return its report, whatever it says."""

    def run(environment: Path, *arguments: str) -> str:
        command = [str(_python(environment)), "-m", "pytest", "-p", "no:cacheprovider", *arguments]
        result = subprocess.run(command, cwd="/", check=False, capture_output=True, text=True)
        return result.stdout

    return run


@pytest.fixture(scope="session")
def install(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Install the wheel with extras, as `[cli]`, and what they need into a new environment."""

    def install(extras: str, *options: str, python: str = sys.executable) -> Path:
        environment = tmp_path_factory.mktemp("environment")
        _run(UV, "venv", "--quiet", "--clear", "--python", python, environment, cwd="/")
        into = ("pip", "install", "--quiet", "--python", _python(environment))
        _run(UV, *into, f"{wheel}{extras}", *options, cwd="/")
        return environment

    return install


@pytest.fixture(scope="session")
def say() -> Run:
    """Run a program from `/`, without the proxies of this machine, and return what it printed."""

    def say(*command: str | Path, environment: Mapping[str, str] | None = None) -> str:
        kept = {name: text for name, text in os.environ.items() if "proxy" not in name.lower()}
        return _run(*command, cwd="/", environment={**kept, **(environment or {})})

    return say


def _run(*command: str | Path, cwd: str, environment: Mapping[str, str] | None = None) -> str:
    result = subprocess.run(
        command, cwd=cwd, env=environment, check=False, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def _environment(folder: Path, wheel: Path) -> Path:
    venv.EnvBuilder(with_pip=False, symlinks=os.name != "nt").create(folder)
    install = ["install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]
    _run(sys.executable, "-m", "pip", "--python", _python(folder), *install, wheel, cwd="/")
    return folder


def _python(environment: Path) -> Path:
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _site_packages(environment: Path) -> Path:
    base = {"base": str(environment), "platbase": str(environment)}
    return Path(sysconfig.get_path("purelib", vars=base))


def _closure(requirements: Iterable[str]) -> dict[str, Distribution]:
    """The distributions that requirements need, without extras."""
    found: dict[str, Distribution] = {}
    open_ends = list(requirements)
    while open_ends:
        requirement = Requirement(open_ends.pop())
        name = canonicalize_name(requirement.name)
        is_wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if is_wanted and name not in found:
            found[name] = distribution(name)
            open_ends += found[name].requires or []
    return found


def _link(distributions: dict[str, Distribution], site_packages: Path) -> None:
    for one in distributions.values():
        tops = {file.parts[0] for file in one.files or []} - {"..", "__pycache__"}
        for top in tops:
            (site_packages / top).symlink_to(Path(str(one.locate_file(top))))
