"""The project's checks: `make check`, or `make check CHECKS="lint mypy"` for some of them."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from filecmp import cmp
from pathlib import Path
from typing import Any

from openapi_spec_validator import OpenAPIV31SpecValidator
from ruamel.yaml import YAML

from scripts import generate, spec_examples

ROOT = generate.ROOT
BIN = Path(sys.executable).parent
SPECTRAL = "@stoplight/spectral-cli@6.16.3"
REDOCLY = "@redocly/cli@2.77.0"


class CheckFailedError(Exception):
    """What a check found, for a person."""


class CheckSkippedError(Exception):
    """Why a check could not be made here."""


def _run(*command: str | Path) -> None:
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise CheckFailedError(result.stdout + result.stderr)


def _run_node(package: str, *arguments: str) -> None:
    if shutil.which("npx") is None:
        raise CheckSkippedError("Node is not installed")
    _run("npx", "--yes", f"--package={package}", *arguments)


def check_format() -> None:
    """Compare the format of our code with what black makes of it."""
    _run(BIN / "black", "--check", "--quiet", "--diff", ".")


def check_lint() -> None:
    """Lint our code with ruff."""
    _run(BIN / "ruff", "check", "--quiet", ".")


def check_mypy() -> None:
    """Check the types with mypy strict, the generated client included."""
    _run(BIN / "mypy", "--no-error-summary")


def check_pyright() -> None:
    """Check the types with pyright."""
    _run(BIN / "pyright", "--warnings")


def check_spec(spec: Path = generate.SPEC) -> None:
    """Hold openapi.yaml against OpenAPI 3.1, and each of its examples against its schema."""
    document: dict[str, Any] = YAML(typ="safe").load(spec)
    found = [
        f"#/{'/'.join(str(part) for part in error.absolute_path)}: {error.message}"
        for error in OpenAPIV31SpecValidator(document).iter_errors()
    ]
    if found := found or spec_examples.problems(document):
        raise CheckFailedError("\n".join(f"{spec.name}: {problem}" for problem in found))


def check_spectral() -> None:
    """Lint openapi.yaml with Spectral's own rules."""
    _run_node(SPECTRAL, "spectral", "lint", "--quiet", "--fail-severity=hint", "openapi.yaml")


def check_redocly() -> None:
    """Lint openapi.yaml with Redocly's strict rules."""
    os.environ.setdefault("REDOCLY_TELEMETRY", "off")
    os.environ.setdefault("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true")
    _run_node(REDOCLY, "redocly", "lint", "--extends=recommended-strict", "openapi.yaml")


def check_generated(generated: Path = generate.GENERATED) -> None:
    """Generate once more and compare with generated/."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "generated"
        generate.generate(generate.SPEC, fresh)
        differing = _differences(fresh, generated)
    if differing:
        names = "\n".join(f"  generated/{difference}" for difference in differing)
        raise CheckFailedError(
            f"generated/ is not what openapi.yaml gives:\n{names}\nmake generate"
        )


def _differences(fresh: Path, committed: Path) -> list[str]:
    wanted, found = _files(fresh), _files(committed)
    both = wanted & found
    return sorted(
        [f"{path}: missing" for path in wanted - found]
        + [f"{path}: left over" for path in found - wanted]
        + [
            f"{path}: differs"
            for path in both
            if not cmp(fresh / path, committed / path, shallow=False)
        ]
    )


def _files(folder: Path) -> set[Path]:
    return {
        path.relative_to(folder)
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


CHECKS: dict[str, Callable[[], None]] = {
    "format": check_format,
    "lint": check_lint,
    "mypy": check_mypy,
    "pyright": check_pyright,
    "spec": check_spec,
    "spectral": check_spectral,
    "redocly": check_redocly,
    "generated": check_generated,
}


def _report(name: str) -> bool:
    started = time.monotonic()
    passed, outcome, details = True, "ok", ""
    try:
        CHECKS[name]()
    except CheckSkippedError as reason:
        outcome = f"skipped: {reason}"
    except CheckFailedError as problem:
        passed, outcome, details = False, "FAILED", f"\n{problem}"
    print(f"{name:<10} {time.monotonic() - started:5.1f} s  {outcome}{details}", flush=True)
    return passed


def main(names: list[str]) -> int:
    """Make the named checks, or all, and return the exit status."""
    if unknown := [name for name in names if name not in CHECKS]:
        print(f"no such check: {', '.join(unknown)}; there are: {', '.join(CHECKS)}")
        return 2
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        passed = list(pool.map(_report, names or CHECKS))
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
