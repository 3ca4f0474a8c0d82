from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="ConcurrentLimitResponse")


@_attrs_define
class ConcurrentLimitResponse:
    """Too many live sessions of one project."""

    error: str
    """ The error's code, `concurrent_limit_exceeded`. """
    message: str
    """ What went wrong, for a person. """
    current: int
    """ The live sessions of the project. """
    max_: int
    """ The live sessions that the plan allows. """
    hint: str | Unset = UNSET
    """ What can be done about it, for a person. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        error = self.error

        message = self.message

        current = self.current

        max_ = self.max_

        hint = self.hint

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "error": error,
                "message": message,
                "current": current,
                "max": max_,
            }
        )
        if hint is not UNSET:
            field_dict["hint"] = hint

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        error = d.pop("error")

        message = d.pop("message")

        current = d.pop("current")

        max_ = d.pop("max")

        hint = d.pop("hint", UNSET)

        concurrent_limit_response = cls(
            error=error,
            message=message,
            current=current,
            max_=max_,
            hint=hint,
        )

        concurrent_limit_response.additional_properties = d
        return concurrent_limit_response

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
