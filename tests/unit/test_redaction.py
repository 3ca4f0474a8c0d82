"""What must not be read in messages, log lines and `repr`."""

from __future__ import annotations

import gzip
import logging
from datetime import UTC, datetime
from enum import Enum
from urllib.parse import quote

import httpx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ai_gate import AIGateClient, AIGateError, AsyncAIGateClient, RateLimit
from ai_gate._call.exchange import Deadline, Exchange, Order
from ai_gate._call.operations import create_session, get_turn_credentials
from ai_gate._config import Config
from ai_gate._redaction import MASK, HiddenInLogs, MaskedLines, mask, printable, without_quotes
from ai_gate.testing._faults.steps import Send
from tests.support.callers import GET, NOWHERE, PROJECT, Caller, Client, Operation
from tests.support.fixtures import Serve
from tests.support.responses import TURN, head, json_response, response
from tests.support.running import modest
from tests.support.steps import ReadRequest, replay

SECRET = "ek_68af296e8e408191a1120a"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("no project p1", "no project ***"),
        ("p1", "***"),
        ("p1, p1 and p1.", "***, *** and ***."),
        ("project 'p1': p1/session?identifier=p1&x", "project '***': ***/session?identifier=***&x"),
        (f"the secret {SECRET} is out", "the secret *** is out"),
        (f'"{SECRET}"', '"***"'),
        ("key sk-proj-aB_3-x9.", "key ***."),
        ("sk-svcacct-1 and ek_2", "*** and ***"),
        ("nothing to hide", "nothing to hide"),
        (
            "a risk-free desk-top, a task_1 and a week_2",
            "a risk-free desk-top, a task_1 and a week_2",
        ),
        ("", ""),
    ],
)
def test_mask(text: str, masked: str) -> None:
    assert mask(text, "p1") == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ('{"credential": "aB3/x+9="}', '{"credential": "***"}'),
        ("{'client_secret': {'value': 'x'}}", "{'client_secret': {'value': '***'}}"),
        (r"{\"credential\": \"aB3x\"}", r"{\"credential\": \"***\"}"),
        ("Authorization: Bearer aB3xyz", "Authorization: Bearer ***"),
        ("a bearer token is missing", "a bearer token is missing"),
        ("turn?credential=secret&x=1", "turn?credential=***&x=1"),
        ("the credential 'secret' has expired", "the credential '***' has expired"),
        ("Credential: aB3xyz, please", "Credential: ***, please"),
        ("the credential was refused", "the credential was refused"),
        ("credential: missing", "credential: missing"),
        ("my_credentials are fine", "my_credentials are fine"),
    ],
)
def test_a_field_that_is_quoted_with_its_value(text: str, masked: str) -> None:
    assert mask(text, "p1") == masked


SERVERS = [{"urls": "turn:t.test"}, {"urls": ["turns:t.test"], "credential": "Tu/rn=="}]
QUOTING = [
    {"credential": "Tu/rn=="},
    {"turn_credentials": {"iceServers": SERVERS}},
    {"client_secret": {"value": "Tu/rn==", "expires_at": 1}},
    {"details": [[{"client_secret": "Tu/rn=="}]]},
]


@pytest.mark.parametrize("quoted", QUOTING)
def test_a_message_that_quotes_a_secret_of_the_same_response(
    quoted: dict[str, object], caller: Caller, serve: Serve, operation: Operation
) -> None:
    refusal = {"error": "x", "message": "OpenAI refused Tu/rn==.", **quoted}
    server = serve(replay(json_response(refusal, 500)))
    error = caller.attempt(operation, server.url, max_retries=0).error
    assert str(error) == "OpenAI refused ***."
    assert error.response == refusal


ADVICE = "The gate found a parameter missing or wrong (HTTP 400)"


