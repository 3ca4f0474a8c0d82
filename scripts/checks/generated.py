"""Compare generated/ with what openapi.yaml gives."""

import tempfile
from collections.abc import Iterator
from filecmp import cmp
from pathlib import Path

from scripts import generate
from scripts.checks import CheckFailedError, fail_on

ADVICE = "run `make generate` and commit generated/"


def check_generated(root: Path) -> None:
    """Generate once more and compare, file by file."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        try:
            generate.generate(root, fresh)
        except generate.GenerationFailedError as problem:
            raise CheckFailedError(str(problem)) from problem
        differences = sorted(_differences(fresh, root / generate.FOLDER))
    fail_on(f"{generate.FOLDER}/{difference}: {ADVICE}" for difference in differences)


def _differences(fresh: Path, committed: Path) -> Iterator[str]:
    wanted, found = _files(fresh), _files(committed)
    yield from (f"{path}: missing" for path in wanted - found)
    yield from (f"{path}: left over" for path in found - wanted)
    for path in wanted & found:
        if not cmp(fresh / path, committed / path, shallow=False):
            yield f"{path}: not what openapi.yaml gives"


def _files(folder: Path) -> set[Path]:
    return {
        path.relative_to(folder)
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
