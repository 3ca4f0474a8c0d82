from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.usage import Usage


T = TypeVar("T", bound="QuotaExceededResponse")


@_attrs_define
class QuotaExceededResponse:
    """The sessions of the month are used up."""

    error: str
    """ The error's code, `quota_exceeded`. """
    message: str
    """ What went wrong, for a person. """
    usage: Usage
    """ The project's use of its plan in the current month. """
    upgrade_url: str
    """ Where the plan can be changed. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        error = self.error

        message = self.message

        usage = self.usage.to_dict()

        upgrade_url = self.upgrade_url

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "error": error,
                "message": message,
                "usage": usage,
                "upgrade_url": upgrade_url,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.usage import Usage  # noqa: PLC0415

        d = dict(src_dict)
        error = d.pop("error")

        message = d.pop("message")

        usage = Usage.from_dict(d.pop("usage"))

        upgrade_url = d.pop("upgrade_url")

        quota_exceeded_response = cls(
            error=error,
            message=message,
            usage=usage,
            upgrade_url=upgrade_url,
        )

        quota_exceeded_response.additional_properties = d
        return quota_exceeded_response

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
