"""Clean-up that outlives its caller."""

from __future__ import annotations

import asyncio
import gc
import logging

import pytest

from ai_gate.webrtc import _reaper as reaper
from ai_gate.webrtc._reaper import finished, reap


def test_a_task_that_nobody_holds_gets_done() -> None:
    async def main() -> None:
        done = []

        async def clean_up() -> None:
            # Nothing but the task refers to this.
            await asyncio.get_running_loop().create_future()

        async def quick() -> None:
            await asyncio.sleep(0)
            done.append(True)

        hanging = id(reap(clean_up()))
        reap(quick())
        gc.collect()
        assert not await finished(0.01)
        assert done == [True]
        (task,) = (task for task in asyncio.all_tasks() if id(task) == hanging)
        task.cancel()
        assert await finished(20.0)

    asyncio.run(main())


def test_what_begins_in_the_meantime_is_waited_for_too() -> None:
    async def main() -> None:
        done = []

        async def second() -> None:
            await asyncio.sleep(0)
            done.append("second")

        async def first() -> None:
            await asyncio.sleep(0)
            reap(second())
            done.append("first")

        reap(first())
        assert await finished(20.0)
        assert done == ["first", "second"]

    asyncio.run(main())


def test_a_clean_up_that_waits_for_the_others() -> None:
    async def main() -> None:
        async def last() -> bool:
            return await finished(20.0)

        others = reap(asyncio.sleep(0))
        assert await reap(last())
        assert others.done()

    asyncio.run(main())


def test_nothing_to_wait_for() -> None:
    assert asyncio.run(finished(0.0))


def test_a_failure_is_logged_by_its_type_alone(caplog: pytest.LogCaptureFixture) -> None:
    complaints: list[object] = []

    async def main() -> None:
        async def fail() -> None:
            raise OSError("secret")

        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: complaints.append(context)
        )
        reap(fail())
        assert await finished(20.0)
        gc.collect()

    caplog.set_level(logging.DEBUG, logger="ai_gate")
    asyncio.run(main())
    assert complaints == []
    assert [record.getMessage() for record in caplog.records if record.name == "ai_gate"] == [
        "Cleaning up failed: OSError"
    ]


def test_each_loop_has_its_own() -> None:
    async def main() -> None:
        reap(asyncio.sleep(0))
        assert await finished(20.0)

    asyncio.run(main())
    asyncio.run(main())


def test_loops_are_let_go() -> None:
    async def done() -> None:
        reap(asyncio.sleep(0))
        assert await finished(20.0)

    async def leave() -> None:
        async def hang() -> None:
            await asyncio.get_running_loop().create_future()

        reap(hang())
        await asyncio.sleep(0)

    asyncio.run(done())
    assert not reaper._tasks
    # Closed as no program should do it: with a task that isn't done.
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda _, context: None)
    loop.run_until_complete(leave())
    loop.close()
    assert list(reaper._tasks) == [loop]
    asyncio.run(done())
    assert not reaper._tasks
