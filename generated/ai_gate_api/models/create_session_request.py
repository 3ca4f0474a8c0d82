from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="CreateSessionRequest")


@_attrs_define
class CreateSessionRequest:
    """What the session is to be. Everything but the project ID has a default. The gate hands any other field to
    OpenAI, for example `tools` and `turn_detection`.

    """

    project_id: str
    """ The project, as shown in the dashboard. The only credential there is, so keep it out of logs. """
    model: str | Unset = "gpt-4o-realtime-preview-2024-10-01"
    """ The OpenAI Realtime model. The gate hands it to OpenAI, so any name is legal. """
    voice: str | Unset = "echo"
    """ The voice of the model. The gate hands it to OpenAI, so any name is legal. """
    temperature: float | Unset = 0.7
    """ The sampling temperature of the model. """
    instructions: str | Unset = "You are a helpful assistant"
    """ The system instructions of the model. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        project_id = self.project_id

        model = self.model

        voice = self.voice

        temperature = self.temperature

        instructions = self.instructions

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "project_id": project_id,
            }
        )
        if model is not UNSET:
            field_dict["model"] = model
        if voice is not UNSET:
            field_dict["voice"] = voice
        if temperature is not UNSET:
            field_dict["temperature"] = temperature
        if instructions is not UNSET:
            field_dict["instructions"] = instructions

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        project_id = d.pop("project_id")

        model = d.pop("model", UNSET)

        voice = d.pop("voice", UNSET)

        temperature = d.pop("temperature", UNSET)

        instructions = d.pop("instructions", UNSET)

        create_session_request = cls(
            project_id=project_id,
            model=model,
            voice=voice,
            temperature=temperature,
            instructions=instructions,
        )

        create_session_request.additional_properties = d
        return create_session_request

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
