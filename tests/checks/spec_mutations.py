"""Changes of the spec that the code, the mock gate or the documents must follow."""

from __future__ import annotations

from collections.abc import Sequence

from .tree import Add, At, Edit, Mutation, Replace

YAML = "openapi.yaml"
TYPES = "ai_gate/types.py"
CLIENT = "ai_gate/client.py"
REFERENCE = "docs/reference/clients.md"
CLIENTS = ("AIGateClient", "AsyncAIGateClient")
METADATA = "      required: [model, voice, turn_server, created_at]\n"
TEMPERATURE = "          maximum: 1\n          default: 0.7\n"
WARMER = Replace(YAML, TEMPERATURE, TEMPERATURE.replace("0.7", "0.8"))
WARMER_CODE = Replace(CLIENT, "DEFAULT_TEMPERATURE = 0.7", "DEFAULT_TEMPERATURE = 0.8")
SPEED = "        speed:\n          type: number\n          default: 1.0\n"
EXTRA_BODY = "        *,\n        extra_body"
PATHS_END = "\ncomponents:\n  schemas:\n"


def add_property(schema: str, text: str) -> Replace:
    """Give a schema one property more, its first."""
    start = "      properties:\n"
    return Replace(YAML, start, start + text, after=f"\n    {schema}:\n")


def in_both(method: str, says: str) -> list[At]:
    """What is said of a method of both clients."""
    definition = f"def {method}("
    return [
        At(CLIENT, f"\nclass {client}(", definition, says=f"{client}.{method}(){says}")
        for client in CLIENTS
    ]


def lacks(parameter: str, method: str = "create_session") -> list[At]:
    """What is said if both clients lack a parameter."""
    return in_both(method, f" lacks the parameter: add `{parameter}`")


def offer(parameter: str, client: str) -> Replace:
    """Give `create_session` of a client one parameter more, its last by place."""
    return Replace(
        CLIENT,
        EXTRA_BODY,
        f"        {parameter},\n{EXTRA_BODY}",
        after=f"\nclass {client}(",
    )


def document(old: str, new: str) -> list[Edit]:
    """Say something else in the docstrings of both clients."""
    return [Replace(CLIENT, old, new, after=f"\nclass {client}(") for client in CLIENTS]


OPERATION_ADDED = Mutation(
    "an operation added",
    "facade",
    [
        Replace(
            YAML,
            PATHS_END,
            """
  /models:
    get:
      operationId: listModels
      tags: [sessions]
      summary: List the models
      responses:
        "200":
          description: Like the state of the gate.
          content:
            application/json:
              schema:
                $ref: "#/components/schemas/HealthResponse"
              examples:
                healthy:
                  $ref: "#/components/examples/healthy"
""" + PATHS_END,
        )
    ],
    [
        At(
            CLIENT,
            f"class {client}(",
            says=f"{client} lacks list_models(): add it, or list it in NOT_OFFERED",
        )
        for client in CLIENTS
    ],
)

