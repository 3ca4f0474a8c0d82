"""The public names of live voice, which are imported when they are first used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ai_gate import webrtc

WITHOUT_AIORTC = """
import importlib.util, sys
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "aiortc" else find_spec(name, *rest)
import ai_gate, ai_gate.webrtc as webrtc
import asyncio
def attempt(action):
    try:
        result = action()
        if asyncio.iscoroutine(result):
            asyncio.run(result)
    except ai_gate.AIGateError as error:
        print(type(error).__name__, isinstance(error, ImportError), error)
attempt(lambda: webrtc.connect({}))
attempt(lambda: ai_gate.AsyncAIGateClient("proj_demo").connect())
attempt(lambda: webrtc.probe_turn([]))
attempt(lambda: webrtc.PCMSource)
attempt(lambda: webrtc.Call)
attempt(lambda: webrtc.call)
print(webrtc.NoPathError.__name__, "aiortc" in sys.modules)
"""
WITH_ANOTHER_AIORTC = """
import asyncio, sys, types
from importlib.machinery import ModuleSpec
for name in ("aiortc", "aioice"):
    other = types.ModuleType(name)
    {spec}
    sys.modules[name] = other
import ai_gate, ai_gate.webrtc as webrtc
async def enter():
    async with webrtc.connect({{"client_secret": {{"value": "x"}}}}):
        pass
for action in (
    lambda: asyncio.run(enter()),
    lambda: asyncio.run(webrtc.probe_turn([])),
    lambda: webrtc.PCMSource,
    lambda: webrtc.Call,
    lambda: webrtc.call,
):
    try:
        action()
    except webrtc.MissingDependencyError as error:
        print(isinstance(error.__cause__, ImportError), error)
"""
MODULES = """
import sys
for name in ("call", "errors", "turn"):
    for loaded in [one for one in sys.modules if one.partition(".")[0] == "ai_gate"]:
        del sys.modules[loaded]
    import ai_gate.webrtc
    print(getattr(ai_gate.webrtc, name).__name__, name in dir(ai_gate.webrtc))
"""
LIGHT = """
import sys
import ai_gate.webrtc
from ai_gate.webrtc import connect, Connector, NoPathError, probe_turn
print(sorted({"aiortc", "aioice", "av"} & set(sys.modules)))
"""


def output(code: str) -> str:
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("name", webrtc.__all__)
def test_each_is_there(name: str) -> None:
    assert getattr(webrtc, name) is not None
    assert name in dir(webrtc)


def test_so_are_the_public_modules() -> None:
    names = ("call", "errors", "turn")
    assert output(MODULES) == "".join(f"ai_gate.webrtc.{name} True\n" for name in names)


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"'ai_gate\.webrtc' has no attribute 'no_such_name'"):
        getattr(webrtc, "no_such_name")  # noqa: B009


def test_the_import_is_light() -> None:
    assert output(LIGHT) == "[]\n"


def test_without_aiortc_it_says_what_to_install() -> None:
    *attempts, last = output(WITHOUT_AIORTC).splitlines()
    said = (
        "MissingDependencyError True Live voice needs aiortc, which is not installed: "
        'pip install "ai-gate[webrtc]"'
    )
    assert attempts == [said] * 6
    assert last == "NoPathError False"


@pytest.mark.parametrize(
    ("spec", "is_import_error"),
    [
        ("other.__spec__ = ModuleSpec(name, None)", True),
        ("other.__spec__ = None", True),
        # As one whose libraries are broken.
        ("other.__spec__ = None; other.__getattr__ = lambda name: 1 / 0", False),
    ],
)
def test_with_another_aiortc_it_says_which_one(spec: str, is_import_error: bool) -> None:
    said = (
        "Live voice needs aiortc 1.16 or newer, and what is installed is older or can't be loaded"
    )
    lines = output(WITH_ANOTHER_AIORTC.format(spec=spec)).splitlines()
    assert lines == [f'{is_import_error} {said}: pip install --upgrade "ai-gate[webrtc]"'] * 5