@pytest.mark.parametrize(
    ("message", "secrets", "shown"),
    [
        ("0000000001" * 200_000, ["0000000001", "0000000002"], "***" * 166 + "**..."),
        ("*" * 100, ["*"] * 20, "*" * 100),
        # To mask so many would take long, so the message isn't shown.
        ("x " * 32_000, [f"a{number}" for number in range(990)], ADVICE),
        ("0000000001" * 200_000, [f"{number:010}" for number in range(90_000)], ADVICE),
        ("password:" * 7_281, [], "password:" * 11),
        ("client_secret" + " " * 60_000, [], "client_secret "),
    ],
    ids=["two", "a mask", "a thousand", "90,000", "a name again and again", "blanks"],
)
def test_a_response_full_of_secrets_costs_no_time(
    message: str, secrets: list[str], shown: str, caller: Caller, serve: Serve
) -> None:
    refusal = {"message": message, "credential": secrets}
    outcome = caller.attempt(GET, serve(replay(json_response(refusal, 400))).url)
    assert str(outcome.error).startswith(shown)
    # A fiftieth of it is what they take.
    assert outcome.seconds < 10.0


@pytest.mark.parametrize("project_id", ["a.b", "a+b", "(a", "[x]", "a\\b", "^$", "p|q", "größe"])
def test_a_project_id_is_no_pattern(project_id: str) -> None:
    assert mask(f"no project {project_id}!", project_id) == "no project ***!"
    assert mask("axb aab a", project_id) == "axb aab a"


def test_a_short_project_id_leaves_words_readable() -> None:
    assert mask("a message that a person can read", "a") == "*** message that *** person can read"


@pytest.mark.parametrize(
    "text",
    [
        f"the key rate:{PROJECT}_15m is full",
        f"no row sessions_{PROJECT}",
        f"no file {PROJECT}-2025.json",
        f"x{PROJECT}y",
    ],
)
def test_a_project_id_within_a_longer_word(text: str) -> None:
    assert PROJECT not in mask(text, PROJECT)


@pytest.mark.parametrize(
    ("project_id", "shown"),
    [
        ("proj/größe 7", "/turn-credentials?identifier=proj%2Fgr%C3%B6%C3%9Fe%207"),
        ("a b", "no identifier=a%20b here"),
    ],
)
def test_a_project_id_that_is_percent_encoded(project_id: str, shown: str) -> None:
    encoded = quote(project_id, safe="")
    assert encoded in shown
    assert mask(shown, project_id) == shown.replace(encoded, "***")


LETTERS = "abcdefXYZ0123456789"
IDS = st.text(LETTERS, min_size=9, max_size=20).map("proj_{}".format)
SECRETS = st.builds(
    "{}{}".format, st.sampled_from(["ek_", "sk-"]), st.text(f"{LETTERS}_-", min_size=8, max_size=40)
)


@modest
@given(project_id=IDS, before=st.text(max_size=20), after=st.text(max_size=20))
def test_no_project_id_is_left(project_id: str, before: str, after: str) -> None:
    assert project_id not in mask(f"{before}{project_id}{after}", project_id)


@modest
@given(
    project_id=st.text(min_size=1, max_size=20),
    before=st.sampled_from(["", " ", "'", "(", "=", "\n", "/"]),
    after=st.sampled_from(["", " ", "'", ")", "&", ".", "\n", ":"]),
)
def test_no_odd_project_id_is_left(project_id: str, before: str, after: str) -> None:
    assume(project_id not in f"{before}{MASK}{after}")
    assert project_id not in mask(f"{before}{project_id}{after}", project_id)


@modest
@given(SECRETS, st.sampled_from(" \"'(=:/"))
def test_no_secret_is_left(secret: str, before: str) -> None:
    assert secret not in mask(f"told{before}{secret}{before}", "p")


def log_line(message: str, *arguments: object) -> str:
    record = logging.LogRecord("httpx", logging.INFO, "", 0, message, arguments, None)
    assert MaskedLines().filter(record)
    return record.getMessage()


