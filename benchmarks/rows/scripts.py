"""Rows whose contenders are whole processes."""

from collections.abc import Mapping
from functools import partial

from benchmarks import processes
from benchmarks.bench import Bench
from benchmarks.contenders import ALL
from benchmarks.interleaved import in_turns
from benchmarks.request import BODY, PROJECT_ID, WANTED
from benchmarks.results import Result, relative

OURS = f"""\
import sys
from ai_gate import AIGateClient

client = AIGateClient({PROJECT_ID!r}, sys.argv[1])
"""
OURS_CALLS = f"client.create_session(**{WANTED!r})\nclient.close()\n"

HTTPX = """\
import sys
import httpx

client = httpx.Client()
"""
HTTPX_CALLS = f"client.post(sys.argv[1] + '/session', json={BODY!r}).json()\nclient.close()\n"

GENERATED = """\
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

OPENAI = """\
import sys
from openai import OpenAI

client = OpenAI(api_key="sk-none", base_url=sys.argv[1] + "/v1")
"""
OPENAI_CALLS = f"client.beta.realtime.sessions.create(**{WANTED!r})\nclient.close()\n"

CONSTRUCT = {
    "ai-gate": OURS,
    "httpx": HTTPX,
    "httpx again (A/A)": HTTPX,
    "generated client": GENERATED,
    "openai": OPENAI,
}
"""Import and make a client, by contender."""

FIRST_SESSION = {
    "ai-gate": OURS + OURS_CALLS,
    "httpx": HTTPX + HTTPX_CALLS,
    "httpx again (A/A)": HTTPX + HTTPX_CALLS,
    "generated client": GENERATED + GENERATED_CALLS,
    "openai": OPENAI + OPENAI_CALLS,
}
"""The same, and make a call."""


def compare(
    bench: Bench,
    row: str,
    scripts: Mapping[str, str],
    *,
    against: str,
    limit: float,
    rounds: int,
    url: str,
) -> list[Result]:
    """The CPU of whole processes; the limit is the SDK's."""
    absent = {one.label for one in ALL if not one.is_installed}
    taken = in_turns(
        {
            label: partial(processes.cpu_of, label, code, bench.env, url)
            for label, code in scripts.items()
            if label not in absent
        },
        rounds,
    )
    milliseconds = {label: [value * 1e3 for value in values] for label, values in taken.items()}
    return [
        relative(
            row,
            label,
            values,
            "ms",
            base=milliseconds[against],
            against=against,
            limit=limit if label == "ai-gate" else None,
        )
        for label, values in milliseconds.items()
    ]