ANSWERS = [
    Mutation(
        "an optional field added to an answer",
        "types",
        [add_property("SessionResponse", "        region:\n          type: string\n")],
        [
            At(
                TYPES,
                "class SessionResponse(",
                says="SessionResponse lacks the key: add `region: NotRequired[str]`",
            )
        ],
    ),
    Mutation(
        "a required field added within an answer",
        "types",
        [
            Replace(YAML, "[plan, sessionsUsed]", "[plan, sessionsUsed, currency]"),
            add_property("Usage", "        currency:\n          type: string\n"),
        ],
        [At(TYPES, "class Usage(", says="Usage lacks the key: add `currency: str`")],
    ),
    Mutation(
        "a field of any type added",
        "types",
        [add_property("Usage", "        extra:\n          description: Anything.\n")],
        [At(TYPES, "class Usage(", says="Usage lacks the key: add `extra: NotRequired[Any]`")],
    ),
    Mutation(
        "a field removed from an answer",
        "types",
        [
            Replace(
                YAML,
                "        hint:\n          type: string\n          description: What can be done "
                "about it, for a person.\n",
                "",
            )
        ],
        [
            At(
                TYPES,
                "class ConcurrentLimitResponse(",
                "hint:",
                says="ConcurrentLimitResponse.hint is not in the spec: remove it",
            )
        ],
    ),
    Mutation(
        "a field retyped in an answer",
        "types",
        [Replace(YAML, "threshold:\n          type: number", "threshold:\n          type: string")],
        [
            At(
                TYPES,
                "class TurnDetection(",
                "threshold:",
                says="TurnDetection.threshold must be `NotRequired[str]`, "
                "not `NotRequired[float]`",
            )
        ],
    ),
    Mutation(
        "a field retyped that its typed dict inherits",
        "types",
        [
            Replace(
                YAML,
                "message:\n          type: string",
                "message:\n          type: integer",
                after="\n    QuotaExceededResponse:\n",
            )
        ],
        [
            At(
                TYPES,
                "class ErrorResponse(",
                "message:",
                says="QuotaExceededResponse.message must be `int`, not `str`",
            )
        ],
    ),
    Mutation(
        "a field made optional",
        "types",
        [Replace(YAML, METADATA, METADATA.replace(" turn_server,", ""))],
        [
            At(
                TYPES,
                "class SessionMetadata(",
                "turn_server:",
                says="SessionMetadata.turn_server must be `NotRequired[str]`, not `str`",
            )
        ],
    ),
    Mutation(
        "a field made required",
        "types",
        [Replace(YAML, "required: [id, model, turn", "required: [id, model, voice, turn")],
        [
            At(
                TYPES,
                "class SessionResponse(",
                "voice:",
                says="SessionResponse.voice must be `str`, not `NotRequired[str]`",
            )
        ],
    ),
    Mutation(
        "a schema added",
        "types",
        [
            Replace(
                YAML,
                "    ErrorResponse:\n      type",
                "    Region:\n      type: object\n      properties:\n        name:\n"
                "          type: string\n\n    ErrorResponse:\n      type",
            )
        ],
        [f"{TYPES}: Region is missing: add a TypedDict for this schema"],
    ),
    Mutation(
        "a name added to the known voices",
        "types",
        [Replace(YAML, "examples: [alloy, ash", "examples: [alloy, aria, ash")],
        [At(TYPES, "Voice: TypeAlias", says="Voice must be `Literal['alloy', 'aria', 'ash'")],
    ),
    Mutation(
        "a typed dict changed without the spec",
        "types",
        [Replace(TYPES, "    plan: str\n", "    plan: int\n")],
        [At(TYPES, "    plan:", says="Usage.plan must be `str`, not `int`")],
    ),
    Mutation(
        "a typed dict without a schema",
        "types",
        [Add(TYPES, '\n\nclass Region(TypedDict):\n    """A region."""\n\n    name: str\n')],
        [At(TYPES, "class Region(", says="Region has no schema in the spec: remove it")],
    ),
]

MOCK = [
    Mutation(
        f"a field added to {schema}, and to no example",
        "mock",
        [add_property(schema, "        region:\n          type: string\n")],
        [f"{YAML}: {message}"],
    )
    for schema, message in {
        "SessionResponse": "#/components/examples/session/value lacks `region`: add it",
        "SessionMetadata": "#/components/examples/session/value/metadata lacks `region`: add it",
        "TurnDetection": "#/components/examples/session/value/turn_detection lacks `region`: add",
        "IceServer": "no item of #/components/examples/turn_credentials/value/iceServers has "
        "`region`: add it to one of them",
        "HealthResponse": "#/components/examples/healthy/value lacks `region`: add it",
        "Usage": "#/components/examples/quota_exceeded/value/usage lacks `region`: add it",
        "RateLimitResponse": "#/components/examples/rate_limit/value lacks `region`: add it",
        "ErrorResponse": "#/components/examples/unknown_project/value lacks `region`: add it",
    }.items()
]

