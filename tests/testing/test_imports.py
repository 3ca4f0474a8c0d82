"""What an import costs, and what it says if something is missing."""

import doctest
import json
import subprocess
import sys
from importlib import import_module

import pytest

import ai_gate.testing


def modules_after(statements: str) -> set[str]:
    """Run statements in a fresh interpreter; return what they import beyond ai_gate and pytest."""
    script = (
        "import json, sys, pytest, ai_gate\nbefore = set(sys.modules)\n"
        f"{statements}\nprint(json.dumps(sorted(set(sys.modules) - before)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(json.loads(result.stdout))


def test_package_and_plugin_are_light() -> None:
    added = modules_after("import ai_gate.testing, ai_gate.testing.plugin")
    assert added == {"ai_gate.testing", "ai_gate.testing.plugin"}


def test_records_do_not_load_the_validator() -> None:
    added = modules_after("from ai_gate.testing import MockGateError, ReceivedRequest, Violation")
    assert {"ai_gate.testing._request", "ai_gate.testing._violations"} <= added
    assert not any(name.startswith(("openapi_core", "httpx")) for name in added)


def test_missing_extra_is_named() -> None:
    script = (
        "import sys\nsys.modules['openapi_core'] = None\n"
        "try:\n    from ai_gate.testing import MockGate\n"
        "except ImportError as error:\n    print(error)"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert 'pip install "ai-gate[testing]"' in result.stdout


def test_public_names() -> None:
    for name in ai_gate.testing.__all__:
        value = getattr(ai_gate.testing, name)
        assert isinstance(value, ai_gate.testing.Plan) or value.__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'MockGates'"):
        getattr(ai_gate.testing, "Mock" + "Gates")


@pytest.mark.parametrize(
    "name",
    [
        "ai_gate.testing",
        "ai_gate.testing._request",
        "ai_gate.testing._violations",
        "ai_gate.testing._gate",
        "ai_gate.testing._scenarios",
        "ai_gate.testing._limits",
        "ai_gate.testing._openai.register",
        "ai_gate.testing._openai.voice",
    ],
)
def test_examples_in_docstrings_run(name: str) -> None:
    module = import_module(name)
    results = doctest.testmod(module, extraglobs={"MockGate": ai_gate.testing.MockGate})
    assert results.attempted > 0
    assert results.failed == 0
