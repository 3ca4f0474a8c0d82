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

FOLDER = "generated"
PACKAGE = "ai_gate_api"
GENERATORS = ("openapi-python-client", "ruff")
NOTICE = """\
Everything in this folder is made from `openapi.yaml` by `make generate`. Never edit it: change the
spec and generate again. `make check` compares the two.

`ai_gate_api` is the low-level client that openapi-python-client makes, `ai_gate_api/openapi.json`
the spec itself for the mock gate.
"""


class GenerationFailedError(Exception):
    """Why nothing could be generated, for a person."""


def check_versions(root: Path) -> None:
    """Refuse to generate with other versions than the pinned ones."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    pins = dict(pin.split("==") for pin in project["optional-dependencies"]["dev"] if "==" in pin)
    for name in GENERATORS:
        if name not in pins:
            raise GenerationFailedError(f"pyproject.toml: pin {name} with == in the extra dev")
        if version(name) != pins[name]:
            raise GenerationFailedError(
                f"{name} is {version(name)}, pinned is {pins[name]}: run `make setup`"
            )


def generate(root: Path, destination: Path) -> None:
    """Write the low-level client, the spec as JSON and a notice into an empty folder."""
    check_versions(root)
    spec = root / "openapi.yaml"
    if not spec.is_file():
        raise GenerationFailedError(f"there is no {spec}")
    package = destination / PACKAGE
    _run_generator(
        f"--path={spec}",
        f"--output-path={package}",
        f"--config={root / 'scripts' / 'openapi-python-client.yml'}",
        f"--custom-template-path={root / 'scripts' / 'templates'}",
        "--meta=none",
        "--fail-on-warning",
    )
    document = json.dumps(YAML(typ="safe").load(spec), ensure_ascii=False, indent=2)
    (package / "openapi.json").write_text(document + "\n", "utf-8", newline="\n")
    (destination / "README.md").write_text(NOTICE, "utf-8", newline="\n")


def _run_generator(*options: str) -> None:
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])
    result = subprocess.run(
        ["openapi-python-client", "generate", *options],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise GenerationFailedError(f"openapi-python-client failed\n{result.stdout}{result.stderr}")


def main(root: Path) -> None:
    """Replace generated/ by what the spec gives, so that nothing stale stays."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / FOLDER
        generate(root, fresh)
        shutil.rmtree(root / FOLDER, ignore_errors=True)
        shutil.copytree(fresh, root / FOLDER)
    files = sum(path.is_file() for path in (root / FOLDER).rglob("*"))
    print(f"{files} files in {FOLDER}/")


if __name__ == "__main__":
    try:
        main(Path(__file__).resolve().parent.parent)
    except GenerationFailedError as problem:
        sys.exit(f"generate: {problem}")
