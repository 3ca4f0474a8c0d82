"""Changes of the code and of what the project says of itself."""

from __future__ import annotations

from collections.abc import Sequence

from .tree import Add, At, Edit, Mutation, Replace

CLIENT = "ai_gate/client.py"
LEAF = "benchmarks/delay.py"
ERRORS = "ai_gate/errors.py"
LOOPS = "ai_gate/_base_client.py"
POOL = "ai_gate/_http/pool.py"
SNAPSHOT = "docs/public_api.txt"
PINNED = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"
ADVICE = (
    f"{SNAPSHOT}: the public API has changed: if that is meant, run `make snapshot` and say it "
    "in the changelog"
)
ASYNC = "\nclass AsyncAIGateClient("


def differs(what: str, old: str, new: str, method: str, lines: Sequence[str]) -> Mutation:
    """Change a method of the async client."""
    return Mutation(
        what,
        "parity",
        [Replace(CLIENT, old, new, after=ASYNC)],
        [
            At(
                CLIENT,
                ASYNC,
                f"def {method}(",
                says=f"AsyncAIGateClient.{method} differs from AIGateClient.{method}: "
                "make both the same",
            ),
            *lines,
        ],
    )


PARITY = [
    differs(
        "a default of the async client changed",
        "temperature: float | None = DEFAULT_TEMPERATURE",
        "temperature: float | None = 0.9",
        "create_session",
        ["temperature: float | None=0.9"],
    ),
    differs(
        "a docstring of the async client changed",
        "The voice (default: `echo`)",
        "A voice (default: `echo`)",
        "create_session",
        ["A voice (default: `echo`)"],
    ),
    differs(
        "a statement of the async client changed",
        "project_id=project_id,\n",
        "project_id=project_id or '',\n",
        "__init__",
        ["-    config = ", "+    config = ", "project_id=project_id or ''"],
    ),
    differs(
        "an argument of the async client swapped",
        "            voice=voice,\n",
        "            voice=model,\n",
        "create_session",
        ["voice=model"],
    ),
    Mutation(
        "a method of the async client alone",
        "parity",
        [
            Replace(
                CLIENT,
                "    async def get_turn_credentials(",
                "    async def ping(self) -> None:\n        await self._clients.aclose()\n\n"
                "    async def get_turn_credentials(",
            )
        ],
        [
            At(
                CLIENT,
                "def ping(",
                says="AsyncAIGateClient.ping differs from AIGateClient.ping",
            )
        ],
    ),
    Mutation(
        "a method of the sync client alone",
        "parity",
        [
            Replace(
                CLIENT,
                "\n    def get_turn_credentials(",
                "\n    def ping(self) -> None:\n        self._clients.close()\n\n"
                "    def get_turn_credentials(",
            )
        ],
        [
            At(
                CLIENT,
                "class AsyncAIGateClient(",
                says="AsyncAIGateClient.ping differs from AIGateClient.ping",
            )
        ],
    ),
    Mutation(
        "the documentation of the async client's arguments changed",
        "parity",
        [Replace(CLIENT, "at most 86,400 (", "at most 3,600 (", after=ASYNC)],
        [
            At(
                CLIENT,
                "class AsyncAIGateClient(",
                says="AsyncAIGateClient differs from AIGateClient: make both the same",
            ),
            "at most 3,600",
        ],
    ),
    Mutation(
        "a statement of the async pool gone",
        "parity",
        [Replace(POOL, "        self.close_idle()\n", "        ...\n", after="class AsyncPool(")],
        [
            At(
                POOL,
                "class AsyncPool(",
                "def aclose(",
                says="AsyncPool.close differs from Pool.close: make both the same",
            ),
            "-    self.close_idle()",
        ],
    ),
    Mutation(
        "a condition of the async connection turned round",
        "parity",
        [Replace(POOL, "proxy is None", "proxy is not None", after="class AsyncConnection(")],
        [
            At(
                POOL,
                "class AsyncConnection(",
                "def __init__(",
                says="AsyncConnection.__init__ differs from Connection.__init__: "
                "make both the same",
            )
        ],
    ),
    Mutation(
        "a statement of the sync loop changed",
        "parity",
        [Replace(LOOPS, "exchange(order, clients) if", "exchange(order, clients) or None if")],
        [
            At(
                LOOPS, "async def run_async(", says="run_async differs from run: make both the same"
            ),
            "exchange(order, clients) or None",
        ],
    ),
    Mutation(
        "one side renamed",
        "parity",
        [Replace(POOL, "class AsyncPool(", "class PoolAsync(")],
        [f"{POOL}: there is no _http.pool.AsyncPool: add it, or correct PAIRS"],
    ),
]


