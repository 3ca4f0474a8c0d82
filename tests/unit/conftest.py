"""The servers and clients of the unit tests."""

from tests.support.fixtures import *  # noqa: F403
