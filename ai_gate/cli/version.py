"""`ai-gate version`: what a bug report needs to say."""

import platform
import ssl
import sys
from argparse import Namespace
from importlib.metadata import PackageNotFoundError, version

from ai_gate._version import __version__
from ai_gate.cli._console import NAME_WIDTH, Console

PACKAGES = (
    "httpx",
    "httpcore",
    "anyio",
    "h11",
    "attrs",
    "certifi",
    "aiortc",
    "aioice",
    "av",
    "openapi-core",
    "httpx-aiohttp",
    "shtab",
)


def run(options: Namespace, console: Console) -> int:
    """Print the versions."""
    # Nothing in them is secret, and what masks secrets loads httpx.
    sys.stdout.writelines(f"{name:<{NAME_WIDTH}}{found}\n" for name, found in versions().items())
    return 0


def versions() -> dict[str, str]:
    """Return the versions of everything that a call depends on, by name."""
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    python = f"{platform.python_version()} ({platform.python_implementation()})"
    found = {"ai-gate": __version__, "Python": python, "system": system}
    found["OpenSSL"] = ssl.OPENSSL_VERSION.removeprefix("OpenSSL ")
    return found | {name: _version(name) for name in PACKAGES}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
