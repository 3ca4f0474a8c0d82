"""The differences between two versions of the spec, each with its place."""

from collections.abc import Iterator
from typing import NamedTuple

from scripts.spec_diff.differences import differences
from scripts.spec_diff.facts import NO_CREDENTIALS, Answer, Contract, Operation


class Change(NamedTuple):
    """A difference in words, and where it is: an operation, or a status of its answers."""

    breaking: bool
    text: str
    operation: str = ""
    status: str = ""


def changes(old: Contract, new: Contract) -> Iterator[Change]:
    """Compare all that a caller relies on."""
    yield from _servers(old.servers, new.servers)
    renamed = dict(_renamed(old.operations, new.operations))
    for name, operation in new.operations.items():
        if former := old.operations.get(name) or renamed.get(name):
            yield from _operation(former, operation)
        else:
            yield Change(False, "new operation", name)
    for name, operation in old.operations.items():
        if name not in new.operations and operation not in renamed.values():
            yield Change(True, "the operation is gone", name)


def _servers(old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[Change]:
    for url in old:
        if url not in new:
            yield Change(True, f"the server `{url}` is gone")
    for url in new:
        if url not in old:
            yield Change(False, f"new server `{url}`")
    if old[:1] != new[:1] and {*old[:1]} <= {*new}:
        yield Change(True, f"the first server, which clients take, is now `{new[0]}`")


def _renamed(
    old: dict[str, Operation], new: dict[str, Operation]
) -> Iterator[tuple[str, Operation]]:
    left = {one.identity: one for name, one in old.items() if one.identity and name not in new}
    for name, operation in new.items():
        if name not in old and operation.identity in left:
            yield name, left[operation.identity]


def _operation(old: Operation, new: Operation) -> Iterator[Change]:
    name = new.name
    if old.name != name:
        yield Change(True, f"the operation is now {name}", old.name)
    for what, before, now in (
        ("operation ID", old.identity, new.identity),
        ("tag", old.tag, new.tag),
    ):
        if before != now:
            yield Change(True, f"the {what} is now `{now}`, was `{before}`", name)
    if old.deprecated != new.deprecated:
        state = "is now" if new.deprecated else "is no longer"
        yield Change(False, f"the operation {state} deprecated", name)
    yield from _credentials(old, new)
    for breaking, text in differences(old.inputs, new.inputs, sent=True):
        yield Change(breaking, text, name)
    yield from _answers(old, new)


def _credentials(old: Operation, new: Operation) -> Iterator[Change]:
    before, now = set(old.credentials), set(new.credentials)
    if before != now:
        breaking = NO_CREDENTIALS not in now and not before <= now
        text = f"now needs {' or '.join(new.credentials)}, needed {' or '.join(old.credentials)}"
        yield Change(breaking, text, new.name)


def _answers(old: Operation, new: Operation) -> Iterator[Change]:
    for status, answer in new.answers.items():
        if status in old.answers:
            for breaking, text in _answer(old.answers[status], answer):
                yield Change(breaking, text, new.name, status)
        else:
            yield Change(False, ", ".join(["new answer", *answer.codes]), new.name, status)
    for status in old.answers:
        if status not in new.answers:
            yield Change(True, "the answer is gone", new.name, status)


def _answer(old: Answer, new: Answer) -> Iterator[tuple[bool, str]]:
    yield from differences(old.values, new.values, sent=False)
    yield from ((False, f"new {code}") for code in new.codes if code not in old.codes)
    yield from ((True, f"the {code} is gone") for code in old.codes if code not in new.codes)
