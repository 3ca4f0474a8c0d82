"""The public names, which are imported when they are first used."""

from __future__ import annotations

import inspect
import os
import pydoc
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints

import jedi  # type: ignore[import-untyped]
import pytest

import ai_gate
from scripts.checks.public_api import MODULES

PACKAGES = ["ai_gate", "ai_gate.testing", "ai_gate.webrtc"]


@pytest.mark.parametrize("name", ai_gate.__all__)
def test_each_is_there(name: str) -> None:
    assert getattr(ai_gate, name) is not None
    assert name in dir(ai_gate)


READ_MODULES = """
import sys
for name in ("client", "errors", "types"):
    for loaded in [one for one in sys.modules if one.partition(".")[0] == "ai_gate"]:
        del sys.modules[loaded]
    import ai_gate
    print(getattr(ai_gate, name).__name__, name in dir(ai_gate))
"""


def test_so_are_the_public_modules() -> None:
    result = subprocess.run(
        [sys.executable, "-c", READ_MODULES], capture_output=True, text=True, check=True
    )
    names = ("client", "errors", "types")
    assert result.stdout == "".join(f"ai_gate.{name} True\n" for name in names)


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'ai_gate' has no attribute 'no_such_name'"):
        getattr(ai_gate, "no_such_name")  # noqa: B009


def test_a_star_import_brings_all_of_them() -> None:
    names: dict[str, object] = {}
    exec("from ai_gate import *", names)  # noqa: S102
    assert set(ai_gate.__all__) <= set(names)


def test_a_failure_behind_a_name_is_told(tmp_path: Path) -> None:
    (tmp_path / "httpx.py").write_text("import os\nos.no_such_name\n", "utf-8")
    result = subprocess.run(
        [sys.executable, "-c", "from ai_gate import AIGateClient"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    # The interpreter itself makes "cannot import name" and no more of an AttributeError.
    assert result.stderr.endswith(
        "ImportError: cannot import name 'AIGateClient' from 'ai_gate': "
        "AttributeError in httpx: module 'os' has no attribute 'no_such_name'\n"
    )
    assert "os.no_such_name" in result.stderr


@pytest.mark.parametrize("package", PACKAGES)
def test_jedi_finds_each_name(package: str) -> None:
    # The editors that jedi serves run no code, and believe a plain `TYPE_CHECKING = False`.
    project = jedi.Project(Path(ai_gate.__file__).parents[1])
    lines = [f"import {package}", *(f"{package}.{name}" for name in import_module(package).__all__)]
    script = jedi.Script("\n".join(lines), project=project)
    for number, line in enumerate(lines[1:], start=2):
        assert script.goto(number, len(line), follow_imports=True), line


@pytest.mark.parametrize("package", PACKAGES)
def test_help_shows_each_name(package: str) -> None:
    text = pydoc.plain(pydoc.render_doc(package))
    for name in set(import_module(package).__all__) - {"__version__"}:
        assert re.search(rf"^    (class |async )?{name}(\(| = )", text, re.MULTILINE), name


def annotated(thing: Any) -> Iterator[Any]:
    """A public function, or a class with its constructor, public methods and properties."""
    if inspect.isfunction(thing):
        yield thing
    elif inspect.isclass(thing):
        yield thing
        for kind in thing.__mro__:
            if kind.__module__.startswith("ai_gate"):
                for name, member in vars(kind).items():
                    function = getattr(member, "fget", None) or inspect.unwrap(member)
                    if inspect.isfunction(function) and not re.match("_(?!_)", name):
                        yield function


@pytest.mark.parametrize("module", MODULES)
def test_type_hints_can_be_asked_for(module: str) -> None:
    # Containers of dependencies and makers of command lines ask for them.
    home = import_module(f"ai_gate.{module}".rstrip("."))
    asked = [part for name in home.__all__ for part in annotated(getattr(home, name))]
    for part in asked:
        get_type_hints(part)
    assert asked