def public(what: str, edit: Edit, *says: str | At) -> Mutation:
    """Change the public API."""
    return Mutation(what, "public_api", [edit], [*says, ADVICE])


PUBLIC_API = [
    public(
        "a public name removed",
        Replace("ai_gate/__init__.py", '    "RateLimit",\n', ""),
        At(SNAPSHOT, "ai_gate.RateLimit()", says="is no more: ai_gate.RateLimit()"),
    ),
    public(
        "a public name added",
        Replace(ERRORS, '    "BadRequestError",\n', '    "BadRequestError",\n    "T",\n'),
        At(ERRORS, "T = TypeVar(", says="is new: ai_gate.errors.T = TypeVar('T')"),
    ),
    public(
        "a public method renamed",
        Replace(CLIENT, "    def close(self)", "    def shut(self)"),
        At(
            SNAPSHOT,
            "ai_gate.client.AIGateClient.close(",
            says="is no more: ai_gate.client.AIGateClient.close() -> None",
        ),
        At(CLIENT, "def shut(", says="is new: ai_gate.client.AIGateClient.shut() -> None"),
    ),
    public(
        "a public signature changed",
        Replace(CLIENT, "        debug: bool = False,\n", "", after="class AIGateClient("),
        At(
            SNAPSHOT,
            "ai_gate.client.AIGateClient.__init__(",
            says="is no more: ai_gate.client.AIGateClient.__init__(project_id",
        ),
        At(
            CLIENT,
            "class AIGateClient(",
            "def __init__(",
            says="is new: ai_gate.client.AIGateClient.__init__(project_id",
        ),
    ),
    public(
        "a method that needn't be awaited any more",
        Replace("ai_gate/webrtc/call.py", "async def stats(", "def stats("),
        At(
            SNAPSHOT,
            "async ai_gate.webrtc.call.Call.stats(",
            says="is no more: async ai_gate.webrtc.call.Call.stats(",
        ),
        At("ai_gate/webrtc/call.py", "def stats(", says="is new: ai_gate.webrtc.call.Call.stats("),
    ),
    public(
        "the value of a default changed",
        Replace(CLIENT, 'DEFAULT_VOICE = "echo"', 'DEFAULT_VOICE = "marin"'),
        At(
            CLIENT,
            "class AsyncAIGateClient(",
            "def create_session(",
            says="is new: async ai_gate.client.AsyncAIGateClient.create_session(",
        ),
        "voice: Voice | None = 'marin'",
    ),
    public(
        "an attribute of an error retyped",
        Replace(ERRORS, "status_code: int | None\n", "status_code: int\n"),
        At(
            SNAPSHOT,
            "ai_gate.errors.AIGateError.status_code",
            says="is no more: ai_gate.errors.AIGateError.status_code: int | None",
        ),
        At(
            ERRORS,
            "self.status_code = ",
            says="is new: ai_gate.errors.AIGateError.status_code: int",
        ),
    ),
    public(
        "a property of an error renamed",
        Replace(ERRORS, "def upgrade_url(", "def upgrade("),
        At(
            SNAPSHOT,
            "ai_gate.errors.QuotaExceededError.upgrade_url",
            says="is no more: ai_gate.errors.QuotaExceededError.upgrade_url: str | None",
        ),
        At(ERRORS, "def upgrade(", says="is new"),
    ),
    public(
        "the parent of an error changed",
        Replace(ERRORS, "APITimeoutError(APIConnectionError)", "APITimeoutError(AIGateError)"),
        At(
            ERRORS,
            "class APITimeoutError(",
            says="is new: ai_gate.errors.APITimeoutError(AIGateError)",
        ),
    ),
    public(
        "a field of a data class removed",
        Replace("ai_gate/_call/rate_limit.py", "    remaining: int | None\n", ""),
        At(
            SNAPSHOT,
            "ai_gate.RateLimit.remaining",
            says="is no more: ai_gate.RateLimit.remaining: int | None",
        ),
    ),
    public(
        "a method of the mock gate changed",
        Replace(
            "ai_gate/testing/_gate.py",
            "def advance(self, seconds: float)",
            "def advance(self, seconds: int)",
        ),
        At(
            "ai_gate/testing/_gate.py",
            "def advance(",
            says="is new: ai_gate.testing.MockGate.advance(seconds: int) -> None",
        ),
    ),
]


