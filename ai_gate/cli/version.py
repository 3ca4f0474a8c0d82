"""`ai-gate version`: what a bug report needs to say."""

import platform
import ssl
import sys
from importlib.metadata import PackageNotFoundError, version

from ai_gate._version import __version__

PACKAGES = (
    "httpx httpcore anyio h11 attrs certifi aiortc aioice av openapi-core httpx-aiohttp shtab"
)


def main(_: object) -> int:
    """Print the versions."""
    sys.stdout.writelines(f"{name:<18}{found}\n" for name, found in versions().items())
    return 0


def versions() -> dict[str, str]:
    """Return the versions of everything that a call depends on, by name."""
    found = {
        "ai-gate": __version__,
        "Python": f"{platform.python_version()} ({platform.python_implementation()})",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "OpenSSL": ssl.OPENSSL_VERSION.removeprefix("OpenSSL "),
    }
    return found | {name: _version(name) for name in PACKAGES.split()}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
