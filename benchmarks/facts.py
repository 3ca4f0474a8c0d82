"""The machine that was measured on, without its name."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = (
    "ai-gate",
    "httpx",
    "httpcore",
    "h11",
    "anyio",
    "httpx-aiohttp",
    "aiohttp",
    "openai",
    "httpx2",
    "httpcore2",
)
"""The last two are what newer versions of openai run on."""


def machine_facts() -> dict[str, str]:
    """What the results depend on."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.machine()}",
        "cores": str(os.cpu_count()),
        **{name: _version(name) for name in PACKAGES},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
