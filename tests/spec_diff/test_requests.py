"""What a request takes may only grow."""

import pytest

from tests.spec_diff.spec import SCHEMAS, SPEC, Case, Edits

SCHEMA = f"{SCHEMAS}/CreateSessionRequest"
PROPERTY = f"{SCHEMA}/properties"
TURN = "paths/~1turn-credentials/get"
BODY = "paths/~1session/post/requestBody"


def temperature(**limits: object) -> Edits:
    return {f"{PROPERTY}/temperature": {"type": "number", "default": 0.7, **limits}}


def voice(**schema: object) -> Edits:
    return {f"{PROPERTY}/voice": schema}


CASES = {
    "required": Case(
        {f"{SCHEMA}/required": ["project_id", "voice"]},
        ["! POST /session: the request property `voice` must now be sent"],
        ["- POST /session: the request property `voice` may now be left out"],
    ),
    "required and described nowhere": Case(
        {f"{SCHEMA}/required": ["project_id", "region"]},
        ["! POST /session: new required request property `region` (anything)"],
        ["! POST /session: the request property `region` is no longer taken"],
    ),
    "optional property": Case(
        {f"{PROPERTY}/speed": {"type": "number", "default": 1.5}},
        ["- POST /session: new optional request property `speed` (number, default 1.5)"],
        ["! POST /session: the request property `speed` is no longer taken"],
    ),
    "required property": Case(
        {f"{PROPERTY}/speed": {"type": "number"}, f"{SCHEMA}/required": ["project_id", "speed"]},
        ["! POST /session: new required request property `speed` (number)"],
        ["! POST /session: the request property `speed` is no longer taken"],
    ),
    "property with required ones within": Case(
        {
            f"{PROPERTY}/audio": {
                "type": "object",
                "required": ["format"],
                "properties": {"format": {"type": "string"}},
            }
        },
        ["- POST /session: new optional request property `audio` (object)"],
        ["! POST /session: the request property `audio` is no longer taken"],
    ),
    "nested property": Case(
        {f"{PROPERTY}/audio/items": {"properties": {"format": {"type": "string"}}}},
        ["- POST /session: new optional request property `audio[].format` (string)"],
        ["! POST /session: the request property `audio[].format` is no longer taken"],
        base={f"{PROPERTY}/audio": {"type": "array", "items": {"type": "object"}}},
    ),
    "wider type": Case(
        {f"{PROPERTY}/voice/type": ["string", "integer"]},
        [
            "- POST /session: the request property `voice` is now string or integer, was string",
        ],
        [
            "! POST /session: the request property `voice` is now string, was string or integer",
        ],
    ),
    "number for integer": Case(
        {f"{PROPERTY}/seed": {"type": "number"}},
        ["- POST /session: the request property `seed` is now number, was integer"],
        ["! POST /session: the request property `seed` is now integer, was number"],
        base={f"{PROPERTY}/seed": {"type": "integer"}},
    ),
    "null": Case(
        {f"{PROPERTY}/voice/type": ["string", "null"]},
        ["- POST /session: the request property `voice` may now also be null"],
        ["! POST /session: the request property `voice` may no longer be null"],
    ),
    "wider range": Case(
        temperature(minimum=0, maximum=2),
        [
            "- POST /session: the request property `temperature` is now number with minimum 0 and"
            " maximum 2, was number with minimum 0 and maximum 1"
        ],
        [
            "! POST /session: the request property `temperature` is now number with minimum 0 and"
            " maximum 1, was number with minimum 0 and maximum 2"
        ],
        base=temperature(minimum=0, maximum=1),
    ),
    "exclusive bound": Case(
        temperature(exclusiveMinimum=0),
        [
            "! POST /session: the request property `temperature` is now number with"
            " exclusiveMinimum 0, was number with minimum 0"
        ],
        [
            "- POST /session: the request property `temperature` is now number with minimum 0,"
            " was number with exclusiveMinimum 0"
        ],
        base=temperature(minimum=0),
    ),
    "length": Case(
        {f"{PROPERTY}/voice/maxLength": 20},
        [
            "! POST /session: the request property `voice` is now string with maxLength 20,"
            " was string"
        ],
        [
            "- POST /session: the request property `voice` is now string,"
            " was string with maxLength 20"
        ],
    ),
    "shorter length": Case(
        {f"{PROPERTY}/project_id/minLength": 5},
        [
            "! POST /session: the request property `project_id` is now string with minLength 5,"
            " was string with minLength 1"
        ],
        [
            "- POST /session: the request property `project_id` is now string with minLength 1,"
            " was string with minLength 5"
        ],
    ),
    "idle limit": Case({f"{PROPERTY}/voice/minLength": 0}, [], []),
    "pattern": Case(
        {f"{PROPERTY}/voice/pattern": "^[a-z]+$"},
        [
            "! POST /session: the request property `voice` is now string with pattern `^[a-z]+$`,"
            " was string"
        ],
        [
            "- POST /session: the request property `voice` is now string,"
            " was string with pattern `^[a-z]+$`"
        ],
    ),
    "other pattern": Case(
        {f"{PROPERTY}/voice/pattern": "b"},
        [
            "! POST /session: the request property `voice` is now string with pattern `b`,"
            " was string with pattern `e`"
        ],
        [
            "! POST /session: the request property `voice` is now string with pattern `e`,"
            " was string with pattern `b`"
        ],
        base={f"{PROPERTY}/voice": {"type": "string", "pattern": "e"}},
    ),
    "exclusive upper bound": Case(
        temperature(exclusiveMaximum=1),
        [
            "! POST /session: the request property `temperature` is now number with"
            " exclusiveMaximum 1, was number with maximum 1"
        ],
        [
            "- POST /session: the request property `temperature` is now number with maximum 1,"
            " was number with exclusiveMaximum 1"
        ],
        base=temperature(maximum=1),
    ),
    "greater length": Case(
        voice(type="string", maxLength=20),
        [
            "- POST /session: the request property `voice` is now string with maxLength 20,"
            " was string with maxLength 10"
        ],
        [
            "! POST /session: the request property `voice` is now string with maxLength 10,"
            " was string with maxLength 20"
        ],
        base=voice(type="string", maxLength=10),
    ),
    "null in an enum": Case(
        voice(type=["string", "null"], enum=["echo", None]),
        ["- POST /session: the request property `voice` may now also be null"],
        ["! POST /session: the request property `voice` may no longer be null"],
        base=voice(type=["string", "null"], enum=["echo"]),
    ),
    "numbers of an enum": Case(
        temperature(enum=[0, 0.5, 1]),
        ["- POST /session: the request property `temperature` may now also be 1"],
        ["! POST /session: the request property `temperature` may no longer be 1"],
        base=temperature(enum=[0, 0.5]),
    ),
    "default beside a reference": Case(
        voice(**{"$ref": f"#/{SCHEMAS}/Voice"}, default="nova"),
        ["! POST /session: the default of `voice` is now `nova`, was `marin`"],
        ["! POST /session: the default of `voice` is now `marin`, was `nova`"],
        base={
            **voice(**{"$ref": f"#/{SCHEMAS}/Voice"}),
            f"{SCHEMAS}/Voice": {"type": "string", "default": "marin"},
        },
    ),
    "property of two schemas": Case(
        {
            f"{PROPERTY}/audio": {
                "allOf": [
                    {"type": "object", "properties": {"format": {"deprecated": True}}},
                    {"properties": {"format": {"type": "string"}}},
                ]
            }
        },
        ["- POST /session: the request property `audio.format` is now deprecated"],
        ["- POST /session: the request property `audio.format` is no longer deprecated"],
        base={
            f"{PROPERTY}/audio": {"type": "object", "properties": {"format": {"type": "string"}}}
        },
    ),
    "header parameter in other letters": Case(
        {"paths/~1health/parameters": [{"name": "x-trace", "in": "header", "schema": {}}]},
        [],
        [],
        base={"paths/~1health/parameters": [{"name": "X-Trace", "in": "header", "schema": {}}]},
    ),
    "closed object": Case(
        {f"{SCHEMA}/additionalProperties": False},
        [
            "! POST /session: the request body is now object with additionalProperties false,"
            " was object"
        ],
        [
            "- POST /session: the request body is now object,"
            " was object with additionalProperties false"
        ],
    ),
    "enum": Case(
        {f"{PROPERTY}/voice/enum": ["echo", "marin"]},
        ["! POST /session: the request property `voice` is now `echo` or `marin`, was string"],
        ["- POST /session: the request property `voice` is now string, was `echo` or `marin`"],
    ),
    "value of an enum": Case(
        {f"{PROPERTY}/voice/enum": ["echo", "marin", "nova"]},
        ["- POST /session: the request property `voice` may now also be `marin` or `nova`"],
        ["! POST /session: the request property `voice` may no longer be `marin` or `nova`"],
        base={f"{PROPERTY}/voice/enum": ["echo"]},
    ),
    "value exchanged": Case(
        {f"{PROPERTY}/voice/enum": ["echo", "nova"]},
        [
            "- POST /session: the request property `voice` may now also be `nova`",
            "! POST /session: the request property `voice` may no longer be `marin`",
        ],
        [
            "- POST /session: the request property `voice` may now also be `marin`",
            "! POST /session: the request property `voice` may no longer be `nova`",
        ],
        base={f"{PROPERTY}/voice/enum": ["echo", "marin"]},
    ),
    "const is an enum of one": Case(
        {f"{PROPERTY}/mode": {"enum": ["live"]}},
        [],
        [],
        base={f"{PROPERTY}/mode": {"const": "live"}},
    ),
    "items": Case(
        {f"{PROPERTY}/tags/items/type": ["string", "integer"]},
        [
            "- POST /session: the request property `tags` is now list of strings and integers,"
            " was list of strings"
        ],
        [
            "! POST /session: the request property `tags` is now list of strings,"
            " was list of strings and integers"
        ],
        base={f"{PROPERTY}/tags": {"type": "array", "items": {"type": "string"}}},
    ),
    "default": Case(
        {f"{PROPERTY}/model/default": "gpt-realtime"},
        [
            "! POST /session: the default of `model` is now `gpt-realtime`,"
            " was `gpt-4o-realtime-preview-2024-10-01`"
        ],
        [
            "! POST /session: the default of `model` is now `gpt-4o-realtime-preview-2024-10-01`,"
            " was `gpt-realtime`"
        ],
    ),
    "no default": Case(
        {f"{PROPERTY}/voice/default": ...},
        ["! POST /session: the default of `voice` is now unknown, was `echo`"],
        ["- POST /session: the default of `voice` is now `echo`, was unknown"],
    ),
    "default null": Case(
        {f"{PROPERTY}/seed/default": None},
        ["- POST /session: the default of `seed` is now null, was unknown"],
        ["! POST /session: the default of `seed` is now unknown, was null"],
        base={f"{PROPERTY}/seed": {"type": ["integer", "null"]}},
    ),
    "the same default": Case({f"{PROPERTY}/temperature/default": 0.70}, [], []),
    "known value": Case(
        {f"{PROPERTY}/voice/examples": ["echo", "aurora"]},
        ["- POST /session: the request property `voice` has new known values: `aurora`"],
        ["- POST /session: the request property `voice` has fewer known values, without `aurora`"],
        base={f"{PROPERTY}/voice/examples": ["echo"]},
    ),
    "deprecated": Case(
        {f"{PROPERTY}/voice/deprecated": True},
        ["- POST /session: the request property `voice` is now deprecated"],
        ["- POST /session: the request property `voice` is no longer deprecated"],
    ),
    "optional body": Case(
        {f"{BODY}/required": False},
        ["- POST /session: the request body may now be left out"],
        ["! POST /session: the request body must now be sent"],
    ),
    "second media type": Case(
        {f"{BODY}/content/text~1plain": {"schema": {"type": "string"}}},
        [
            "- POST /session: the request body may now be left out",
            "- POST /session: new optional text/plain request body (string)",
        ],
        [
            "! POST /session: the request body must now be sent",
            "! POST /session: the text/plain request body is no longer taken",
        ],
    ),
    "parameter": Case(
        {
            f"{TURN}/parameters": [
                *SPEC["paths"]["/turn-credentials"]["get"]["parameters"],
                {"name": "ttl", "in": "query", "schema": {"type": "integer", "default": 600}},
            ]
        },
        [
            "- GET /turn-credentials: new optional query parameter `ttl` (integer, default 600)",
        ],
        ["! GET /turn-credentials: the query parameter `ttl` is no longer taken"],
    ),
    "parameter of the whole path": Case(
        {
            "paths/~1health/parameters": [
                {"name": "X-Trace", "in": "header", "required": True, "schema": {"type": "string"}}
            ]
        },
        ["! GET /health: new required header parameter `X-Trace` (string)"],
        ["! GET /health: the header parameter `X-Trace` is no longer taken"],
    ),
    "parameter in another place": Case(
        {
            f"{TURN}/parameters": [
                {
                    "name": "identifier",
                    "in": "header",
                    "required": True,
                    "schema": {"type": "string", "minLength": 1},
                }
            ]
        },
        [
            "! GET /turn-credentials: new required header parameter `identifier`"
            " (string with minLength 1)",
            "! GET /turn-credentials: the query parameter `identifier` is no longer taken",
        ],
        [
            "! GET /turn-credentials: new required query parameter `identifier`"
            " (string with minLength 1)",
            "! GET /turn-credentials: the header parameter `identifier` is no longer taken",
        ],
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_request(case: Case) -> None:
    assert case.found() == (case.done, case.undone)
