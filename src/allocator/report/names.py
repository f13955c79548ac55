"""Names of codes, for people."""

from __future__ import annotations

from allocator.words import Text, text

LEVELS: dict[str, Text] = {
    "rules": text("soft rules broken"),
    "reserve": text("teachers who wait without a place"),
    "coverage": text("empty posts (weighted)"),
    "evenness": text("unevenness (sum of CV²)"),
    "moves": text("teachers who leave an open school"),
    "burden": text("burden on people"),
    "wishes": text("wishes not granted"),
}

ROUND_NAMES: dict[str, Text] = {
    "stay": text("keep their place"),
    "in_school": text("other subject at the same school"),
    "zone": text("to another school in the zone"),
    "cross_zone": text("to another zone"),
    "cross_stage": text("to another stage"),
    "directed": text("placed by the bureau"),
    "pool": text("in the reserve, without a place"),
    "recruit": text("new teachers"),
}


STATUS: dict[str, Text] = {
    "proved": text("proved"),
    "limit": text("time limit"),
}

PROCEDURE: dict[str, Text] = {
    "": text("at once"),
    "in_school": text("in school"),
    "zone": text("in the zone"),
    "across": text("across zones and stages"),
    "directed": text("placed by the bureau"),
}

SETTINGS: dict[str, Text] = {"hard": text("hard"), "soft": text("soft"), "off": text("off")}

STEPS: dict[str, Text] = {
    "enrolment": text("Enrolment"),
    "closures": text("Schools close"),
    "placed": text("Their staff placed"),
    "recruits": text("Recruits"),
    "moves": text("Moves"),
}

PROFILES: dict[str, Text] = {
    "age": text("age"),
    "title": text("title"),
    "degree": text("degree"),
    "backbone": text("backbone level"),
}

GROUPS: dict[str, Text] = {
    "-24": text("24 or younger"),
    "60-": text("60 or older"),
    "unknown": text("not known"),
    "none": text("none"),
    "third": text("third grade"),
    "second": text("second grade"),
    "first": text("first grade"),
    "senior": text("senior"),
    "full_senior": text("full senior"),
    "secondary": text("secondary school"),
    "associate": text("associate degree"),
    "bachelor": text("bachelor"),
    "master": text("master"),
    "doctor": text("doctor"),
    "county": text("county"),
    "city": text("city"),
    "province": text("province"),
}
