"""What the SDK logs and prints, each case in a process whose logging is a user's."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

import ai_gate
from ai_gate.testing._faults.steps import Send
from tests.support.callers import PROJECT, Caller, Client, Operation
from tests.support.fixtures import Serve
from tests.support.responses import TURN, TURN_JSON, json_response, response
from tests.support.running import run
from tests.support.server import Server
from tests.support.steps import ReadRequest, replay

SECRET = "ek_68af296e8e408191a1120a"
START = """
import asyncio, logging, sys
import httpx
from ai_gate import AIGateClient, AIGateError, AsyncAIGateClient
project, url = sys.argv[1:]
"""
TURN_LINE = re.compile(
    r"\S+ \S+ ai_gate DEBUG GET /turn-credentials -> 200 in \d+ ms "
    r"\(attempt 1, request ID 8c1-FRA\)\n"
)


@pytest.fixture
def server(serve: Serve) -> Server:
    return serve(replay(response(200, TURN_JSON, "CF-Ray: 8c1-FRA")))


def output(server: Server, source: str) -> tuple[str, str]:
    """What a script prints to stdout and to stderr."""
    done = run(START + source, PROJECT, server.url)
    assert done.returncode == 0, done.stderr
    for text in (done.stdout, done.stderr):
        assert PROJECT not in text
        assert "ek_" not in text
    return done.stdout, done.stderr


def test_debug_prints_to_stderr_where_no_logging_is_configured(server: Server) -> None:
    stdout, stderr = output(
        server,
        """
with AIGateClient(project, url, debug=True) as client:
    client.get_turn_credentials()
async def main():
    async with AsyncAIGateClient(project, url, debug=True) as client:
        await client.get_turn_credentials()
asyncio.run(main())
""",
    )
    assert stdout == ""
    assert TURN_LINE.sub("", stderr) == ""
    assert len(TURN_LINE.findall(stderr)) == 2


def test_each_attempt_has_a_line_and_so_have_warnings(serve: Serve) -> None:
    server = serve(replay(response(503, b"", "Retry-After: 0"), None, TURN, json_response({})))
    _, stderr = output(
        server,
        """
with AIGateClient(project, url, debug=True) as client:
    client.get_turn_credentials()
    client.create_session()
""",
    )
    *attempts, session, warning = stderr.splitlines()
    lines = [line.split(" -> ")[1] for line in [*attempts, session]]
    assert [line.split()[0] for line in lines] == ["503", "RemoteProtocolError", "200", "200"]
    assert [re.findall(r"attempt (\d)", line) for line in lines] == [["1"], ["2"], ["3"], ["1"]]
    assert "WARNING the response to /session lacks client_secret, id, " in warning


def test_without_debug_nothing_is_printed(serve: Serve) -> None:
    server = serve(replay(json_response({}), response(503), json_response({})))
    source = """
with AIGateClient(project, url) as client:
    client.create_session()
    client.get_turn_credentials()
"""
    assert output(server, source) == ("", "")


def test_through_the_handlers_of_the_app_and_not_twice(server: Server) -> None:
    stdout, stderr = output(
        server,
        """
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="app %(name)s %(message)s")
logging.getLogger("httpx").setLevel(logging.WARNING)
with AIGateClient(project, url, debug=True) as client:
    client.get_turn_credentials()
""",
    )
    assert stdout.startswith("app ai_gate GET /turn-credentials -> 200 in ")
    assert (stdout.count("\n"), stderr) == (1, "")


def test_through_a_handler_of_the_ai_gate_logger(server: Server) -> None:
    stdout, stderr = output(
        server,
        """
logging.getLogger("ai_gate").addHandler(logging.StreamHandler(sys.stdout))
with AIGateClient(project, url, debug=True) as client:
    client.get_turn_credentials()
""",
    )
    assert stdout.startswith("GET /turn-credentials -> 200 in ")
    assert (stdout.count("\n"), stderr) == (1, "")


def test_logging_that_is_configured_after_the_client(server: Server) -> None:
    stdout, stderr = output(
        server,
        """
with AIGateClient(project, url, debug=True) as client:
    client.get_turn_credentials()
    logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
    logging.getLogger("httpcore").setLevel(logging.WARNING)
    client.get_turn_credentials()