@pytest.mark.parametrize(
    ("query", "masked"),
    [
        ("identifier=proj_abc", "identifier=***"),
        ("identifier=proj%20%C3%A4&x=1", "identifier=***&x=1"),
        ("x=1&identifier=proj_abc", "x=1&identifier=***"),
        ("identifier=", "identifier=***"),
        ("my_identifier=visible", "my_identifier=visible"),
        ("x=1", "x=1"),
    ],
)
def test_urls_of_other_libraries_log_lines(query: str, masked: str) -> None:
    url = httpx.URL(f"https://api.ai-gate.dev/turn-credentials?{query}")
    line = log_line("%s %s %d", "GET", url, 200)
    assert line == f"GET https://api.ai-gate.dev/turn-credentials?{masked} 200"


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/users?identifier=42",
        "https://other.example/turn-credentials/7?identifier=42",
        "https://other.example/?next=/turn-credentials&identifier=42",
    ],
)
def test_the_urls_of_an_apps_own_requests_are_left_alone(url: str) -> None:
    assert log_line("HTTP Request: %s %s", "GET", httpx.URL(url)) == f"HTTP Request: GET {url}"


@pytest.mark.parametrize(
    ("message", "arguments", "line"),
    [
        ("%s %d", ("GET", 200), "GET ***"),
        ("100 %% of key=%s: %r", ("x", b"x"), "100 % of key=x: '***'"),
        ("api_key=%s, 7 %%", ("x",), "api_key=***, 7 %"),
        ("api_key=x, 7 %", (), "api_key=***, 7 %"),
        ("api_key=%(key)s, 7 %%", ({"key": "x"},), "api_key=***, 7 %"),
    ],
)
def test_a_line_of_a_request_of_ours(
    message: str, arguments: tuple[object, ...], line: str
) -> None:
    record = logging.LogRecord("httpx", logging.INFO, "", 0, message, arguments, None)
    with HiddenInLogs("200"):
        assert MaskedLines().filter(record)
    assert record.getMessage() == line
    if isinstance(record.args, tuple):
        numbers = [value for value in arguments if isinstance(value, int)]
        assert [value for value in record.args if isinstance(value, int)] == numbers


@pytest.mark.parametrize("arguments", [(), ({"a": 1},)], ids=["none", "a mapping"])
def test_other_log_lines_pass_as_they_are(arguments: tuple[object, ...]) -> None:
    assert log_line("100 %%" if arguments else "100 %", *arguments).startswith("100 %")


BODY = bytearray(f'{{"client_secret": {{"value": "{SECRET}"}}, "p": "{PROJECT}"}}'.encode())
CONFIG = Config.checked(
    project_id=PROJECT, base_url=NOWHERE, timeout=30.0, max_retries=2, debug=False
)
SESSION = create_session(
    PROJECT, model="m", voice="v", temperature=0.7, instructions="i", extra_fields={"tools": []}
)
OBJECTS = [
    AIGateClient(PROJECT),
    AsyncAIGateClient(PROJECT),
    AIGateError("Refused", 401, {"message": PROJECT, "value": SECRET}, body=bytes(BODY)),
    RateLimit(100, 99, datetime(2025, 10, 3, tzinfo=UTC)),
    CONFIG,
    SESSION,
    get_turn_credentials(PROJECT),
    Order({**SESSION.request}, Deadline(1.0)),
    Exchange(200, {"set-cookie": SECRET}, BODY),
]


@pytest.mark.parametrize("thing", OBJECTS, ids=lambda thing: type(thing).__name__)
def test_repr(thing: object) -> None:
    for shown in (repr(thing), str(thing), f"{thing}"):
        assert PROJECT not in shown
        assert SECRET not in shown


@pytest.mark.parametrize("kind", [AIGateClient, AsyncAIGateClient])
def test_the_repr_of_a_client(kind: type[AIGateClient] | type[AsyncAIGateClient]) -> None:
    shown = repr(kind(PROJECT, "https://gate.test/prefix/", 5))
    assert shown == f"{kind.__name__}(base_url='https://gate.test/prefix', timeout=5.0)"


def test_a_gate_that_quotes_the_encoded_project_id(
    caller: Caller, serve: Serve, operation: Operation
) -> None:
    project_id = "proj größe/7"
    message = f"no row for {quote(project_id, safe='')}"
    server = serve(replay(json_response({"error": "x", "message": message}, 404)))

    async def body(client: Client) -> None:
        assert str(await client.failure(operation)) == "no row for ***"

    caller.use(server.url, body, project_id=project_id)


class Project(str, Enum):  # noqa: UP042 - a StrEnum prints its value
    """An app's projects."""

    MAIN = PROJECT