DEFAULTS = [
    Mutation(
        "a default changed, and no signature",
        "facade",
        [WARMER],
        in_both(
            "create_session",
            ": temperature must be 0.8 by default, as in the spec, not 0.7 by default",
        ),
    ),
    Mutation(
        "a default changed in the signatures, and in no docstring",
        "facade",
        [WARMER, WARMER_CODE],
        in_both("create_session", ": the docstring of temperature must say (default: `0.8`)"),
    ),
    Mutation(
        "a default changed everywhere but in the reference",
        "reference",
        [WARMER, WARMER_CODE, *document("(default: `0.7`)", "(default: `0.8`)")],
        [
            At(
                REFERENCE,
                "create_session(",
                says="create_session(): temperature is 0.8 by default, not 0.7",
            )
        ],
    ),
    Mutation(
        "the model's default changed",
        "reference",
        [
            Replace(
                CLIENT,
                'DEFAULT_MODEL = "gpt-4o-realtime-preview-2024-10-01"',
                'DEFAULT_MODEL = "gpt-realtime"',
            )
        ],
        [
            At(
                "README.md",
                "the documented default, ",
                says="`gpt-4o-realtime-preview-2024-10-01` is no parameter's default",
            )
        ],
    ),
    Mutation(
        "a default changed that the command's help states",
        "reference",
        [Replace(CLIENT, 'DEFAULT_VOICE = "echo"', 'DEFAULT_VOICE = "marin"')],
        [At("ai_gate/cli/_parser.py", '"--voice"', says="--voice is marin by default, not echo")],
    ),
    Mutation(
        "the default of a constructor's argument changed",
        "reference",
        [Replace("ai_gate/_config.py", "DEFAULT_MAX_RETRIES = 2", "DEFAULT_MAX_RETRIES = 4")],
        [
            At(
                "docs/guides/errors.md",
                "`max_retries` (default: ",
                says="`2` is no parameter's default",
            ),
            At(
                REFERENCE,
                "```python\n",
                "AIGateClient(",
                says="AIGateClient(): max_retries is 4 by default, not 2",
            ),
        ],
    ),
    Mutation(
        "the default of a constructor's argument changed",
        "facade",
        [Replace("ai_gate/_config.py", "DEFAULT_TIMEOUT = 30.0", "DEFAULT_TIMEOUT = 60.0")],
        in_both("__init__", ": the docstring of timeout must say (default: `60.0`)"),
    ),
    Mutation(
        "the address of the gate changed",
        "facade",
        [Replace(YAML, "url: https://api.ai-gate.dev\n", "url: https://eu.ai-gate.dev\n")],
        [
            At(
                CLIENT,
                f"\nclass {client}(",
                "def __init__(",
                says=f"{client}: base_url must be 'https://eu.ai-gate.dev' by default, "
                "not 'https://api.ai-gate.dev'",
            )
            for client in CLIENTS
        ],
    ),
    Mutation(
        "a parameter that the reference shows where it can't be given",
        "reference",
        [
            Replace(
                REFERENCE,
                "    debug: bool = False,\n    *,\n",
                "    *,\n    debug: bool = False,\n",
            )
        ],
        [
            At(
                REFERENCE,
                "```python\n",
                "AIGateClient(",
                says="AIGateClient(): the parameters are ",
            ),
            "project_id, base_url, timeout, debug, *, max_retries, http_client, limiter, not ",
        ],
    ),
    Mutation(
        "another result in the reference",
        "reference",
        [Replace(REFERENCE, "get_turn_credentials() -> TurnCredentials", "get_turn_credentials()")],
        ["get_turn_credentials(): it returns TurnCredentials, not None"],
    ),
    Mutation(
        "a public property that the reference doesn't name",
        "reference",
        [Replace("ai_gate/_base_client.py", "def rate_limit(", "def last_limit(")],
        [f"{REFERENCE}: {client}.last_limit is missing: say what it does" for client in CLIENTS],
    ),
    Mutation(
        "a parameter documented that there isn't",
        "facade",
        document(
            "            voice: The voice (",
            "            speed: No.\n            voice: The voice (",
        ),
        in_both("create_session", ": the docstring has speed, which is no parameter"),
    ),
    Mutation(
        "a method that the reference shows renamed",
        "reference",
        [
            Replace(
                CLIENT, "def get_turn_credentials(", "def get_turn(", after="class AIGateClient("
            )
        ],
        [
            At(
                REFERENCE,
                "get_turn_credentials(",
                says="",
            ),
            "there is no get_turn_credentials()",
            f"{REFERENCE}: the signature of get_turn() is missing from the API reference",
        ],
    ),
]

