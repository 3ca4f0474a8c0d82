"""A git repository of a test's own."""

import os
import subprocess
from pathlib import Path

USER = ("-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")


def environment() -> dict[str, str]:
    """The environment without git's variables, which name the repository that a hook runs in."""
    return {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}


def git(root: Path, *arguments: str) -> str:
    command = ["git", *USER, *arguments]
    result = subprocess.run(
        command, cwd=root, env=environment(), capture_output=True, text=True, check=True
    )
    return result.stdout.strip()


def commit(root: Path, text: bytes, name: str = "openapi.yaml") -> str:
    """Commit a file with a text, and return the commit's hash."""
    if not (root / ".git").exists():
        git(root, "init", "--quiet")
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(text)
    git(root, "add", name)
    git(root, "commit", "--quiet", "--message", name)
    return git(root, "rev-parse", "HEAD")