""",
    )
    assert stdout.count(" -> 200 in ") == 1
    assert stderr.count(" -> 200 in ") == 1


def test_an_app_that_logs_gets_warnings_without_debug(serve: Serve) -> None:
    stdout, stderr = output(
        serve(replay(json_response({}))),
        """
logging.basicConfig(stream=sys.stdout)
with AIGateClient(project, url) as client:
    client.create_session()
    client.get_turn_credentials()
""",
    )
    assert stdout.count("\n") == 2
    assert stdout.startswith("WARNING:ai_gate:the response to /session lacks client_secret, ")
    assert stderr == ""


def test_an_app_that_logs_at_debug_gets_the_lines_without_debug(server: Server) -> None:
    stdout, _ = output(
        server,
        """
logging.basicConfig(stream=sys.stdout)
logging.getLogger("ai_gate").setLevel(logging.DEBUG)
with AIGateClient(project, url) as client:
    client.get_turn_credentials()
""",
    )
    assert stdout.startswith("DEBUG:ai_gate:GET /turn-credentials -> 200 in ")


TWO_CLIENTS = """
with AIGateClient(project, url, debug=True), AIGateClient(project, url) as quiet:
    quiet.get_turn_credentials()
    quiet.create_session()
"""


def test_a_client_without_debug_beside_one_with_it_prints_nothing(server: Server) -> None:
    assert output(server, TWO_CLIENTS) == ("", "")


def test_nor_do_its_debug_lines_get_to_an_app_that_logs_at_info(server: Server) -> None:
    configure = "logging.basicConfig(stream=sys.stdout, level=logging.INFO)\n"
    stdout, stderr = output(server, configure + TWO_CLIENTS)
    assert "DEBUG" not in stdout
    assert stderr == ""


BROKEN_STDERR = """
import io
class Full:
    def write(self, text):
        raise OSError(28, "No space left on device")
    def flush(self):
        raise OSError(28, "No space left on device")
closed = io.StringIO()
closed.close()
ascii = io.TextIOWrapper(io.BytesIO(), "ascii", "strict")
with AIGateClient(project, url, debug=True) as client:
    for sys.stderr in (closed, None, Full(), ascii):
        print(client.create_session()["id"])
# The interpreter itself wants to end with one.
sys.stderr = sys.__stderr__
"""


def test_a_stderr_that_takes_no_lines_loses_no_session(serve: Serve) -> None:
    server = serve(replay(json_response({"id": "sess_01"}, 200, "CF-Ray: 8c1-gr\xfcn")))
    stdout, _ = output(server, BROKEN_STDERR)
    assert stdout == "sess_01\n" * 4


def test_what_other_libraries_log_is_masked(server: Server) -> None:
    _, stderr = output(
        server,
        """
logging.basicConfig(level=logging.DEBUG)
with httpx.Client(verify=False) as injected:
    AIGateClient(project, url, http_client=injected).get_turn_credentials()
    AIGateClient(project, url, http_client=injected).create_session()
with AIGateClient(project, url) as client:
    client.get_turn_credentials()
async def main():
    async with httpx.AsyncClient(verify=False) as injected:
        await AsyncAIGateClient(project, url, http_client=injected).get_turn_credentials()
asyncio.run(main())
""",
    )
    assert stderr.count('/turn-credentials?identifier=*** "HTTP/1.1 200 Said So"') == 3
    assert "httpcore" in stderr


# Each library beneath says all that it can. The SDK, and an app beside it in the same process.
EVERY_LINE = """
import threading
logging.basicConfig(level=logging.DEBUG, format="%(message)s")

def attempt(client):
    with client:
        for call in (client.create_session, client.get_turn_credentials):
            try:
                call()
            except AIGateError as error:
                print(type(error).__name__)

async def attempt_async(client):
    async with client:
        for call in (client.create_session, client.get_turn_credentials):
            try:
                await call()
            except AIGateError as error:
                print(type(error).__name__)

attempt(AIGateClient(project, url, max_retries=0))
asyncio.run(attempt_async(AsyncAIGateClient(project, url, max_retries=0)))
with httpx.Client(verify=False) as injected:
    attempt(AIGateClient(project, url, http_client=injected, max_retries=0))
