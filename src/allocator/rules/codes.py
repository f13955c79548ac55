"""Codes that stand in sentences of rules, for people."""

from __future__ import annotations

from typing import Any

from allocator.words import Text, text

CODES: dict[str, Text] = {
    "leave": text("on leave"),
    "seconded": text("seconded"),
    "pregnant": text("pregnant"),
    "nursing": text("nursing"),
    "ill": text("ill"),
    "training": text("in training"),
    "principal": text("principal"),
    "vice_principal": text("vice-principal"),
    "manager": text("manager"),
    "counsellor": text("counsellor"),
    "urban": text("urban"),
    "town": text("town"),
    "rural": text("rural"),
    "remote": text("remote"),
    "counted": text("counted"),
    "left_out": text("left out"),
    "free": text("not counted"),
    "stated": text("those stated in the roster"),
    "family": text("those of the usual family"),
    "both": text("those stated and those of the usual family"),
    "movers": text("all who leave"),
    "eligible": text("all who are eligible"),
    "eligible_backbone": text("the eligible backbone teachers"),
    "county": text("county"),
    "city": text("city"),
    "province": text("province"),
    "home": text("home"),
    "school": text("school"),
    "zone": text("zone"),
    "km": text("km"),
    "township": text("township"),
    "setting": text("setting"),
    "core": text("core subjects"),
    "all": text("all subjects"),
}


def shown(name: str, value: Any) -> Any:
    """Show the value of a parameter in a sentence: codes by their names, shares in percent."""
    if isinstance(value, tuple):
        return [shown(name, one) for one in value]
    if isinstance(value, str):
        return CODES.get(value, value)
    if isinstance(value, float):
        return text("{n} %", n=f"{100 * value:g}") if name == "share" else f"{value:g}"
    return text("no limit") if value is None else value
