"""Timestamps: every form that the gate may send is read, anything else is None."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_gate._timestamps import parse_iso8601, parse_retry_after, parse_unix_seconds
from tests.support.running import modest

NOON = datetime(2025, 10, 3, 12, tzinfo=UTC)
HALF_PAST_FIVE = timezone(timedelta(hours=5, minutes=30))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-10-03T12:00:00.000Z", NOON),
        ("2025-10-03T12:00:00Z", NOON),
        ("2025-10-03T12:00Z", NOON),
        ("20251003T120000Z", NOON),
        ("2025-W40-5T12Z", NOON),
        ("2025-276T12:00:00Z", NOON),
        ("2025-10-03T12:00:00,250000Z", NOON.replace(microsecond=250_000)),
        ("2025-10-03T17:30:00+05:30", NOON),
        ("2025-10-03T17:30:00+0530", NOON),
        ("2025-10-03T12:00:00", NOON),
        ("2025-10-03", NOON.replace(hour=0)),
        ("2025-10-03T24:00:00Z", NOON.replace(day=4, hour=0)),
    ],
)
def test_iso_8601(text: str, moment: datetime) -> None:
    read = parse_iso8601(text)
    assert read == moment
    assert read is not None
    assert read.tzinfo is not None


def test_an_offset_is_kept() -> None:
    read = parse_iso8601("2025-10-03T17:30:00+05:30")
    assert read is not None
    assert read.utcoffset() == HALF_PAST_FIVE.utcoffset(None)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        " ",
        "soon",
        "2025-13-01",
        "2025-02-29",
        "2025-10-03T25:00:00Z",
        "9999-12-31T24:00:00Z",
        "2025-10-03T12:00:00+99:99",
        "\N{ARABIC-INDIC DIGIT TWO}025-10-03",
        "2025-10-03\ud800",
        1759492800,
        1759492800.5,
        True,
        [],
        {},
        b"2025-10-03",
    ],
)
def test_what_is_not_iso_8601(value: object) -> None:
    assert parse_iso8601(value) is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1759492800", NOON),
        ("1759492800.5", NOON + timedelta(seconds=0.5)),
        ("0", datetime(1970, 1, 1, tzinfo=UTC)),
        (None, None),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("-inf", None),
        ("1e400", None),
        ("9" * 5_000, None),
        ("99999999999999", None),
    ],
)
def test_unix_seconds(text: str | None, moment: datetime | None) -> None:
    read = parse_unix_seconds(text)
    assert read == moment
    assert read is None or read.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("007", 7.0),
        ("Fri, 03 Oct 2025 12:01:00 GMT", 60.0),
        ("Friday, 03-Oct-25 12:01:00 GMT", 60.0),
        ("Fri Oct  3 12:01:00 2025", 60.0),
        ("Fri, 03 Oct 2025 12:01:00 -0000", 60.0),
        ("Fri, 03 Oct 2025 14:01:00 +0200", 60.0),
        ("Fri, 03 Oct 2025 11:00:00 GMT", 0.0),
    ],
)
def test_retry_after(text: str, seconds: float) -> None:
    assert parse_retry_after({"retry-after": text}, NOON) == seconds


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("Fri, 03 Oct 2025 09:00:58 GMT", 2.0),
        ("Friday, 03-Oct-25 09:00:58 GMT", 2.0),
        ("Fri, 03 Oct 2025 09:02:00 GMT", 0.0),
        ("soon", 60.0),
        ("", 60.0),
    ],
)
def test_a_retry_after_as_a_date_counts_from_the_clock_that_wrote_it(
    date: str, seconds: float
) -> None:
    headers = {"retry-after": "Fri, 03 Oct 2025 09:01:00 GMT", "date": date}
    assert parse_retry_after(headers, NOON.replace(hour=9)) == seconds


def test_a_retry_after_in_seconds_counts_from_no_date() -> None:
    headers = {"retry-after": "7", "date": "Fri, 03 Oct 2025 09:00:58 GMT"}
    assert parse_retry_after(headers, NOON) == 7.0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "-5",
        "+5",
        "1e3",
        "1_000",
        "0x10",
        ".5",
        "5.",
        "5, 10",
        "5s",
        "nan",
        "inf",
        "\N{ARABIC-INDIC DIGIT FIVE}",
        "\N{FULLWIDTH DIGIT FIVE}",
        "9" * 5_000,
        "soon",
        "Fri, 99 Oct 2025 12:01:00 GMT",
        "Fri, 03 Oct 99999 12:01:00 GMT",
        "Fri, 03 Oct 2025 12:01:00 +99999999999",
        "\x00",
    ],
)
def test_a_retry_after_that_asks_for_nothing(text: str) -> None:
    assert parse_retry_after({"retry-after": text}, NOON) is None


def test_no_retry_after() -> None:
    assert parse_retry_after({}, NOON) is None


NEARLY = st.text(alphabet="0123456789-:.,TWZ+ GMTFriOct", max_size=40) | st.text(max_size=40)


@modest
@given(NEARLY)
def test_no_text_is_too_odd_to_read(text: str) -> None:
    moments = (parse_iso8601(text), parse_unix_seconds(text))
    assert all(moment is None or moment.utcoffset() is not None for moment in moments)
    seconds = parse_retry_after({"retry-after": text, "date": text}, NOON)
    assert seconds is None or 0 <= seconds < float("inf")


@modest
@given(st.datetimes(timezones=st.just(UTC)))
def test_every_moment_is_read_back(moment: datetime) -> None:
    assert parse_iso8601(moment.isoformat()) == moment
    assert parse_iso8601(moment.isoformat().replace("+00:00", "Z")) == moment


@modest
@given(st.floats(0, 1e12))
def test_every_number_of_seconds_is_read_back(seconds: float) -> None:
    assert parse_retry_after({"retry-after": f"{seconds:f}"}, NOON) == pytest.approx(
        seconds, abs=1e-6
    )
