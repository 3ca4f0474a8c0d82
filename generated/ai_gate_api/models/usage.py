from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="Usage")


@_attrs_define
class Usage:
    """The project's use of its plan in the current month."""

    plan: str
    """ The plan, for example `free`, `starter` or `growth`. """
    sessions_used: int
    """ The sessions used in the current month. """
    sessions_included: int | Unset = UNSET
    """ The sessions that the plan includes in a month. """
    sessions_remaining: int | Unset = UNSET
    """ The sessions left in the current month. """
    estimated_minutes: float | Unset = UNSET
    """ The minutes that the plan's sessions are expected to last. """
    minutes_used: float | Unset = UNSET
    """ The minutes used in the current month. """
    percent_used: float | Unset = UNSET
    """ The used part of the plan, in percent. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        plan = self.plan

        sessions_used = self.sessions_used

        sessions_included = self.sessions_included

        sessions_remaining = self.sessions_remaining

        estimated_minutes = self.estimated_minutes

        minutes_used = self.minutes_used

        percent_used = self.percent_used

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "plan": plan,
                "sessionsUsed": sessions_used,
            }
        )
        if sessions_included is not UNSET:
            field_dict["sessionsIncluded"] = sessions_included
        if sessions_remaining is not UNSET:
            field_dict["sessionsRemaining"] = sessions_remaining
        if estimated_minutes is not UNSET:
            field_dict["estimatedMinutes"] = estimated_minutes
        if minutes_used is not UNSET:
            field_dict["minutesUsed"] = minutes_used
        if percent_used is not UNSET:
            field_dict["percentUsed"] = percent_used

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        plan = d.pop("plan")

        sessions_used = d.pop("sessionsUsed")

        sessions_included = d.pop("sessionsIncluded", UNSET)

        sessions_remaining = d.pop("sessionsRemaining", UNSET)

        estimated_minutes = d.pop("estimatedMinutes", UNSET)

        minutes_used = d.pop("minutesUsed", UNSET)

        percent_used = d.pop("percentUsed", UNSET)

        usage = cls(
            plan=plan,
            sessions_used=sessions_used,
            sessions_included=sessions_included,
            sessions_remaining=sessions_remaining,
            estimated_minutes=estimated_minutes,
            minutes_used=minutes_used,
            percent_used=percent_used,
        )

        usage.additional_properties = d
        return usage

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