RELEASE = [
    Mutation(
        "the version changed, and not the changelog",
        "release",
        [Replace("ai_gate/_version.py", '__version__ = "', '__version__ = "9.')],
        [
            At("CHANGELOG.md", "## ", says="the newest entry is "),
            "ai_gate/_version.py:",
            " says 9.",
        ],
    ),
    Mutation(
        "the changelog changed, and not the version",
        "release",
        [Replace("CHANGELOG.md", "# Changelog\n", "# Changelog\n\n## 9.0.0\n")],
        [At("CHANGELOG.md", "## 9.0.0", says="the newest entry is 9.0.0, ai_gate/_version.py:")],
    ),
    Mutation(
        "a version of its own in the metadata",
        "release",
        [Replace("pyproject.toml", ', "version"]', ']\nversion = "9.0.0"')],
        ["pyproject.toml: the version must come from ai_gate/_version.py: have "],
    ),
    Mutation(
        "another oldest Python required",
        "release",
        [Replace("pyproject.toml", 'requires-python = ">=3.11"', 'requires-python = ">=3.12"')],
        [
            "pyproject.toml: requires-python is 3.12, the first classifier 3.11",
            "README.md: must say `Python 3.12 or newer`, as pyproject.toml requires",
        ],
    ),
    Mutation(
        "a Python classified that is never looked for",
        "release",
        [
            Replace(
                "pyproject.toml",
                '    "Topic :: Communications",\n',
                '    "Programming Language :: Python :: 3.99",\n    "Topic :: Communications",\n',
            )
        ],
        [
            "scripts/pythons: python3.99 is a classifier and isn't looked for",
            ".github/workflows/test.yml: 3.99 is a classifier and isn't tested",
        ],
    ),
    Mutation(
        "the oldest Python gone from the README",
        "release",
        [Replace("README.md", "Python 3.11 or newer", "a Python")],
        ["README.md: must say `Python 3.11 or newer`, as pyproject.toml requires"],
    ),
]


def named(document: str, line: str, missing: str) -> Mutation:
    """Name something in a document that isn't there."""
    return Mutation(
        f"{document} names {missing}",
        "documents",
        [Add(document, f"\n{line}\n")],
        [At(document, line, says=f"there is no {missing}: correct the name")],
    )


def ordered(command: str, missing: str) -> Mutation:
    """Tell the reader to run a command that fails."""
    return Mutation(
        f"the README's {command}",
        "documents",
        [Replace("README.md", "```bash\npip install ai-gate\n", f"```bash\n{command}\n")],
        [At("README.md", command, says=f"there is no {missing}: correct the name")],
    )


DOCUMENTS = [
    Mutation(
        "a make target that the README names renamed",
        "documents",
        [Replace("Makefile", "\ndemo: ", "\ntry: ")],
        [At("README.md", "make demo ", says="there is no `make demo`: correct the name")],
    ),
    ordered("make nothing", "`make nothing`"),
    ordered('make check CHECKS="lint nothing"', "check nothing"),
    ordered("make demo SPEED=1", "variable SPEED"),
    ordered("pip install other", "package other"),
    ordered('pip install "ai-gate[testing,nothing]"', "extra nothing"),
    ordered("python -m ai_gate.nothing", "`python -m ai_gate.nothing`"),
    ordered("python -m ai_gate.testing --nothing 1", "option --nothing"),
    ordered("black nothing", "nothing"),
    ordered("npm install", "rule for `npm`"),
    named("CONTRIBUTING.md", "Run `make nothing` first.", "`make nothing`"),
    named("CONTRIBUTING.md", "Or `python -m scripts.nothing`.", "`python -m scripts.nothing`"),
    named("CONTRIBUTING.md", "pip install -e '.[nothing]'", "extra nothing"),
    named("README.md", "See [here](docs/nothing.md).", "docs/nothing.md"),
    named("CONTRIBUTING.md", "It is in `scripts/checks/nothing.py`.", "scripts/checks/nothing.py"),
    named("CONTRIBUTING.md", "| `tests/nothing/` | no tests |", "tests/nothing/"),
    Mutation(
        "a file on the way of a call that isn't there",
        "documents",
        [
            Replace(
                "CONTRIBUTING.md", "```\n", "```\n_no/thing.py  no\n", after="## The way of a call"
            )
        ],
        [At("CONTRIBUTING.md", "_no/thing.py", says="there is no ai_gate/_no/thing.py")],
    ),
    named("README.md", "It is in `ai_gate.nothing`.", "ai_gate.nothing"),
]


