"""Whole processes: the CPU of each from its start to its end."""

from collections.abc import Mapping
from functools import partial

from benchmarks.bench import Bench, in_turns
from benchmarks.contenders import ALL, BODY, OURS, PROJECT_ID, WANTED
from benchmarks.results import Result, absolute, beside

IMPORT = {
    "ai-gate": "import ai_gate",
    "python -c pass": "pass",
    "python -c pass again (A/A)": "pass",
    "httpx": "import httpx",
}
LOADED = "import sys, ai_gate; print(*{'httpx', 'attr', 'attrs', 'dateutil'} & set(sys.modules))"

OURS_MAKES = f"""\
import sys
from ai_gate import AIGateClient

client = AIGateClient({PROJECT_ID!r}, sys.argv[1])
"""
OURS_CALLS = f"client.create_session(**{WANTED!r})\nclient.close()\n"

HTTPX_MAKES = """\
import sys
import httpx

client = httpx.Client()
"""
HTTPX_CALLS = f"client.post(sys.argv[1] + '/session', json={BODY!r}).json()\nclient.close()\n"

GENERATED_MAKES = """\
import sys
from ai_gate_api import Client
from ai_gate_api.api.sessions.create_session import sync_detailed
from ai_gate_api.models import CreateSessionRequest

client = Client(base_url=sys.argv[1])
client.get_httpx_client()
"""
GENERATED_CALLS = f"""\
sync_detailed(client=client, body=CreateSessionRequest(**{BODY!r})).parsed.to_dict()
client.get_httpx_client().close()
"""

OPENAI_MAKES = """\
import sys
from openai import OpenAI

client = OpenAI(api_key="sk-none", base_url=sys.argv[1] + "/v1")
"""
OPENAI_CALLS = f"client.beta.realtime.sessions.create(**{WANTED!r})\nclient.close()\n"

CONSTRUCT = {
    "ai-gate": OURS_MAKES,
    "httpx": HTTPX_MAKES,
    "httpx again (A/A)": HTTPX_MAKES,
    "generated client": GENERATED_MAKES,
    "openai": OPENAI_MAKES,
}
FIRST_SESSION = {
    "ai-gate": OURS_MAKES + OURS_CALLS,
    "httpx": HTTPX_MAKES + HTTPX_CALLS,
    "httpx again (A/A)": HTTPX_MAKES + HTTPX_CALLS,
    "generated client": GENERATED_MAKES + GENERATED_CALLS,
    "openai": OPENAI_MAKES + OPENAI_CALLS,
}
FIRST_SESSION_TLS = {who: code for who, code in FIRST_SESSION.items() if who != "openai"}


def measure_import(bench: Bench) -> list[Result]:
    """At most twice the cost of starting Python, and nothing heavy loaded."""
    taken = _milliseconds(bench, IMPORT, rounds=40 if bench.full else 20)
    loaded = len(bench.processes.run(OURS.label, LOADED).split())
    return [
        *beside("python -c pass", "import", taken, "ms", {OURS.label: 2.0}),
        absolute("import: httpx, attrs, dateutil", OURS.label, [loaded], "loaded", 0),
    ]


def measure_construct(bench: Bench) -> list[Result]:
    """Import and make a client: at most 1.10 of a script that does the same with httpx."""
    taken = _milliseconds(bench, CONSTRUCT, _rounds(bench), bench.https)
    return beside("httpx", "import + construct", taken, "ms", {OURS.label: 1.10})


def measure_cold_start(bench: Bench) -> list[Result]:
    """To the first session: at most 1.20 of a script with httpx.

    Over TLS too, because without it we load no CA certificates.
    """
    plain = _milliseconds(bench, FIRST_SESSION, _rounds(bench), bench.http)
    tls = _milliseconds(bench, FIRST_SESSION_TLS, _rounds(bench), bench.https)
    return [
        *beside("httpx", "cold start", plain, "ms", {OURS.label: 1.20}),
        *beside("httpx", "cold start, TLS", tls, "ms", {OURS.label: 1.20}),
    ]


def _rounds(bench: Bench) -> int:
    return 20 if bench.full else 7


def _milliseconds(
    bench: Bench, scripts: Mapping[str, str], rounds: int, url: str = ""
) -> dict[str, list[float]]:
    absent = {one.label for one in ALL if not one.is_installed}
    measures = {
        who: partial(bench.processes.cpu_of, who, code, url)
        for who, code in scripts.items()
        if who not in absent
    }
    taken = in_turns(measures, rounds)
    return {who: [seconds * 1e3 for seconds in values] for who, values in taken.items()}
