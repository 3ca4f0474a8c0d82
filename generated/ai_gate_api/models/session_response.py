from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.client_secret import ClientSecret
    from ..models.session_metadata import SessionMetadata
    from ..models.session_response_input_audio_transcription_type_0 import (
        SessionResponseInputAudioTranscriptionType0,
    )
    from ..models.session_response_tool_choice_type_1 import (
        SessionResponseToolChoiceType1,
    )
    from ..models.session_response_tools_item import SessionResponseToolsItem
    from ..models.turn_credentials import TurnCredentials
    from ..models.turn_detection import TurnDetection


T = TypeVar("T", bound="SessionResponse")


@_attrs_define
class SessionResponse:
    """OpenAI's session, with four fields added by the gate: `turn_credentials`, `session_id`, `metadata` and, from
    OpenAI's answer, `client_secret`.

    """

    id: str
    """ OpenAI's ID of the session. """
    model: str
    """ The OpenAI Realtime model of the session. """
    turn_credentials: TurnCredentials
    """ The ICE servers of a WebRTC connection, good for 600 seconds. """
    session_id: str
    """ The gate's own ID of the session. """
    metadata: SessionMetadata
    """ What the gate notes of a session. """
    object_: str | Unset = UNSET
    """ The kind of object, `realtime.session`. """
    expires_at: int | Unset = UNSET
    """ When the session ends, in Unix seconds. """
    modalities: list[str] | Unset = UNSET
    """ What the model answers with. """
    instructions: str | Unset = UNSET
    """ The system instructions of the model. """
    voice: str | Unset = UNSET
    """ The voice of the model. """
    input_audio_format: str | Unset = UNSET
    """ The format of the audio that the model hears. """
    output_audio_format: str | Unset = UNSET
    """ The format of the audio that the model speaks. """
    input_audio_transcription: (
        None | SessionResponseInputAudioTranscriptionType0 | Unset
    ) = UNSET
    """ How the user's audio is transcribed, or null where it isn't. """
    turn_detection: None | TurnDetection | Unset = UNSET
    """ How the model notices that the user has finished, or null where the client says so. """
    tools: list[SessionResponseToolsItem] | Unset = UNSET
    """ The functions that the model may call. """
    tool_choice: SessionResponseToolChoiceType1 | str | Unset = UNSET
    """ How the model chooses among the tools. """
    temperature: float | Unset = UNSET
    """ The sampling temperature of the model. """
    max_response_output_tokens: int | str | Unset = UNSET
    """ The most tokens of one answer, or `inf`. """
    client_secret: ClientSecret | Unset = UNSET
    """ The bearer token that opens the WebRTC connection. A connection must be started before it expires, about 60
    seconds after the session was created.
     """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.session_response_input_audio_transcription_type_0 import (
            SessionResponseInputAudioTranscriptionType0,  # noqa: PLC0415
        )
        from ..models.session_response_tool_choice_type_1 import (
            SessionResponseToolChoiceType1,  # noqa: PLC0415
        )
        from ..models.turn_detection import TurnDetection  # noqa: PLC0415

        id = self.id

        model = self.model

        turn_credentials = self.turn_credentials.to_dict()

        session_id = self.session_id

        metadata = self.metadata.to_dict()

        object_ = self.object_

        expires_at = self.expires_at

        modalities: list[str] | Unset = UNSET
        if not isinstance(self.modalities, Unset):
            modalities = self.modalities

        instructions = self.instructions

        voice = self.voice

        input_audio_format = self.input_audio_format

        output_audio_format = self.output_audio_format

        input_audio_transcription: dict[str, Any] | None | Unset
        if isinstance(self.input_audio_transcription, Unset):
            input_audio_transcription = UNSET
        elif isinstance(
            self.input_audio_transcription, SessionResponseInputAudioTranscriptionType0
        ):
            input_audio_transcription = self.input_audio_transcription.to_dict()
        else:
            input_audio_transcription = self.input_audio_transcription

        turn_detection: dict[str, Any] | None | Unset
        if isinstance(self.turn_detection, Unset):
            turn_detection = UNSET
        elif isinstance(self.turn_detection, TurnDetection):
            turn_detection = self.turn_detection.to_dict()
        else:
            turn_detection = self.turn_detection

        tools: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.tools, Unset):
            tools = []
            for tools_item_data in self.tools:
                tools_item = tools_item_data.to_dict()
                tools.append(tools_item)

        tool_choice: dict[str, Any] | str | Unset
        if isinstance(self.tool_choice, Unset):
            tool_choice = UNSET
        elif isinstance(self.tool_choice, SessionResponseToolChoiceType1):
            tool_choice = self.tool_choice.to_dict()
        else:
            tool_choice = self.tool_choice

        temperature = self.temperature

        max_response_output_tokens: int | str | Unset
        if isinstance(self.max_response_output_tokens, Unset):
            max_response_output_tokens = UNSET
        else:
            max_response_output_tokens = self.max_response_output_tokens

        client_secret: dict[str, Any] | Unset = UNSET
        if not isinstance(self.client_secret, Unset):
            client_secret = self.client_secret.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "model": model,
                "turn_credentials": turn_credentials,
                "session_id": session_id,
                "metadata": metadata,
            }
        )
        if object_ is not UNSET:
            field_dict["object"] = object_
        if expires_at is not UNSET:
            field_dict["expires_at"] = expires_at
        if modalities is not UNSET:
            field_dict["modalities"] = modalities
        if instructions is not UNSET:
            field_dict["instructions"] = instructions
        if voice is not UNSET:
            field_dict["voice"] = voice
        if input_audio_format is not UNSET:
            field_dict["input_audio_format"] = input_audio_format
        if output_audio_format is not UNSET:
            field_dict["output_audio_format"] = output_audio_format
        if input_audio_transcription is not UNSET:
            field_dict["input_audio_transcription"] = input_audio_transcription
        if turn_detection is not UNSET:
            field_dict["turn_detection"] = turn_detection
        if tools is not UNSET:
            field_dict["tools"] = tools
        if tool_choice is not UNSET:
            field_dict["tool_choice"] = tool_choice
        if temperature is not UNSET:
            field_dict["temperature"] = temperature
        if max_response_output_tokens is not UNSET:
            field_dict["max_response_output_tokens"] = max_response_output_tokens
        if client_secret is not UNSET:
            field_dict["client_secret"] = client_secret

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.client_secret import ClientSecret  # noqa: PLC0415
        from ..models.session_metadata import SessionMetadata  # noqa: PLC0415
        from ..models.session_response_input_audio_transcription_type_0 import (
            SessionResponseInputAudioTranscriptionType0,  # noqa: PLC0415
        )
        from ..models.session_response_tool_choice_type_1 import (
            SessionResponseToolChoiceType1,  # noqa: PLC0415
        )
        from ..models.session_response_tools_item import SessionResponseToolsItem  # noqa: PLC0415
        from ..models.turn_credentials import TurnCredentials  # noqa: PLC0415
        from ..models.turn_detection import TurnDetection  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        model = d.pop("model")

        turn_credentials = TurnCredentials.from_dict(d.pop("turn_credentials"))

        session_id = d.pop("session_id")

        metadata = SessionMetadata.from_dict(d.pop("metadata"))

        object_ = d.pop("object", UNSET)

        expires_at = d.pop("expires_at", UNSET)

        modalities = cast(list[str], d.pop("modalities", UNSET))

        instructions = d.pop("instructions", UNSET)

        voice = d.pop("voice", UNSET)

        input_audio_format = d.pop("input_audio_format", UNSET)

        output_audio_format = d.pop("output_audio_format", UNSET)

        def _parse_input_audio_transcription(
            data: object,
        ) -> None | SessionResponseInputAudioTranscriptionType0 | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                input_audio_transcription_type_0 = (
                    SessionResponseInputAudioTranscriptionType0.from_dict(data)
                )

                return input_audio_transcription_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(
                None | SessionResponseInputAudioTranscriptionType0 | Unset, data
            )

        input_audio_transcription = _parse_input_audio_transcription(
            d.pop("input_audio_transcription", UNSET)
        )

        def _parse_turn_detection(data: object) -> None | TurnDetection | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                turn_detection_type_0 = TurnDetection.from_dict(data)

                return turn_detection_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | TurnDetection | Unset, data)

        turn_detection = _parse_turn_detection(d.pop("turn_detection", UNSET))

        _tools = d.pop("tools", UNSET)
        tools: list[SessionResponseToolsItem] | Unset = UNSET
        if _tools is not UNSET:
            tools = []
            for tools_item_data in _tools:
                tools_item = SessionResponseToolsItem.from_dict(tools_item_data)

                tools.append(tools_item)

        def _parse_tool_choice(
            data: object,
        ) -> SessionResponseToolChoiceType1 | str | Unset:
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                tool_choice_type_1 = SessionResponseToolChoiceType1.from_dict(data)

                return tool_choice_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(SessionResponseToolChoiceType1 | str | Unset, data)

        tool_choice = _parse_tool_choice(d.pop("tool_choice", UNSET))

        temperature = d.pop("temperature", UNSET)

        def _parse_max_response_output_tokens(data: object) -> int | str | Unset:
            if isinstance(data, Unset):
                return data
            return cast(int | str | Unset, data)

        max_response_output_tokens = _parse_max_response_output_tokens(
            d.pop("max_response_output_tokens", UNSET)
        )

        _client_secret = d.pop("client_secret", UNSET)
        client_secret: ClientSecret | Unset
        if isinstance(_client_secret, Unset):
            client_secret = UNSET
        else:
            client_secret = ClientSecret.from_dict(_client_secret)

        session_response = cls(
            id=id,
            model=model,
            turn_credentials=turn_credentials,
            session_id=session_id,
            metadata=metadata,
            object_=object_,
            expires_at=expires_at,
            modalities=modalities,
            instructions=instructions,
            voice=voice,
            input_audio_format=input_audio_format,
            output_audio_format=output_audio_format,
            input_audio_transcription=input_audio_transcription,
            turn_detection=turn_detection,
            tools=tools,
            tool_choice=tool_choice,
            temperature=temperature,
            max_response_output_tokens=max_response_output_tokens,
            client_secret=client_secret,
        )

        session_response.additional_properties = d
        return session_response

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
