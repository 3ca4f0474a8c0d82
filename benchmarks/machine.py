"""What is measured on: the machine, without its name, and what is installed."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

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

UNFAIR = ("click", "rich", "trio", "h2", "socksio", "brotli", "brotlicffi", "zstandard")
"""What httpx and httpcore import if it is installed, though the SDK doesn't bring it.

Click and rich are httpx's command line, trio is another event loop. They make `import httpx` slow,
and so whatever is compared with it fast.
"""


def facts() -> dict[str, str]:
    """What the results depend on."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.machine()}",
        "cores": str(os.cpu_count()),
        **{name: _version(name) for name in PACKAGES},
    }


def unfair() -> list[str]:
    """What is installed here and would make httpx slow."""
    return [name for name in UNFAIR if find_spec(name)]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