def test_a_project_id_of_an_enum(caller: Caller, serve: Serve) -> None:
    refusal = json_response({"error": "x", "message": f"no project {PROJECT}"}, 404)
    server = serve(replay(TURN, TURN, refusal))

    async def body(client: Client) -> None:
        await client.create_session()
        await client.get_turn_credentials()
        error = await client.failure(GET)
        assert str(error) == "no project ***"
        assert PROJECT not in repr(client.client)

    caller.use(server.url, body, project_id=Project.MAIN)
    session, turn, _ = server.requests
    assert session.json["project_id"] == PROJECT
    assert turn.target == f"/turn-credentials?identifier={PROJECT}"


class OddError(Exception):
    """An error that isn't made from a text."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(response.text)


@pytest.mark.parametrize(
    "error",
    [
        httpx.RemoteProtocolError(f"illegal status line: {SECRET.encode()!r}"),
        UnicodeDecodeError("utf-8", SECRET.encode(), 0, 1, "invalid start byte"),
        OddError(httpx.Response(200, content=repr(SECRET.encode()).encode())),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_quotes_the_wire_is_replaced(error: Exception) -> None:
    try:
        raise error
    except Exception as raised:
        replaced = without_quotes(raised)
    assert SECRET in repr(error)
    assert SECRET not in f"{replaced} {replaced!r}"
    assert type(error).__name__ in f"{replaced!r}"
    assert replaced.__cause__ is None
    assert replaced.__traceback__ is error.__traceback__


def test_what_quotes_nothing_stays() -> None:
    error = httpx.ReadError("reset")
    error.__cause__ = OSError(104, "reset")
    assert without_quotes(error) is error


def test_a_cause_that_quotes_is_replaced_too() -> None:
    error = httpx.ReadError("reset")
    error.__cause__ = ValueError(f"{SECRET.encode()!r} \x1b[2J")
    replaced = without_quotes(error)
    assert (type(replaced), str(replaced)) == (httpx.ReadError, "reset")
    assert (type(replaced.__cause__), str(replaced.__cause__)) == (ValueError, "*** ?[2J")


QUOTED = b'{"client_secret": "ek_x"}'
FAILING = {
    "nothing": b"",
    "a body of which nothing comes": head(200, "Content-Length: 9"),
    "a body that is no UTF-8": response(200, b'{"client_secret": "ek_x\xff"}'),
    "a list": response(200, b"[" + QUOTED + b"]"),
    "a body that is cut short": response(200, QUOTED[:-2]),
    "a gzip body that is cut short": response(
        200, gzip.compress(QUOTED)[:-4], "Content-Encoding: gzip"
    ),
    "an encoding that quotes": response(200, QUOTED[:-2], f"Content-Encoding: br {PROJECT}"),
    "an encoding that is a secret": response(200, QUOTED[:-2], "Content-Encoding: ek_x"),
}


@pytest.mark.parametrize("sent", FAILING.values(), ids=FAILING)
def test_no_frame_or_cause_of_an_error_shows_a_secret(
    sent: bytes, caller: Caller, serve: Serve
) -> None:
    server = serve((ReadRequest(), Send(sent)))
    error: BaseException | None = caller.attempt(GET, server.url, max_retries=0).error
    while error is not None:
        if isinstance(error, httpx.HTTPError):
            # Its request shows the URL.
            assert PROJECT not in repr(vars(error))
        assert "ek_x" not in repr(error.args)
        assert PROJECT not in repr(error.args)
        frame = error.__traceback__
        while frame is not None:
            if frame.tb_frame.f_globals["__name__"].startswith("ai_gate"):
                shown = repr(frame.tb_frame.f_locals)
                assert "ek_x" not in shown
                assert PROJECT not in shown
            frame = frame.tb_next
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no \x1b]0;pwned\x07", "no ?]0;pwned?"),
        ("no\n2025-01-01 INFO forged", "no?2025-01-01 INFO forged"),
        ("no \u202e dab\u2028", "no ? dab?"),
        ("lone \ud800", "lone ?"),
        ("é ü 漢", "é ü 漢"),
        ("A" * 5_000_000, "A" * 500 + "..."),
    ],
)
def test_what_others_wrote_is_fit_for_a_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown
