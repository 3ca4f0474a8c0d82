"""A name server for one name."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any

import pytest

from .addresses import Address

NAME = "gate.test"


class Resolver:
    """Says which addresses a made-up name has; other names are looked up as ever."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lookups = 0
        self._addresses: Sequence[Address] = ()
        self._look_up_others = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._look_up)

    def url(self, *addresses: Address) -> str:
        """Give the name these addresses, which share a port; none: the name is unknown."""
        self._addresses = addresses
        port = addresses[0][1] if addresses else 80
        return f"http://{NAME}:{port}"

    def _look_up(  # noqa: PLR0917 - as the standard library has it
        self,
        host: str | bytes | None,
        port: str | int | None,
        family: int = 0,
        type: int = 0,  # noqa: A002
        proto: int = 0,
        flags: int = 0,
    ) -> list[Any]:
        if host not in {NAME, NAME.encode()}:
            return list(self._look_up_others(host, port, family, type, proto, flags))
        # Trio asks whether the name is an address before it has it looked up.
        numeric = flags & socket.AI_NUMERICHOST
        self.lookups += 0 if numeric else 1
        if numeric or not self._addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [
            (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address)
            for address in self._addresses
        ]