PARAMETERS = [
    Mutation(
        "a parameter with a default added to a request",
        "facade",
        [add_property("CreateSessionRequest", SPEED)],
        lacks("speed: float | None = 1.0"),
    ),
    Mutation(
        "a parameter without a default added to a request",
        "facade",
        [add_property("CreateSessionRequest", "        language:\n          type: string\n")],
        lacks("language: str | None = None"),
    ),
    Mutation(
        "a required parameter added to a request",
        "facade",
        [
            Replace(YAML, "required: [project_id]", "required: [project_id, region]"),
            add_property("CreateSessionRequest", "        region:\n          type: string\n"),
        ],
        lacks("region: str"),
    ),
    Mutation(
        "a parameter added to a query",
        "facade",
        [
            Replace(
                YAML,
                "      parameters:\n",
                "      parameters:\n        - name: ttl\n          in: query\n"
                "          schema:\n            type: integer\n            default: 600\n",
                after="\n  /turn-credentials:\n",
            )
        ],
        lacks("ttl: int | None = 600", "get_turn_credentials"),
    ),
    Mutation(
        "a shared parameter added to a path",
        "facade",
        [
            Replace(
                YAML,
                "  /turn-credentials:\n",
                "  /turn-credentials:\n    parameters:\n"
                '      - $ref: "#/components/parameters/Region"\n',
            ),
            Replace(
                YAML,
                "\ncomponents:\n",
                "\ncomponents:\n  parameters:\n    Region:\n      name: region\n      in: query\n"
                "      schema:\n        type: string\n",
            ),
        ],
        lacks("region: str | None = None", "get_turn_credentials"),
    ),
    *[
        Mutation(
            f"a parameter offered by {other} alone",
            "facade",
            [
                add_property("CreateSessionRequest", SPEED),
                offer("speed: float | None = 1.0", other),
            ],
            [
                At(
                    CLIENT,
                    f"\nclass {client}(",
                    "def create_session(",
                    says=f"{client}.create_session() lacks the parameter: "
                    "add `speed: float | None = 1.0`",
                )
            ],
        )
        for client, other in [CLIENTS, CLIENTS[::-1]]
    ],
    Mutation(
        "a parameter offered with another type, default and no documentation",
        "facade",
        [
            add_property("CreateSessionRequest", SPEED),
            *[offer("speed: int | None = 2", client) for client in CLIENTS],
        ],
        [
            *in_both("create_session", ": speed must be float | None, not int | None"),
            *in_both(
                "create_session",
                ": speed must be 1.0 by default, as in the spec, not 2 by default",
            ),
            *in_both("create_session", ": the docstring lacks speed"),
        ],
    ),
    Mutation(
        "a required parameter offered as an optional one",
        "facade",
        [
            Replace(YAML, "required: [project_id]", "required: [project_id, region]"),
            add_property("CreateSessionRequest", "        region:\n          type: string\n"),
            *[offer("region: str = 'eu'", client) for client in CLIENTS],
        ],
        in_both("create_session", ": region must be required, as in the spec, not 'eu' by default"),
    ),
    Mutation(
        "a parameter removed from a request",
        "facade",
        [
            Replace(
                YAML,
                "        instructions:\n          type: string\n          description: The system "
                "instructions of the model.\n          default: You are a helpful assistant\n",
                "",
            )
        ],
        in_both("create_session", ": the spec has no parameter instructions: remove it"),
    ),
    Mutation(
        "a parameter that None doesn't leave out",
        "facade",
        [
            Replace(CLIENT, "voice: Voice | None", "voice: Voice", after=f"\nclass {client}(")
            for client in CLIENTS
        ],
        in_both("create_session", ": voice must be str | None, not Voice"),
    ),
    Mutation(
        "a request without further fields",
        "facade",
        [
            Replace(
                YAML,
                "      additionalProperties: true\n      required: [project_id]",
                "      required: [project_id]",
            )
        ],
        in_both("create_session", ": the spec has no parameter extra_body: remove it"),
    ),
    Mutation(
        "further fields of a request by place",
        "facade",
        [
            Replace(CLIENT, EXTRA_BODY, "        extra_body", after=f"\nclass {client}(")
            for client in CLIENTS
        ],
        in_both("create_session", ": extra_body alone must be keyword-only: see extra_body"),
    ),
]

