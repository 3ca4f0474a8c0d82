"""The public names, which are imported when they are first used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import ai_gate


@pytest.mark.parametrize("name", ai_gate.__all__)
def test_each_is_there(name: str) -> None:
    assert getattr(ai_gate, name) is not None
    assert name in dir(ai_gate)


MODULES = """
import sys
for name in ("client", "errors", "types"):
    for loaded in [one for one in sys.modules if one.partition(".")[0] == "ai_gate"]:
        del sys.modules[loaded]
    import ai_gate
    print(getattr(ai_gate, name).__name__, name in dir(ai_gate))
"""


def test_so_are_the_public_modules() -> None:
    result = subprocess.run(
        [sys.executable, "-c", MODULES], capture_output=True, text=True, check=True
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
