"""Changes of the code and of what the project says of itself."""

from __future__ import annotations

from collections.abc import Sequence

from .tree import Add, At, Edit, Mutation, Replace

CLIENT = "ai_gate/client.py"
ERRORS = "ai_gate/errors.py"
TRANSPORT = "ai_gate/_transport.py"
SNAPSHOT = "docs/public_api.txt"
ADVICE = (
    f"{SNAPSHOT}: the public API has changed: where that is meant, run `make snapshot` and say it "
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
        "temperature: float = DEFAULT_TEMPERATURE",
        "temperature: float = 0.9",
        "create_session",
        ["temperature: float=0.9"],
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
                "    async def ping(self) -> None:\n        await self._connections.aclose()\n\n"
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
                "\n    def ping(self) -> None:\n        self._connections.close()\n\n"
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
        "a statement of the async transport gone",
        "parity",
        [Replace(TRANSPORT, "        self._closed = True\n", "", after="class AsyncTransport:")],
        [
            At(
                TRANSPORT,
                "class AsyncTransport:",
                "def aclose(",
                says="AsyncTransport.close differs from Transport.close: make both the same",
            ),
            "-    self._closed = True",
        ],
    ),
    Mutation(
        "a condition of the async transport turned round",
        "parity",
        [
            Replace(
                TRANSPORT,
                "if self._closed or ",
                "if not self._closed or ",
                after="class AsyncTransport:",
            )
        ],
        [
            At(
                TRANSPORT,
                "class AsyncTransport:",
                "def release(",
                says="AsyncTransport.release differs from Transport.release: make both the same",
            )
        ],
    ),
    Mutation(
        "a statement of the sync driver changed",
        "parity",
        [Replace("ai_gate/_drivers.py", "time.sleep(", "time.sleep(1 + ")],
        [
            At(
                "ai_gate/_drivers.py",
                "async def run_async(",
                says="run_async differs from run: make both the same",
            ),
            "time.sleep(1 + ",
        ],
    ),
    Mutation(
        "one side renamed",
        "parity",
        [Replace("ai_gate/_sender.py", "class AsyncOwnConnections(", "class OwnAsyncConnections(")],
        ["ai_gate/_sender.py: there is no AsyncOwnConnections: add it, or correct PAIRS"],
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
        "the value of a default changed",
        Replace(CLIENT, 'DEFAULT_VOICE = "echo"', 'DEFAULT_VOICE = "marin"'),
        At(
            CLIENT,
            "class AsyncAIGateClient(",
            "def create_session(",
            says="is new: ai_gate.client.AsyncAIGateClient.create_session(",
        ),
        "voice: Voice = 'marin'",
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
        Replace("ai_gate/_rate_limit.py", "    remaining: int | None\n", ""),
        At(
            "ai_gate/_rate_limit.py",
            "@dataclass",
            says="is new: ai_gate.RateLimit.__init__(limit: int | None, reset_at",
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


def named(document: str, line: str, missing: str) -> Mutation:
    """Name something in a document that isn't there."""
    return Mutation(
        f"{document} names {missing}",
        "release",
        [Add(document, f"\n{line}\n")],
        [At(document, line, says=f"there is no {missing}: correct the name")],
    )


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
        [Replace("pyproject.toml", 'dynamic = ["version"]', 'version = "9.0.0"')],
        ["pyproject.toml: the version must come from ai_gate/_version.py: have `dynamic"],
    ),
    Mutation(
        "another oldest Python required",
        "release",
        [Replace("pyproject.toml", 'requires-python = ">=3.11"', 'requires-python = ">=3.12"')],
        [
            "pyproject.toml: requires-python is 3.12, the first classifier 3.11",
            "README.md: says Python 3.11, pyproject.toml requires 3.12",
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
        ["scripts/pythons: python3.99 is a classifier and isn't looked for"],
    ),
    Mutation(
        "a make target that the README names renamed",
        "release",
        [Replace("Makefile", "\ndemo: ", "\ntry: ")],
        [At("README.md", "make demo ", says="there is no `make demo`: correct the name")],
    ),
    named("README.md", "make nothing", "`make nothing`"),
    named("CONTRIBUTING.md", "Run `make nothing` first.", "`make nothing`"),
    named("README.md", "Or `python -m ai_gate.nothing`.", "`python -m ai_gate.nothing`"),
    named("CONTRIBUTING.md", "python -m scripts.nothing", "`python -m scripts.nothing`"),
    named("README.md", 'pip install "ai-gate[nothing]"', "extra nothing"),
    named("CONTRIBUTING.md", "pip install -e '.[nothing]'", "extra nothing"),
    named("README.md", "See [here](docs/nothing.md).", "docs/nothing.md"),
    named("CONTRIBUTING.md", "It is in `scripts/checks/nothing.py`.", "scripts/checks/nothing.py"),
    named("CONTRIBUTING.md", "| `tests/nothing/` | no tests |", "tests/nothing/"),
    named("CONTRIBUTING.md", "_nothing.py       nothing", "ai_gate/_nothing.py"),
]

COMMANDS = [
    Mutation(
        "blanks that black takes out",
        "format",
        [Replace("ai_gate/_version.py", '__version__ = "', '__version__ =   "')],
        ["ai_gate/_version.py", '-__version__ =   "'],
    ),
    Mutation(
        "an import that nothing uses",
        "lint",
        [Add("ai_gate/_version.py", "import os\n")],
        ["F401 ", "--> ai_gate/_version.py:"],
    ),
    Mutation(
        "an await gone, which parity can't see",
        "mypy",
        [Replace(CLIENT, "await self._connections.aclose()", "self._connections.aclose()")],
        [
            At(CLIENT, ASYNC, "self._connections.aclose()", says="error: "),
            "[unused-coroutine]",
        ],
    ),
    Mutation(
        "a value of another type",
        "pyright",
        [Replace(CLIENT, "DEFAULT_TEMPERATURE = 0.7", 'DEFAULT_TEMPERATURE = "warm"')],
        ["ai_gate/client.py:", "reportArgumentType"],
    ),
]

PROJECT: Sequence[Mutation] = [*PARITY, *PUBLIC_API, *RELEASE, *COMMANDS]
