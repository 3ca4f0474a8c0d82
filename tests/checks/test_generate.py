"""Request builders of a spec whose operations can't all have a flat one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.generate import generate

from .tree import ROOT

TEXT = {"type": "string"}
BODY: dict[str, Any] = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": TEXT, "none": TEXT},
}
ID = {"name": "id", "in": "query", "required": True, "schema": TEXT}


def operation(*parameters: Any, body: Any = None, **options: Any) -> dict[str, Any]:
    """Describe an operation that may have a JSON body."""
    described: dict[str, Any] = {
        "parameters": parameters,
        "responses": {"204": {"description": ""}},
    }
    if body:
        content = {"application/json": {"schema": body}}
        described["requestBody"] = {"required": True, "content": content, **options}
    return described


def an_object(**properties: Any) -> dict[str, Any]:
    """Describe a body with some more fields."""
    return {**BODY, "properties": {**BODY["properties"], **properties}}


FLAT = {
    "plain": operation(
        {**ID, "name": "on", "schema": {"type": "boolean"}},
        {"name": "page", "in": "query", "schema": {"type": "integer"}},
        {"name": "per", "in": "query", "schema": {"type": "integer", "default": 20}},
        body=an_object(
            **{"_tags": {"type": "array", "items": TEXT}},
            key={"type": "number", "default": 1},
            value={"type": "string", "default": "it's\n"},
        ),
    ),
}
"""What a flat builder can express: scalars and lists of them, with any names."""
OWN = {
    "path": operation({**ID, "in": "path"}, body=BODY),
    "header": operation({**ID, "in": "header"}),
    "cookie": operation({**ID, "in": "cookie"}),
    "one_name_twice": operation(ID, body=BODY),
    # The optional parameter, because the generator's own code for two bodies lacks an import else.
    "two_bodies": operation(
        {**ID, "name": "page", "required": False},
        body=BODY,
        content={
            "application/json": {"schema": BODY},
            "multipart/form-data": {"schema": BODY},
        },
    ),
    "optional_body": operation(body=BODY, required=False),
    "form": operation(body=BODY, content={"application/x-www-form-urlencoded": {"schema": BODY}}),
    "list": operation(body={"type": "array", "items": TEXT}),
    "text": operation(body=TEXT),
    "empty": operation(body={"type": "object"}),
    "open": operation(body={**BODY, "additionalProperties": TEXT}),
    "null": operation(body=an_object(more={"type": ["string", "null"]})),
    "date": operation(body=an_object(more={"type": "string", "format": "date-time"})),
    "enum": operation(body=an_object(more={"type": "string", "enum": ["a", "b"]})),
    "nested": operation(body=an_object(more=BODY)),
    "date_in_the_query": operation({**ID, "schema": {"type": "string", "format": "date"}}),
}
"""What it can't: the generator's own builder is exported."""


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is generated from such a spec, in an empty folder."""
    root = tmp_path_factory.mktemp("root")
    for name in ("pyproject.toml", "scripts"):
        (root / name).symlink_to(ROOT / name)
    paths: dict[str, Any] = {}
    for name, described in (FLAT | OWN).items():
        path = f"/{name}/{{id}}" if name == "path" else f"/{name}"
        paths[path] = {"post": {"operationId": f"post_{name}", **described}}
    spec = {"openapi": "3.1.0", "info": {"title": "Test", "version": "1"}, "paths": paths}
    (root / "openapi.yaml").write_text(json.dumps(spec), "utf-8")
    generate(root, root / "generated")
    return root / "generated"


def run(generated: Path, program: str) -> Any:
    """Run a program that prints JSON beside the generated package."""
    result = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(generated)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(result.stdout)


BUILDERS = """\
import json, sys
from ai_gate_api import api
before = sorted(api.__all__), set(api.__all__) <= set(dir(api)), "attr" in sys.modules
modules = {name: getattr(api, name).__module__ for name in api.__all__}
print(json.dumps([*before, modules]))
"""


def test_each_operation_has_a_builder(generated: Path) -> None:
    names, listed, attrs, modules = run(generated, BUILDERS)
    assert names == sorted(f"post_{name}" for name in FLAT | OWN)
    assert listed
    assert not attrs
    assert {name for name, module in modules.items() if module == "ai_gate_api.api"} == {
        f"post_{name}" for name in FLAT
    }


REQUESTS = """\
import json
from ai_gate_api import api, models
print(json.dumps([
    api.post_plain(on=True, id="x"),
    api.post_plain(on=True, id="x", page=2, per=None, key=None, value=None, field_tags=["t"]),
    api.post_path("a/b", body=models.PostPathBody(id="x")),
]))
"""


def test_requests(generated: Path) -> None:
    plain, changed, path = run(generated, REQUESTS)
    assert plain == {
        "method": "post",
        "url": "/plain",
        "params": {"on": True, "per": 20},
        "json": {"id": "x", "key": 1.0, "value": "it's\n"},
        "headers": {"Content-Type": "application/json"},
    }
    assert changed["params"] == {"on": True, "page": 2}
    assert changed["json"] == {"id": "x", "_tags": ["t"]}
    assert (path["url"], path["json"]) == ("/path/a%2Fb", {"id": "x"})


USE = """\
from ai_gate_api import api, models

api.post_plain(on=True, id="x", page=None, field_tags=["t"])
api.post_plain(on=True, id=None)  # type: ignore[arg-type]
api.post_path("x", body=models.PostPathBody(id="x"))
api.post_path(1, body=models.PostPathBody(id="x"))  # type: ignore[arg-type]
"""


def test_the_types(generated: Path) -> None:
    (generated / "use.py").write_text(USE, "utf-8")
    result = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "ai_gate_api", "use.py"],
        cwd=generated,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