"""
CREDENTIAL = b"tUrN/s3cret=="
HOSTILE = {
    "no status line": b'{"turn_credentials": {"credential": "' + CREDENTIAL + b'"}}\r\n\r\n',
    "quotes of both kinds": b"HTTP/1.1 it's \"b'" + CREDENTIAL + b"'\"\r\n\r\n",
    "its header has a secret": response(200, TURN_JSON, f"X-TURN: {CREDENTIAL.decode()}"),
    "its reason has the project's ID": b"HTTP/1.1 404 No " + PROJECT.encode() + b"\r\n\r\n",
    "its reason commands a terminal": b"HTTP/1.1 404 \x9b2J\r\n\r\n",
}


@pytest.mark.parametrize("sent", HOSTILE.values(), ids=HOSTILE)
def test_no_line_of_a_library_beneath_shows_what_came(sent: bytes, serve: Serve) -> None:
    server = serve((ReadRequest(), Send(sent)))
    _, stderr = output(server, EVERY_LINE)
    assert "receive_response_headers" in stderr
    assert CREDENTIAL.decode() not in stderr
    assert stderr.replace("\n", "").isprintable()


def test_what_an_app_logs_beside_it_stays_as_it_is(server: Server) -> None:
    _, stderr = output(
        server,
        """
logging.basicConfig(level=logging.DEBUG)
with AIGateClient(project, url) as client:
    client.get_turn_credentials()
with httpx.Client(verify=False) as own:
    own.get(f"{url}/users?identifier=42")
""",
    )
    _, ours, own = stderr.split("connect_tcp.started")
    assert "receive_response_headers" in ours
    assert "CF-Ray" not in ours
    assert "b'CF-Ray', b'8c1-FRA'" in own
    assert "/users?identifier=42" in own


def test_a_filter_of_the_app_that_reads_the_arguments_loses_no_session(serve: Serve) -> None:
    stdout, stderr = output(
        serve(replay(json_response({"id": "sess_01"}))),
        """
class Refusals(logging.Filter):
    def filter(self, record):
        return record.args[3] >= 400 or record.args[1].path == "/turn-credentials"
logging.basicConfig(level=logging.INFO)
logging.getLogger("httpx").addFilter(Refusals())
with AIGateClient(project, url) as client:
    print(client.create_session()["id"])
    client.get_turn_credentials()
async def main():
    async with AsyncAIGateClient(project, url) as client:
        print((await client.create_session())["id"])
asyncio.run(main())
""",
    )
    assert stdout == "sess_01\nsess_01\n"
    (line,) = [line for line in stderr.splitlines() if line.startswith("INFO:httpx")]
    assert '/turn-credentials?identifier=*** "HTTP/1.1 200' in line


def test_a_task_that_a_hook_starts_logs_what_it_likes_after_the_call(server: Server) -> None:
    _, stderr = output(
        server,
        """
logging.basicConfig(level=logging.INFO)
async def main():
    over, tasks = asyncio.Event(), []
    async def later():
        await over.wait()
        async with httpx.AsyncClient(verify=False) as own:
            await own.get(f"{url}/users?identifier=42")
    async def hook(_):
        tasks.append(asyncio.create_task(later()))
    async with httpx.AsyncClient(verify=False, event_hooks={"request": [hook]}) as injected:
        await AsyncAIGateClient(project, url, http_client=injected).get_turn_credentials()
    over.set()
    await tasks[0]
asyncio.run(main())
""",
    )
    assert "/turn-credentials?identifier=***" in stderr
    assert "/users?identifier=42" in stderr


OVER_HTTP_2 = """
import socket, threading
import h2.config, h2.connection, h2.events
from ai_gate._redaction import HiddenInLogs
logging.basicConfig(level=logging.DEBUG, format="%(threadName)s %(message)s")

def respond(connection):
    state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    state.initiate_connection()
    connection.sendall(state.data_to_send())
    while data := connection.recv(65536):
        for event in state.receive_data(data):
            if isinstance(event, h2.events.StreamEnded):
                headers = [(":status", "200"), ("x-turn", "tUrN/s3cret==")]
                state.send_headers(event.stream_id, headers)
                state.send_data(event.stream_id, b"{}", end_stream=True)
        connection.sendall(state.data_to_send())

