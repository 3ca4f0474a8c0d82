from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.ice_server import IceServer


T = TypeVar("T", bound="TurnCredentials")


@_attrs_define
class TurnCredentials:
    """The ICE servers of a WebRTC connection, good for 600 seconds."""

    ice_servers: list[IceServer]
    """ The STUN and TURN servers, in the shape that `RTCPeerConnection` takes. """
    field_auth_method: str | Unset = UNSET
    """ How the gate got the credentials, `bearer`, `legacy` or `stun_only`. """
    field_turn_enabled: bool | Unset = UNSET
    """ Whether TURN servers are among the ICE servers. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        ice_servers = []
        for ice_servers_item_data in self.ice_servers:
            ice_servers_item = ice_servers_item_data.to_dict()
            ice_servers.append(ice_servers_item)

        field_auth_method = self.field_auth_method

        field_turn_enabled = self.field_turn_enabled

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "iceServers": ice_servers,
            }
        )
        if field_auth_method is not UNSET:
            field_dict["_auth_method"] = field_auth_method
        if field_turn_enabled is not UNSET:
            field_dict["_turn_enabled"] = field_turn_enabled

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.ice_server import IceServer  # noqa: PLC0415

        d = dict(src_dict)
        ice_servers = []
        _ice_servers = d.pop("iceServers")
        for ice_servers_item_data in _ice_servers:
            ice_servers_item = IceServer.from_dict(ice_servers_item_data)

            ice_servers.append(ice_servers_item)

        field_auth_method = d.pop("_auth_method", UNSET)

        field_turn_enabled = d.pop("_turn_enabled", UNSET)

        turn_credentials = cls(
            ice_servers=ice_servers,
            field_auth_method=field_auth_method,
            field_turn_enabled=field_turn_enabled,
        )

        turn_credentials.additional_properties = d
        return turn_credentials

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
