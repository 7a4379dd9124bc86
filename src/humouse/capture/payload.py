"""The payload of `humouse.js`, version 1: a batch of pointer events, column by column."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

VERSION = 1
"""Of the payload. A server answers an earlier or later one with an error that names both."""

MOST_EVENTS = 10_000
"""Events of one batch; the script sends far fewer."""

Kind = Literal["move", "down", "up", "wheel"]
Pointer = Literal["mouse", "touch", "pen"]
_NAME, _TASK = r"^[A-Za-z0-9_-]{1,64}$", r"^[a-z_]{1,32}$"
PATTERNS = {_NAME: "1 to 64 letters, digits, - or _", _TASK: "1 to 32 small letters or _"}
"""The patterns of texts, in words."""
Name = Annotated[str, Field(pattern=_NAME)]
"""Of a session or a batch: letters, digits, - and _, so that it can stand in a path and in a log."""


class Page(BaseModel):
    """The page in which events were recorded.

    Args:
        time_origin_ms: Its `performance.timeOrigin`: when its clock was 0 (ms since 1970).
        device_pixel_ratio: Physical px for each of the page's.
        width_px: Of its viewport.
        height_px: Of its viewport.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    time_origin_ms: FiniteFloat = Field(ge=0)
    device_pixel_ratio: FiniteFloat = Field(gt=0, le=100)
    width_px: int = Field(ge=0, le=1_000_000)
    height_px: int = Field(ge=0, le=1_000_000)


class Events(BaseModel):
    """N events, column by column, in the order in which the browser told of them.

    Args:
        t_ms: [N] `event.timeStamp`: since the page's time origin (ms).
        kind: [N] what happened; coalesced moves stand one by one.
        x_px: [N] `clientX`, from the viewport's left (px of the page).
        y_px: [N] `clientY`, from its top.
        buttons: [N] the bits of `event.buttons`.
        pointer: [N] what pointed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    t_ms: list[FiniteFloat] = Field(max_length=MOST_EVENTS)
    kind: list[Kind] = Field(max_length=MOST_EVENTS)
    x_px: list[FiniteFloat] = Field(max_length=MOST_EVENTS)
    y_px: list[FiniteFloat] = Field(max_length=MOST_EVENTS)
    buttons: list[Annotated[int, Field(ge=0, le=255)]] = Field(max_length=MOST_EVENTS)
    pointer: list[Pointer] = Field(max_length=MOST_EVENTS)

    @model_validator(mode="after")
    def _same_length(self) -> "Events":
        columns = {name: len(getattr(self, name)) for name in type(self).model_fields}
        if len(set(columns.values())) > 1:
            counts = ", ".join(f"{name} {count}" for name, count in columns.items())
            raise ValueError(f"columns of different lengths: {counts}")
        return self

    def __len__(self) -> int:
        return len(self.t_ms)


class Batch(BaseModel):
    """What one request carries: POST /v1/sessions/{session}/events.

    A batch that is sent twice under one name is stored once.

    Args:
        version: Of the payload: 1.
        batch: Its name, the script's own, different for each.
        number: Its place among the page's batches, from 0.
        page: Where it was recorded.
        task: What the person was asked to do, where the page knows: "targets". No text of the person's.
        events: The events.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1]
    batch: Name
    number: int = Field(ge=0, le=10_000_000)
    page: Page
    task: Annotated[str, Field(pattern=_TASK)] | None = None
    events: Events
