"""Settings of a table of points."""

from dataclasses import dataclass

from humouse.settings.fields import setting


@dataclass
class PointColumnSettings:
    """What the columns of a table of points are called, one row per point."""

    movement: str | None = setting(
        "column of the movement's number; null cuts each person's stream into gestures"
    )
    t: str = setting("column of the time, counted from any moment")
    x: str = setting("column of the horizontal position (px)")
    y: str = setting("column of the vertical position (px, downwards)")
    user: str | None = setting("column of the person; null where there is none")


@dataclass
class ScoredColumnSettings(PointColumnSettings):
    """The same, of a table that is searched for bots."""

    session: str | None = setting(
        "column of the session, for a verdict on each; null takes each person for one"
    )
