"""What an answer holds may only shrink, but for what is new in it."""

import pytest

from tests.spec_diff.spec import SCHEMAS, SPEC, Case, Edits

ANSWERS = "paths/~1session/post/responses"
SECRET = f"{SCHEMAS}/ClientSecret"
USAGE = f"{SCHEMAS}/Usage"
PLAN = f"{USAGE}/properties/plan"
ICE_SERVER = f"{SCHEMAS}/IceServer/properties"
HEALTH = f"{SCHEMAS}/HealthResponse"
ERROR = {"$ref": f"#/{SCHEMAS}/ErrorResponse"}
CONFLICT = {
    "description": "The project is busy.",
    "content": {
        "application/json": {
            "schema": ERROR,
            "examples": {
                "busy": {"value": {"error": "busy", "message": "Busy"}},
                "very_busy": {"value": {"error": "busy", "message": "Very busy"}},
            },
        }
    },
}
ERRORS = [
    *(f"POST /session {status}" for status in (400, 401, 429, 500, 503, "default")),
    *(f"GET /turn-credentials {status}" for status in (400, 401, 429, 500, 503, "default")),
    "GET /health 4XX",
]
"""Where an answer can be an `ErrorResponse`."""


def plan(**schema: object) -> Edits:
    return {PLAN: {"type": "string", **schema}}