def imported(what: str, path: str, statement: str, says: str) -> Mutation:
    """Import what a module must not know, or add a module."""
    return Mutation(what, "imports", [Add(path, f"\n{statement}\n")], [says])


IMPORTS = [
    imported(
        "an import that points up",
        "ai_gate/errors.py",
        "from ai_gate import _config",
        "ai_gate.errors is not allowed to import ai_gate._config",
    ),
    imported(
        "a circle in a folder",
        "ai_gate/webrtc/errors.py",
        "from ai_gate.webrtc import call",
        "No cycles are allowed in ai_gate.webrtc.",
    ),
    imported(
        "httpcore known elsewhere",
        "ai_gate/_config.py",
        "import httpcore",
        "ai_gate._config -> httpcore",
    ),
    imported(
        "asyncio known elsewhere",
        "ai_gate/_config.py",
        "import asyncio",
        "ai_gate._config -> asyncio",
    ),
    imported("a module in no layer", "ai_gate/_nothing.py", "NOTHING = 0", "_nothing"),
]

COMMANDS = [
    Mutation(
        "blanks that black takes out",
        "format",
        [
            Replace(
                "pyproject.toml",
                '"^/(generated|examples/basics)/"',
                '"^/(?!ai_gate/$|ai_gate/_version)"',
            ),
            Replace("ai_gate/_version.py", '__version__ = "', '__version__ =   "'),
        ],
        ["ai_gate/_version.py", '-__version__ =   "'],
    ),
    Mutation(
        "an import that nothing uses",
        "lint",
        [Add("ai_gate/_version.py", "import os\n")],
        ["F401 ", "--> ai_gate/_version.py:"],
    ),
    # In a file that imports nothing of the SDK, so that little is read.
    Mutation(
        "an await gone",
        "mypy",
        [
            Replace("pyproject.toml", 'files = ["ai_gate", ', f'files = ["{LEAF}"] # ["'),
            Replace(LEAF, "await asyncio.sleep(", "asyncio.sleep("),
        ],
        [At(LEAF, "asyncio.sleep(", says="error: "), "[unused-coroutine]"],
    ),
    Mutation(
        "a value of another type",
        "pyright",
        [
            Replace("pyproject.toml", 'include = ["ai_gate", ', f'include = ["{LEAF}"] # ["'),
            Replace(LEAF, "CHUNK = 65_536", 'CHUNK = "many"'),
        ],
        [f"{LEAF}:", "reportArgumentType"],
    ),
    Mutation(
        "an action that isn't pinned",
        "zizmor",
        [Replace(".github/workflows/check.yml", PINNED, "actions/checkout@v7")],
        ["error[unpinned-uses]", ".github/workflows/check.yml:"],
    ),
    Mutation(
        "a job that needs one that isn't there",
        "actionlint",
        [Replace(".github/workflows/release.yml", "needs: dist\n", "needs: built\n")],
        [".github/workflows/release.yml:", '"built"'],
    ),
    Mutation(
        "a bound that what is pinned isn't within",
        "constraints",
        [Replace("pyproject.toml", '"trio>=0.30"', '"trio>=0.30,<0.31"')],
        ["constraints.txt: ", "run `make lock`: - trio==", "+ trio==0.30."],
    ),
]

PROJECT: Sequence[Mutation] = [*PARITY, *PUBLIC_API, *RELEASE, *DOCUMENTS, *IMPORTS, *COMMANDS]
