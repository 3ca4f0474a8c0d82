from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="RateLimitResponse")


@_attrs_define
class RateLimitResponse:
    """Too many requests for one project."""

    error: str
    """ The error's code, `Rate limit exceeded` or `rate_limit_exceeded`. """
    message: str
    """ What went wrong, for a person. """
    limit: int
    """ The requests that are allowed in a window. """
    window: str
    """ The length of a window, for a person. """
    reset_at: datetime.datetime
    """ When the next window begins. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        error = self.error

        message = self.message

        limit = self.limit

        window = self.window

        reset_at = self.reset_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "error": error,
                "message": message,
                "limit": limit,
                "window": window,
                "resetAt": reset_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        error = d.pop("error")

        message = d.pop("message")

        limit = d.pop("limit")

        window = d.pop("window")

        reset_at = datetime.datetime.fromisoformat(d.pop("resetAt"))

        rate_limit_response = cls(
            error=error,
            message=message,
            limit=limit,
            window=window,
            reset_at=reset_at,
        )

        rate_limit_response.additional_properties = d
        return rate_limit_response

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
