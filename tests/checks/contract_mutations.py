"""Changes that break the spec itself, or part it from what is generated of it."""

from __future__ import annotations

from collections.abc import Sequence

from .tree import Add, At, Delete, Mutation, Replace

YAML = "openapi.yaml"
MODELS = "generated/ai_gate_api/models"
GENERATE = "run `make generate` and commit generated/"
SESSION_ANSWER = "#/paths/~1session/post/responses/200/content/application~1json/examples"

BROKEN = [
    Mutation(
        "an example of an answer that breaks its schema",
        "spec",
        [
            Replace(
                YAML,
                "silence_duration_ms: 200",
                "silence_duration_ms: soon",
                after="\n    session_stun_only:\n",
            )
        ],
        [f"{YAML}: {SESSION_ANSWER}/session_stun_only: " "$.turn_detection: {"],
    ),
    Mutation(
        "an example of an answer that lacks a required field",
        "spec",
        [Replace(YAML, "        session_id: aigate_session_01example\n", "")],
        [f"{YAML}: {SESSION_ANSWER}/session: $: 'session_id' is a required property"],
    ),
    Mutation(
        "an example of a request that breaks its schema",
        "spec",
        [Replace(YAML, "        temperature: 0.8\n", "        temperature: 1.8\n")],
        [
            f"{YAML}: #/paths/~1session/post/requestBody/content/application~1json/examples/"
            "customized: $.temperature: 1.8 is greater than the maximum of 1"
        ],
    ),
    Mutation(
        "an example of a timestamp that is none",
        "spec",
        [
            Replace(
                YAML,
                'created_at: "2030-01-01T00:00:00.000Z"',
                "created_at: tomorrow",
            )
        ],
        [
            f"{YAML}: {SESSION_ANSWER}/session_with_unknown_names: $.metadata.created_at: "
            "'tomorrow' is not a 'date-time'"
        ],
    ),
    Mutation(
        "an example of a header that breaks its schema",
        "spec",
        [Replace(YAML, "example: 99", "example: few")],
        [
            f"{YAML}: #/components/headers/X-RateLimit-Remaining/example: $: "
            "'few' is not of type 'integer'"
        ],
    ),
    Mutation(
        "a default that breaks its schema",
        "spec",
        [Replace(YAML, "          default: 0.7\n", "          default: warm\n")],
        [
            f"{YAML}: #/components/schemas/CreateSessionRequest/properties/temperature/default: "
            "$: 'warm' is not of type 'number'"
        ],
    ),
    Mutation(
        "a schema of an unknown type",
        "spec",
        [
            Replace(
                YAML,
                "_turn_enabled:\n          type: boolean",
                "_turn_enabled:\n          type: bool",
            )
        ],
        [
            f"{YAML}: #/components/schemas/TurnCredentials/properties/_turn_enabled/type: "
            "'bool' is not valid"
        ],
    ),
    Mutation(
        "a schema of a parameter that is none",
        "spec",
        [Replace(YAML, "            minLength: 1\n", "            minLength: one\n")],
        [
            f"{YAML}: #/paths/~1turn-credentials/get/parameters/0/schema/minLength: "
            "'one' is not of type 'integer'"
        ],
    ),
    Mutation(
        "a parameter in a place that OpenAPI doesn't know",
        "spec",
        [Replace(YAML, "in: query", "in: body")],
        [f'{YAML}: #/paths/~1turn-credentials/get/parameters/0/in: "body" is not one of'],
    ),
    Mutation(
        "a reference to nothing",
        "spec",
        [Replace(YAML, "schemas/IceServer", "schemas/IceServers")],
        [
            f"{YAML}: #/components/schemas/TurnCredentials/properties/iceServers/items/$ref: "
            "there is no #/components/schemas/IceServers"
        ],
    ),
    Mutation(
        "two operations of one name",
        "spec",
        [Replace(YAML, "operationId: getHealth", "operationId: getTurnCredentials")],
        [f"{YAML}: #: Operation ID 'getTurnCredentials' for 'get' in '/health' is not unique"],
    ),
    *[
        Mutation(
            "a key that stands twice",
            check,
            [Replace(YAML, "  version: 1.0.0\n", "  version: 1.0.0\n  version: 1.0.1\n")],
            [At(YAML, "version: 1.0.1", says='found duplicate key "version"')],
        )
        for check in ("spec", "types", "mock", "facade")
    ],
    Mutation(
        "an operation without a tag",
        "spectral",
        [Replace(YAML, "      tags: [turn]\n", "")],
        ["openapi.yaml", "operation-tags", "paths./turn-credentials.get"],
    ),
    Mutation(
        "an operation without a summary",
        "redocly",
        [Replace(YAML, "      summary: Get TURN credentials\n", "")],
        ["openapi.yaml", "operation-summary", "#/paths/~1turn-credentials/get/summary"],
    ),
]

GENERATED = [
    Mutation(
        "the spec edited, and nothing generated",
        "generated",
        [
            Replace(
                YAML,
                "        status:\n          type: string\n",
                "        region:\n          type: string\n        status:\n"
                "          type: string\n",
            )
        ],
        [
            f"{MODELS}/health_response.py: not what openapi.yaml gives: {GENERATE}",
            f"generated/ai_gate_api/openapi.json: not what openapi.yaml gives: {GENERATE}",
        ],
    ),
    Mutation(
        "generated files edited, missing and left over",
        "generated",
        [
            Add(f"{MODELS}/usage.py", "\n"),
            Delete(f"{MODELS}/ice_server.py"),
            Add(f"{MODELS}/region.py", "REGION = 1\n"),
        ],
        [
            f"{MODELS}/usage.py: not what openapi.yaml gives: {GENERATE}",
            f"{MODELS}/ice_server.py: missing: {GENERATE}",
            f"{MODELS}/region.py: left over: {GENERATE}",
        ],
    ),
    Mutation(
        "a spec that can't be generated from",
        "generated",
        [Replace(YAML, "schemas/IceServer", "schemas/IceServers")],
        ["openapi-python-client failed", "/components/schemas/IceServers"],
    ),
    Mutation(
        "another version of the generator pinned",
        "generated",
        [Replace("pyproject.toml", '"openapi-python-client==', '"openapi-python-client==9.')],
        ["openapi-python-client is ", "pinned is 9.", "run `make setup`"],
    ),
]

CONTRACT: Sequence[Mutation] = [*BROKEN, *GENERATED]
