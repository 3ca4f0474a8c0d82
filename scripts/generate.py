"""Compile openapi.yaml into generated/: `make generate`."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
from importlib.metadata import version
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent
SPEC = ROOT / "openapi.yaml"
GENERATED = ROOT / "generated"
PACKAGE = "ai_gate_api"
GENERATORS = ("openapi-python-client", "ruff")
NOTICE = """\
Everything in this folder is made from `openapi.yaml` by `make generate`. Never edit it: change the
spec and generate again. `make check` compares the two.

`ai_gate_api` is the low-level client that openapi-python-client makes, `ai_gate_api/openapi.json`
the spec itself for the mock gate.
"""


def check_versions() -> None:
    """End with a message where an installed generator isn't the pinned one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    pins = dict(pin.split("==") for pin in project["optional-dependencies"]["dev"] if "==" in pin)
    for name in GENERATORS:
        if version(name) != pins[name]:
            sys.exit(
                f"generate: {name} is {version(name)}, pinned is {pins[name]}: run `make setup`"
            )


def generate(spec: Path, destination: Path) -> None:
    """Write the low-level client, the spec as JSON and a notice into an empty folder."""
    check_versions()
    package = destination / PACKAGE
    command = [
        "openapi-python-client",
        "generate",
        f"--path={spec}",
        f"--output-path={package}",
        f"--config={ROOT / 'scripts' / 'openapi-python-client.yml'}",
        f"--custom-template-path={ROOT / 'scripts' / 'templates'}",
        "--meta=none",
        "--fail-on-warning",
    ]
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])
    result = subprocess.run(
        command, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        sys.exit(f"generate: openapi-python-client failed\n{result.stdout}{result.stderr}")
    document = json.dumps(YAML(typ="safe").load(spec), ensure_ascii=False, indent=2)
    (package / "openapi.json").write_text(document + "\n", "utf-8", newline="\n")
    (destination / "README.md").write_text(NOTICE, "utf-8", newline="\n")


def main() -> None:
    """Replace generated/ by what the spec gives, so that nothing stale stays."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / GENERATED.name
        generate(SPEC, fresh)
        shutil.rmtree(GENERATED, ignore_errors=True)
        shutil.copytree(fresh, GENERATED)
    print(f"generated {len([path for path in GENERATED.rglob('*') if path.is_file()])} files")


if __name__ == "__main__":
    main()
