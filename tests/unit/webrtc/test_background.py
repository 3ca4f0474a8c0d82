"""Tasks in the background, which outlive their caller."""

from __future__ import annotations

import asyncio
import gc
import logging

import pytest

from ai_gate.webrtc import _background
from ai_gate.webrtc._background import spawn
from tests.voice.running import finished


def test_a_task_that_nobody_holds_gets_done() -> None:
    async def main() -> None:
        done = []

        async def clean_up() -> None:
            # Nothing but the task refers to this.
            await asyncio.get_running_loop().create_future()

        async def quick() -> None:
            await asyncio.sleep(0)
            done.append(True)

        hanging = id(spawn(clean_up()))
        spawn(quick())
        gc.collect()
        assert not await finished(0.01)
        assert done == [True]
        (task,) = (task for task in asyncio.all_tasks() if id(task) == hanging)
        task.cancel()
        assert await finished(20.0)

    asyncio.run(main())


def test_a_failure_is_logged_by_its_type_alone(caplog: pytest.LogCaptureFixture) -> None:
    complaints: list[object] = []

    async def main() -> None:
        async def fail() -> None:
            raise OSError("secret")

        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: complaints.append(context)
        )
        spawn(fail())
        assert await finished(1.0)
        gc.collect()

    caplog.set_level(logging.DEBUG, logger="ai_gate")
    asyncio.run(main())
    assert complaints == []
    assert [record.getMessage() for record in caplog.records if record.name == "ai_gate"] == [
        "Cleaning up failed: OSError"
    ]


def test_each_loop_has_its_own() -> None:
    async def main() -> None:
        spawn(asyncio.sleep(0))
        assert await finished(1.0)

    asyncio.run(main())
    asyncio.run(main())


def test_loops_are_let_go() -> None:
    async def done() -> None:
        spawn(asyncio.sleep(0))
        assert await finished(1.0)

    async def leave() -> None:
        async def hang() -> None:
            await asyncio.get_running_loop().create_future()

        spawn(hang())
        await asyncio.sleep(0)

    asyncio.run(done())
    assert not _background._tasks
    # Closed as no program should do it: with a task that isn't done.
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda _, context: None)
    loop.run_until_complete(leave())
    loop.close()
    assert list(_background._tasks) == [loop]
    asyncio.run(done())
    assert not _background._tasks
