from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="SessionMetadata")


@_attrs_define
class SessionMetadata:
    """What the gate notes of a session."""

    model: str
    """ The model that was asked for. """
    voice: str
    """ The voice that was asked for. """
    turn_server: str
    """ The URL of the first TURN server, or the bare word `cloudflare`. """
    created_at: datetime.datetime
    """ When the session was created. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        model = self.model

        voice = self.voice

        turn_server = self.turn_server

        created_at = self.created_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "model": model,
                "voice": voice,
                "turn_server": turn_server,
                "created_at": created_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        model = d.pop("model")

        voice = d.pop("voice")

        turn_server = d.pop("turn_server")

        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        session_metadata = cls(
            model=model,
            voice=voice,
            turn_server=turn_server,
            created_at=created_at,
        )

        session_metadata.additional_properties = d
        return session_metadata

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
