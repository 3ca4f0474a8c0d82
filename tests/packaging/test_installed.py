"""The wheel, installed in a clean environment and used from elsewhere."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import ai_gate

Run: TypeAlias = Callable[..., str]

WHERE = """
import json, ai_gate, ai_gate_api
from importlib.metadata import version
from importlib.resources import files
print(json.dumps({
    "files": [ai_gate.__file__, ai_gate_api.__file__],
    "versions": [ai_gate.__version__, version("ai-gate")],
    "typed": [(files(name) / "py.typed").is_file() for name in ("ai_gate", "ai_gate_api")],
    "openapi": json.loads((files("ai_gate_api") / "openapi.json").read_text("utf-8"))["openapi"],
}))
"""
LOADED = "import sys, {}; print(*{{name.partition('.')[0] for name in sys.modules}})"
EVERY_MODULE = """
import importlib, pkgutil, ai_gate, ai_gate_api
for package in (ai_gate, ai_gate_api):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
            print(module.name)
"""
SESSION = """
from ai_gate import AIGateClient
from ai_gate.testing import MockGate
with MockGate() as gate, AIGateClient("proj_demo", base_url=gate.url) as client:
    print(client.create_session(voice="marin")["metadata"]["voice"])
    assert gate.violations == []
"""
TEST = """
from ai_gate import AIGateClient

def test_session(mock_gate):
    with AIGateClient("proj_demo", base_url=mock_gate.url) as client:
        assert client.create_session()["session_id"]
    assert len(mock_gate.received) == 1
"""
TYPES = """
from typing import assert_type
from ai_gate import AIGateClient, AIGateError
from ai_gate.testing import MockGate
from ai_gate.types import SessionResponse
from ai_gate_api.models import CreateSessionRequest

with MockGate() as gate, AIGateClient("proj_demo", base_url=gate.url) as client:
    session = client.create_session()
    assert_type(session, SessionResponse)
    assert_type(session["client_secret"]["value"], str)
    assert_type(AIGateError("m").status_code, int | None)
    assert_type(CreateSessionRequest(project_id="p").project_id, str)
    client.create_session(voice=1)
"""
HEAVY = {"jsonschema", "openapi_core", "pytest", "trustme"}
# trio isn't heavy in this sense: httpcore imports it wherever it is installed.
DEPENDENCIES = "httpx, httpcore, anyio.lowlevel, anyio.to_thread, attrs, dateutil.parser"
DEPENDENCIES += ", typing_extensions" if sys.version_info < (3, 12) else ""


def test_it_is_found_in_the_clean_place(clean: Path, run: Run) -> None:
    found = json.loads(run(clean, WHERE))
    assert all(Path(file).is_relative_to(clean) for file in found["files"])
    assert found["versions"] == [ai_gate.__version__, ai_gate.__version__]
    assert found["typed"] == [True, True]
    assert found["openapi"].startswith("3.1.")


def test_the_import_is_light(clean: Path, run: Run) -> None:
    # Debian's Pythons load a sitecustomize, and others have others.
    by_nothing = set(run(clean, LOADED.format("sys")).split())
    loaded = set(run(clean, LOADED.format("ai_gate")).split())
    with_client = set(run(clean, LOADED.format("ai_gate.client")).split())
    by_dependencies = set(run(clean, LOADED.format(DEPENDENCIES)).split())
    assert loaded - by_nothing - sys.stdlib_module_names == {"ai_gate"}
    assert with_client - by_dependencies - sys.stdlib_module_names == {"ai_gate"}
    assert with_client.isdisjoint(HEAVY)
    # What must not be loaded is there to be.
    assert set(run(clean, LOADED.format(", ".join(HEAVY))).split()) >= HEAVY


def test_every_module_can_be_imported(clean: Path, run: Run) -> None:
    imported = run(clean, EVERY_MODULE).split()
    assert {"ai_gate.client", "ai_gate.testing.plugin", "ai_gate_api.models"} <= set(imported)


def test_the_mock_gate(clean: Path, run: Run) -> None:
    assert run(clean, SESSION) == "marin\n"


def test_the_pytest_fixture(clean: Path, run_pytest: Run, tmp_path: Path) -> None:
    path = tmp_path / "test_app.py"
    path.write_text(TEST, "utf-8")
    # Other plugins of the environment only take time.
    others = ("-p", "no:schemathesis", "-p", "no:hypothesispytest", "-p", "no:xdist")
    assert "1 passed" in run_pytest(clean, "-q", *others, str(path))


def test_type_checkers_see_the_types(clean: Path, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "app.py"
    path.write_text(TYPES, "utf-8")
    python = run(clean, "import sys; print(sys.executable)").strip()
    options = ["--strict", "--python-executable", python, str(path)]
    command = [sys.executable, "-m", "mypy", *options]
    result = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    (error,) = (line for line in result.stdout.splitlines() if ": error: " in line)
    assert error.startswith(f"app.py:{len(TYPES.splitlines())}: ")
    assert error.endswith("[arg-type]")