CONNECT = [
    Mutation(
        "a parameter of a session that connect lacks",
        "facade",
        [
            Replace(
                CLIENT,
                "        temperature: float | None = DEFAULT_TEMPERATURE,\n",
                "",
                after="    def connect(",
            )
        ],
        [
            At(
                CLIENT,
                "def connect(",
                says="AsyncAIGateClient.connect() must begin with `model: Model | None = "
                "DEFAULT_MODEL, ",
            )
        ],
    ),
    Mutation(
        "a default of a session that connect has otherwise",
        "facade",
        [Replace(CLIENT, "= DEFAULT_VOICE", '= "marin"', after="    def connect(")],
        [
            At(CLIENT, "def connect(", says="AsyncAIGateClient.connect() must begin with "),
            "as create_session(), not `model: Model | None = DEFAULT_MODEL, "
            "voice: Voice | None = 'marin'",
        ],
    ),
    Mutation(
        "a parameter of a session that connect doesn't pass on",
        "facade",
        [
            Replace(
                CLIENT,
                ", extra_body=extra_body\n            ),\n            **",
                ")\n            **",
            )
        ],
        [
            At(
                CLIENT,
                "def connect(",
                says="AsyncAIGateClient.connect() must pass its parameters on: have `self."
                "create_session(model, voice, temperature, instructions, extra_body=extra_body)`",
            )
        ],
    ),
]

NAMES = [
    Mutation(
        "the path renamed that has the project ID in its query",
        "names",
        [Replace(YAML, "\n  /turn-credentials:\n", "\n  /ice-servers:\n")],
        [
            "ai_gate/_redaction.py: MaskedLines must mask the project ID in "
            "/ice-servers?identifier=..., as in the spec"
        ],
    ),
    Mutation(
        "the parameter renamed that is the project ID",
        "names",
        [
            Replace(YAML, "- name: identifier", "- name: project_id"),
        ],
        [
            "ai_gate/_redaction.py: MaskedLines must mask the project ID in "
            "/turn-credentials?project_id=..., as in the spec",
            "ai_gate/_redaction.py: without_quotes must mask the project ID in "
            "/turn-credentials?project_id=..., as in the spec",
        ],
    ),
    Mutation(
        "a secret that the masks don't know",
        "names",
        [
            Replace(
                YAML,
                "description: The user name of a TURN server.",
                "format: password\n          description: The user name of a TURN server.",
            )
        ],
        ["ai_gate/_redaction.py: SECRET_NAMES must have username, a secret (format: password)"],
    ),
    Mutation(
        "a header renamed that the code reads",
        "names",
        [Replace(YAML, "    CF-Ray:\n      description", "    Ray-ID:\n      description")],
        [
            At(
                "ai_gate/errors.py",
                'headers.get("cf-ray")',
                says="the spec has no cf-ray: correct it, or list it in ELSEWHERE",
            )
        ],
    ),
    Mutation(
        "a field renamed that an error reads",
        "names",
        [Replace(YAML, "        upgrade_url:\n          type", "        upgrade:\n          type")],
        [At("ai_gate/errors.py", '"upgrade_url"', says="the spec has no upgrade_url")],
    ),
]

OPERATIONS = [
    OPERATION_ADDED,
    Mutation(
        "an operation offered by one client alone",
        "facade",
        [
            Replace(
                CLIENT,
                "def get_turn_credentials(",
                "def _get_turn_credentials(",
                after="class AsyncAIGateClient(",
            )
        ],
        [
            At(
                CLIENT,
                "class AsyncAIGateClient(",
                says="AsyncAIGateClient lacks get_turn_credentials(): add it, or list it",
            )
        ],
    ),
]

SPEC: Sequence[Mutation] = [*ANSWERS, *MOCK, *DEFAULTS, *PARAMETERS, *CONNECT, *NAMES, *OPERATIONS]