def accept():
    while True:
        threading.Thread(target=respond, args=(listener.accept()[0],), daemon=True).start()

listener = socket.create_server(("127.0.0.1", 0))
url = f"http://127.0.0.1:{listener.getsockname()[1]}"
threading.Thread(target=accept, daemon=True).start()
# The server decodes in threads of its own, and logs what it decodes.
class Ours(logging.Filter):
    def filter(self, record):
        return record.threadName == "MainThread"
logging.getLogger().handlers[0].addFilter(Ours())
with httpx.Client(http1=False, http2=True) as injected:
    AIGateClient(project, url, http_client=injected).get_turn_credentials()
async def main():
    async with httpx.AsyncClient(http1=False, http2=True) as injected:
        await AsyncAIGateClient(project, url, http_client=injected).get_turn_credentials()
asyncio.run(main())
"""


def test_nor_over_http_2(server: Server) -> None:
    _, stderr = output(server, OVER_HTTP_2)
    assert "to the header table" in stderr
    assert CREDENTIAL.decode() not in stderr
    assert not re.search(r"\bb'", stderr)


def test_what_an_error_shows_is_masked(serve: Serve) -> None:
    message = f"No project {PROJECT}, nor a session {SECRET}"
    stdout, stderr = output(
        serve(replay(json_response({"error": "x", "message": message}, 401))),
        """
import traceback
try:
    AIGateClient(project, url).create_session()
except AIGateError as error:
    print(error, repr(error), error.args)
    traceback.print_exc()
    logging.basicConfig()
    logging.exception("The call failed: %s", error)
""",
    )
    assert stdout.count("No project ***, nor a session ***") == 3
    assert stderr.count("\nai_gate.errors.AuthenticationError: No project ***") == 2


def test_a_warning_of_an_unclosed_client_is_masked(server: Server) -> None:
    _, stderr = output(
        server,
        """
import warnings
warnings.simplefilter("always")
AIGateClient(project, url).get_turn_credentials()
""",
    )
    assert "ResourceWarning: unclosed AIGateClient(base_url='http://127.0.0.1:" in stderr


class Broken(logging.Handler):
    """An app's handler that fails, without the care of logging's own ones."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)
        raise OSError(28, "No space left on device")


@pytest.fixture
def broken() -> Broken:
    """A handler that `quiet_logger` takes back."""
    handler = Broken()
    logging.getLogger("ai_gate").addHandler(handler)
    return handler


@pytest.mark.parametrize("debug", [True, False])
def test_a_handler_that_fails_loses_no_session(
    debug: bool, broken: Broken, caller: Caller, serve: Serve, operation: Operation
) -> None:
    server = serve(replay(json_response({"id": "sess_01"})))

    async def body(client: Client) -> None:
        assert await client.call(operation) == {"id": "sess_01"}

    caller.use(server.url, body, debug=debug)
    # The missing keys, and each request.
    levels = [record.levelno for record in broken.records]
    assert levels == [logging.DEBUG, logging.WARNING][not debug :]
    assert len(server.requests) == 1


def test_a_record_tells_where_it_comes_from(broken: Broken, caller: Caller, serve: Serve) -> None:
    server = serve(replay(json_response({})))

    async def body(client: Client) -> None:
        await client.create_session()
        await client.get_turn_credentials()

    caller.use(server.url, body, debug=True)
    assert len(broken.records) == 4
    for record in broken.records:
        path = Path(record.pathname)
        assert path.is_relative_to(Path(ai_gate.__file__).parent)
        line = path.read_text("utf-8").splitlines()[record.lineno - 1]
        assert "log(" in line
        assert record.funcName


def test_logging_that_is_disabled_silences_debug_too(serve: Serve) -> None:
    source = """
logging.disable(logging.CRITICAL)
with AIGateClient(project, url, debug=True) as client:
    client.create_session()
logging.disable(logging.DEBUG)
with AIGateClient(project, url, debug=True) as client:
    client.create_session()
"""
    _, stderr = output(serve(replay(json_response({}))), source)
    assert [line.split()[3] for line in stderr.splitlines()] == ["WARNING"]
