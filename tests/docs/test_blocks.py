"""The runnable blocks of the pages, executed as they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_gate.testing import MockGate

from .kinds import Kind, kind
from .markdown import Block
from .pages import OWN_BLOCKS, PRODUCT_BLOCKS, handles_errors, of_kind, parameters
from .running import check_calls, check_output, run_block

RUNNABLE = (Kind.PROGRAM, Kind.FRAGMENT)
OWN = of_kind(OWN_BLOCKS, *RUNNABLE)
PRODUCT = of_kind(PRODUCT_BLOCKS, *RUNNABLE)
LANGUAGES = {"", "bash", "dockerfile", "html", "js", "python", "text", "toml", "yaml"}
"""bash is run in `test_commands`; text is for people; `test_projects` has each of the others."""

# Each documented error of a session request, and what a handler must have found in it.
ERRORS = {
    (400, "invalid_request"): "",
    (401, "unknown_project"): "",
    (402, "quota_exceeded"): "https://www.ai-gate.dev/pricing",
    (402, "quota_exceeded_few_fields"): "https://www.ai-gate.dev/pricing",
    (404, "not_found"): "",
    (429, "rate_limit"): "",
    (429, "rate_limit_code"): "",
    (429, "concurrent_limit"): "",
    (429, "concurrent_limit_without_hint"): "",
    (429, "too_many_requests"): "",
    (500, "internal_error"): "",
    (503, "service_unavailable"): "",
    (522, "cloudflare_522"): "",
}
# A handler of the product page, which isn't ours to change, takes any other 429 than a concurrent
# limit for a rate limit with a `resetAt`. This one has none.
UNKNOWN_TO_THE_PRODUCT_PAGE = (429, "too_many_requests")


@pytest.mark.parametrize("block", parameters(OWN_BLOCKS, PRODUCT_BLOCKS), ids=str)
def test_every_block_is_of_a_known_kind(block: Block) -> None:
    assert block.language in LANGUAGES
    if block.language == "python":
        assert kind(block.code) in Kind
    else:
        # A block of Python that isn't marked as such would go untested.
        assert "import ai_gate" not in block.code
        assert "from ai_gate" not in block.code


@pytest.mark.parametrize("block", parameters(OWN, PRODUCT), ids=str)
def test_block_runs(
    block: Block, gate: MockGate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_block(block, tmp_path)
    check_calls(block.code, gate)
    check_output(block.code, capsys)


@pytest.mark.parametrize("answer", ERRORS, ids=lambda answer: f"{answer[0]}-{answer[1]}")
@pytest.mark.parametrize(
    "block",
    parameters(*([block for block in page if handles_errors(block)] for page in (OWN, PRODUCT))),
    ids=str,
)
def test_handlers_take_every_documented_error(
    block: Block,
    answer: tuple[int, str],
    gate: MockGate,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    gate.respond_next(*answer)
    reads_reset_at = "error.response['resetAt']" in block.code
    if block in PRODUCT and reads_reset_at and answer == UNKNOWN_TO_THE_PRODUCT_PAGE:
        with pytest.raises(KeyError, match="resetAt"):
            run_block(block, tmp_path)
        return
    run_block(block, tmp_path)
    output = capsys.readouterr().out
    assert output
    if "upgrade_url" in block.code:
        assert ERRORS[answer] in output
    assert "sess_" not in output


def test_pages_have_runnable_blocks() -> None:
    assert len(OWN) > 30
    assert len(of_kind(OWN_BLOCKS, Kind.FILE)) > 5
    assert {bool(PRODUCT), bool(PRODUCT_BLOCKS)} in ({True}, {False})