CASES = {
    "no longer always there": Case(
        {f"{SCHEMAS}/SessionMetadata/required": ["model", "voice", "created_at"]},
        ["! POST /session 200: `metadata.turn_server` may now be missing"],
        ["- POST /session 200: `metadata.turn_server` is now always there"],
    ),
    "new field": Case(
        {f"{USAGE}/properties/trial": {"type": "boolean"}},
        ["- POST /session 402: new field `usage.trial` (boolean, sometimes missing)"],
        ["! POST /session 402: `usage.trial` is gone"],
    ),
    "new field that is always there": Case(
        {
            f"{HEALTH}/properties/region": {"type": "string"},
            f"{HEALTH}/required": ["status", "region"],
        },
        ["- GET /health 200: new field `region` (string, always there)"],
        ["! GET /health 200: `region` is gone"],
    ),
    "object": Case(
        {
            f"{SCHEMAS}/QuotaExceededResponse/properties/usage": ...,
            f"{SCHEMAS}/QuotaExceededResponse/required": ["error", "message", "upgrade_url"],
        },
        ["! POST /session 402: `usage` is gone"],
        ["- POST /session 402: new field `usage` (object, always there)"],
    ),
    "shared schema": Case(
        {f"{ICE_SERVER}/urls": {"type": "string"}},
        [
            "- POST /session 200: `turn_credentials.iceServers[].urls` is now string,"
            " was string or list of strings",
            "- GET /turn-credentials 200: `iceServers[].urls` is now string,"
            " was string or list of strings",
        ],
        [
            "! POST /session 200: `turn_credentials.iceServers[].urls` is now string or list of"
            " strings, was string",
            "! GET /turn-credentials 200: `iceServers[].urls` is now string or list of strings,"
            " was string",
        ],
    ),
    "another type": Case(
        {f"{SECRET}/properties/expires_at": {"type": "string"}},
        [
            "! POST /session 200: `client_secret.expires_at` is now string,"
            " was integer with format `int64`"
        ],
        [
            "! POST /session 200: `client_secret.expires_at` is now integer with format `int64`,"
            " was string"
        ],
    ),
    "null as a type": Case(
        {f"{SECRET}/properties/value/type": ["string", "null"]},
        ["! POST /session 200: `client_secret.value` may now also be null"],
        ["- POST /session 200: `client_secret.value` may no longer be null"],
    ),
    "null as an alternative": Case(
        {
            f"{SCHEMAS}/SessionResponse/properties/client_secret": {
                "oneOf": [{"$ref": f"#/{SECRET}"}, {"type": "null"}]
            }
        },
        ["! POST /session 200: `client_secret` may now also be null"],
        ["- POST /session 200: `client_secret` may no longer be null"],
    ),
    "object that can be nothing but null": Case(
        {f"{SCHEMAS}/SessionResponse/properties/turn_detection": {"type": "null"}},
        ["- POST /session 200: `turn_detection` is now null, was object or null"],
        ["! POST /session 200: `turn_detection` is now object or null, was null"],
    ),
    "list of an object": Case(
        {
            f"{SCHEMAS}/QuotaExceededResponse/properties/usage": {
                "type": "array",
                "items": {"$ref": f"#/{USAGE}"},
            }
        },
        ["! POST /session 402: `usage` is now list of objects, was object"],
        ["! POST /session 402: `usage` is now object, was list of objects"],
    ),
    "values of an object": Case(
        {
            f"{USAGE}/properties/daily": {
                "type": "object",
                "additionalProperties": {"type": "number"},
            }
        },
        ["! POST /session 402: `usage.daily` is now object of numbers, was object of integers"],
        ["- POST /session 402: `usage.daily` is now object of integers, was object of numbers"],
        base={
            f"{USAGE}/properties/daily": {
                "type": "object",
                "additionalProperties": {"type": "integer"},
            }
        },
    ),
    "value of an enum": Case(
        plan(enum=["free", "starter"]),
        ["! POST /session 402: `usage.plan` may now also be `starter`"],
        ["- POST /session 402: `usage.plan` may no longer be `starter`"],
        base=plan(enum=["free"]),
    ),
    "known value": Case(
        plan(examples=["free", "starter"]),
        ["- POST /session 402: `usage.plan` has new known values: `starter`"],
        ["- POST /session 402: `usage.plan` has fewer known values, without `starter`"],
        base=plan(examples=["free"]),
    ),
    "format": Case(
        plan(format="uri"),
        ["- POST /session 402: `usage.plan` is now string with format `uri`, was string"],
        ["! POST /session 402: `usage.plan` is now string, was string with format `uri`"],
        base=plan(),
    ),
    "default": Case(plan(default="free"), [], [], base=plan()),
    "further fields": Case({f"{USAGE}/additionalProperties": False}, [], []),
    "alternative": Case(
        {"components/responses/RequestLimit/content/application~1json/schema": ERROR},
        [
            "! GET /turn-credentials 429: `limit` is gone",
            "! GET /turn-credentials 429: `window` is gone",
            "! GET /turn-credentials 429: `resetAt` is gone",
        ],
        [
            "- GET /turn-credentials 429: new field `limit` (integer, sometimes missing)",
            "- GET /turn-credentials 429: new field `window` (string, sometimes missing)",
            "- GET /turn-credentials 429: new field `resetAt`"
            " (string with format `date-time`, sometimes missing)",
        ],
    ),
    "alternative without a field": Case(
        {f"{SCHEMAS}/ErrorResponse/required": ["error"]},
        [f"! {place}: `message` may now be missing" for place in ERRORS],
        [f"- {place}: `message` is now always there" for place in ERRORS],
    ),
    "alternatives that differ in a field": Case(
        {
            HEALTH: {
                "anyOf": [
                    {"required": ["status"], "properties": {"status": {"type": kind}}}
                    for kind in ("string", "integer")
                ]
            }
        },
        ["! GET /health 200: `status` is now string or integer, was string"],
        ["- GET /health 200: `status` is now string, was string or integer"],
    ),
    "all of several": Case(
        {
            HEALTH: {
                "allOf": [
                    {"$ref": f"#/{SCHEMAS}/HealthResponse2"},
                    {"required": ["region"], "properties": {"region": {"type": "string"}}},
                ]
            },
            f"{SCHEMAS}/HealthResponse2": SPEC["components"]["schemas"]["HealthResponse"],
        },
        ["- GET /health 200: new field `region` (string, always there)"],
        ["! GET /health 200: `region` is gone"],
    ),
    "the same, said in place": Case(
        {
            f"{SCHEMAS}/SessionResponse/properties/client_secret": (
                SPEC["components"]["schemas"]["ClientSecret"]
            )
        },
        [],
        [],
    ),
    "header": Case(
        {"components/responses/Unavailable/headers/Retry-After": ...},
        [
            "! POST /session 503: the header `Retry-After` is gone",
            "! GET /turn-credentials 503: the header `Retry-After` is gone",
        ],
        [
            "- POST /session 503: new header `Retry-After` (string, sometimes missing)",
            "- GET /turn-credentials 503: new header `Retry-After` (string, sometimes missing)",
        ],
    ),
    "header in other letters": Case(
        {
            "components/responses/InternalError/headers": {
                "cf-ray": {"$ref": "#/components/headers/CF-Ray"}
            }
        },
        [],
        [],
    ),
    "status": Case(
        {f"{ANSWERS}/409": CONFLICT},
        ["- POST /session 409: new answer, error code `busy`"],
        ["! POST /session 409: the answer is gone"],
    ),
    "error code": Case(
        {"components/examples/invalid_request/value/error": "bad_request"},
        [
            "- POST /session 400: new error code `bad_request`",
            "! POST /session 400: the error code `invalid_request` is gone",
            "- GET /turn-credentials 400: new error code `bad_request`",
            "! GET /turn-credentials 400: the error code `invalid_request` is gone",
        ],
        [
            "- POST /session 400: new error code `invalid_request`",
            "! POST /session 400: the error code `bad_request` is gone",
            "- GET /turn-credentials 400: new error code `invalid_request`",
            "! GET /turn-credentials 400: the error code `bad_request` is gone",
        ],
    ),
    "status of an example": Case(
        {
            "paths/~1health/get/responses/4XX": {
                **CONFLICT,
                "content": {
                    "application/json": {
                        "schema": ERROR,
                        "examples": {"teapot": {"x-status": 418, "value": {}}},
                    }
                },
            }
        },
        [
            "- GET /health 4XX: new status 418",
        ],
        [
            "! GET /health 4XX: the status 418 is gone",
        ],
        base={
            "paths/~1health/get/responses/4XX": {
                **CONFLICT,
                "content": {"application/json": {"schema": ERROR}},
            }
        },
    ),
    "media type": Case(
        {"paths/~1health/get/responses/200/content/text~1plain": {"schema": {"type": "string"}}},
        ["- GET /health 200: new text/plain body (string, always there)"],
        ["! GET /health 200: the text/plain body is gone"],
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_answer(case: Case) -> None:
    assert case.found() == (case.done, case.undone)
