"""vcrpy records a call once and replays it, and with the mode `none` sends nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import vcr
from vcr.errors import CannotOverwriteExistingCassetteException

from ai_gate import APIConnectionError, AuthenticationError
from ai_gate.testing import MockGate

from .calling import PROJECT, SESSION, TURN, Client, Mode, call, with_client


@pytest.mark.parametrize("operation", [SESSION, TURN])
def test_once(gate: MockGate, mode: Mode, operation: str, tmp_path: Path) -> None:
    recorder = vcr.VCR(record_mode=vcr.mode.ONCE, cassette_library_dir=str(tmp_path))
    with recorder.use_cassette("gate.yaml"):
        recorded = call(mode, gate.url, operation)
    assert len(gate.received) == 1
    with recorder.use_cassette("gate.yaml") as cassette:
        assert call(mode, gate.url, operation) == recorded
        assert cassette.play_count == 1
        # A cassette that was read takes no new requests.
        with pytest.raises(CannotOverwriteExistingCassetteException):
            call(mode, gate.url, operation)
    assert len(gate.received) == 1


def test_a_refusal_is_recorded(gate: MockGate, mode: Mode, tmp_path: Path) -> None:
    recorder = vcr.VCR(record_mode=vcr.mode.ONCE, cassette_library_dir=str(tmp_path))
    gate.respond_next(401)
    errors = []
    for _ in range(2):
        with recorder.use_cassette("gate.yaml"):
            with pytest.raises(AuthenticationError) as caught:
                call(mode, gate.url)
            errors.append(caught.value)
    assert len(gate.received) == 1
    assert errors[0].response == errors[1].response
    assert errors[0].body == errors[1].body


@pytest.mark.parametrize("operation", [SESSION, TURN])
def test_none(gate: MockGate, mode: Mode, operation: str, tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    with (
        vcr.use_cassette(str(path), record_mode=vcr.mode.NONE),
        pytest.raises(CannotOverwriteExistingCassetteException),
    ):
        call(mode, gate.url, operation)
    assert gate.received == []
    assert not path.exists()


@pytest.mark.usefixtures("no_waits")
def test_a_lost_call_is_not_recorded(mode: Mode, tmp_path: Path) -> None:
    with MockGate() as closed:
        url = closed.url
    path = tmp_path / "lost.yaml"
    with (
        vcr.use_cassette(str(path), record_mode=vcr.mode.ONCE),
        pytest.raises(APIConnectionError, match="could not be reached"),
    ):
        call(mode, url)
    assert not path.exists()


def test_used_before_while_and_after(gate: MockGate, mode: Mode, tmp_path: Path) -> None:
    path = str(tmp_path / "gate.yaml")

    async def work(client: Client) -> None:
        first = await client.create_session()
        with vcr.use_cassette(path):
            recorded = await client.create_session()
        with vcr.use_cassette(path):
            assert await client.create_session() == recorded
        last = await client.create_session()
        assert len({first["id"], recorded["id"], last["id"]}) == 3

    with_client(mode, gate.url, work)
    assert len(gate.received) == 3


def test_a_cassette_without_the_project_id(gate: MockGate, mode: Mode, tmp_path: Path) -> None:
    path = tmp_path / "gate.yaml"
    recorder = vcr.VCR(
        filter_query_parameters=["identifier"], filter_post_data_parameters=["project_id"]
    )
    for _ in range(2):
        with recorder.use_cassette(str(path)):
            call(mode, gate.url, SESSION)
            call(mode, gate.url, TURN)
    assert len(gate.received) == 2
    assert gate.violations == []
    assert PROJECT not in path.read_text("utf-8")
