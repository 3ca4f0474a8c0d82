"""The differences between what was sent or came back and what is or does now, in words."""

from collections.abc import Iterator
from typing import NamedTuple

from scripts.spec_diff.covering import cover
from scripts.spec_diff.kinds import Kinds, atoms, depths, show, words
from scripts.spec_diff.values import Place, Value, Values


class Difference(NamedTuple):
    """A difference in words, and whether it breaks a caller."""

    breaking: bool
    text: str


def differences(old: Values, new: Values, *, sent: bool) -> Iterator[Difference]:
    """Compare values that are sent, or such that come back."""
    told = _told(old, new)
    for place in dict.fromkeys([*new, *old]):
        if place in old and place in new:
            yield from _changed(old[place], new[place], sent=sent)
        elif not any(place[:length] in told for length in range(1, len(place))):
            yield _new(new[place], sent=sent) if place in new else _gone(old[place], sent=sent)


def _told(old: Values, new: Values) -> set[Place]:
    """The values whose own difference tells that what lies within them is new or gone."""
    shared = old.keys() & new.keys()
    reshaped = {one for one in shared if depths(old[one].kinds) != depths(new[one].kinds)}
    return reshaped | (old.keys() ^ new.keys())


def _new(value: Value, *, sent: bool) -> Difference:
    details = words(value.kinds) + "".join(f", default {show(one)}" for one in value.default)
    if not sent:
        presence = "always there" if value.always else "sometimes missing"
        return Difference(False, f"new {value.title} ({details}, {presence})")
    need = "required" if value.always else "optional"
    return Difference(value.always, f"new {need} {value.title} ({details})")


def _gone(value: Value, *, sent: bool) -> Difference:
    return Difference(True, f"{_subject(value)} is {'no longer taken' if sent else 'gone'}")


def _subject(value: Value) -> str:
    return f"`{value.name}`" if value.noun == "field" else f"the {value.title}"


def _changed(old: Value, new: Value, *, sent: bool) -> Iterator[Difference]:
    subject = _subject(new)
    if old.always != new.always:
        text = {
            (True, True): "must now be sent",
            (True, False): "may now be left out",
            (False, True): "is now always there",
            (False, False): "may now be missing",
        }[sent, new.always]
        yield Difference(sent == new.always, f"{subject} {text}")
    for breaking, text in _kinds(old.kinds, new.kinds, sent=sent):
        yield Difference(breaking, f"{subject} {text}")
    if sent and old.default != new.default:
        yield _default(old, new)
    yield from _known(old, new)
    if old.deprecated != new.deprecated:
        state = "is now" if new.deprecated else "is no longer"
        yield Difference(False, f"{subject} {state} deprecated")


def _kinds(old: Kinds, new: Kinds, *, sent: bool) -> Iterator[Difference]:
    grows, shrinks = not cover(old, new), not cover(new, old)
    if not grows and not shrinks:
        return
    (old_rest, old_atoms), (new_rest, new_atoms) = atoms(old), atoms(new)
    if cover(old_rest, new_rest) and cover(new_rest, old_rest):
        if gained := [one for one in new_atoms if one not in old_atoms]:
            yield Difference(not sent, f"may now also be {' or '.join(gained)}")
        if lost := [one for one in old_atoms if one not in new_atoms]:
            yield Difference(sent, f"may no longer be {' or '.join(lost)}")
        return
    yield Difference(shrinks if sent else grows, f"is now {words(new)}, was {words(old)}")


def _default(old: Value, new: Value) -> Difference:
    """A default that is new says what wasn't said before, so nobody relied on anything else."""
    now, was = (show(*one.default) if one.default else "unknown" for one in (new, old))
    of = f"`{new.name}`" if new.name else f"the {new.noun}"
    return Difference(bool(old.default), f"the default of {of} is now {now}, was {was}")


def _known(old: Value, new: Value) -> Iterator[Difference]:
    if gained := [one for one in new.known if one not in old.known]:
        yield Difference(False, f"{_subject(new)} has new known values: {', '.join(gained)}")
    if lost := [one for one in old.known if one not in new.known]:
        yield Difference(
            False, f"{_subject(new)} has fewer known values, without {', '.join(lost)}"
        )
