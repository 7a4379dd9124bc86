"""What the service is asked and what it answers, as the OpenAPI document has them."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, FailFast, ValidationError, WrapValidator, computed_field

from humouse.capture.faults import sentence_of
from humouse.capture.payload import Name
from humouse.detection.setups.session import share_of_people

Column = Annotated[list[float], FailFast()]


class Movement(BaseModel):
    """A movement of N points, column by column.

    Args:
        id: Its name, yours; one name stands for one movement of a session.
        session: Whose movement it is, where you know: a session's movements are judged together, and kept.
        t_ms: [N] times, from whatever moment (ms).
        x_px: [N] horizontal positions (px).
        y_px: [N] vertical positions, downwards (px).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    id: Name
    session: Name | None = None
    t_ms: Column
    x_px: Column
    y_px: Column


class Unusable(BaseModel):
    """A movement that cannot be read.

    Args:
        id: Its name, where it has a usable one.
        reason: Why it cannot.
    """

    id: str | None
    reason: str


def _or_unusable(given: Any, read: Callable[[Any], Movement]) -> Movement | Unusable:
    """One movement that cannot be read costs the others nothing."""
    try:
        return read(given)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False, include_context=False)
        named = isinstance(given, dict) and all("id" not in one["loc"] for one in errors)
        return Unusable(id=given.get("id") if named else None, reason=sentence_of(errors))


class MovementsRequest(BaseModel):
    """Movements to be judged.

    Args:
        movements: Those of one session in the order of time.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "movements": [
                        {
                            "id": "m-1",
                            "session": "visitor-7",
                            "t_ms": [0, 8, 16, 24, 32],
                            "x_px": [200, 204, 213, 227, 240],
                            "y_px": [300, 301, 303, 308, 311],
                        }
                    ]
                }
            ]
        },
    )

    movements: list[Annotated[Movement, WrapValidator(_or_unusable)]]


class Decision(BaseModel):
    """What is said of a movement.

    Args:
        id: Its name; null where it has no usable one.
        verdict: "human", "bot", "unfamiliar" (too strange to judge) or "unusable".
        probability: Of a bot, if bots are as frequent as people; null if unusable.
        p_value: Share of people whose movements look more like a bot's; null if unusable.
        reasons: What speaks for the verdict.
    """

    id: str | None
    verdict: str
    probability: float | None = None
    p_value: float | None = None
    reasons: list[str] = []


class Verdict(BaseModel):
    """What is said of a session so far.

    Args:
        session: Its name.
        verdict: "human", "bot", "unfamiliar", or "undecided" until it is clear.
        score: By how many deviations its movements look more like bots' than people's do; null before any.
        movements: How many were found in it.
        events: How many are stored.
    """

    session: str
    verdict: str
    score: float | None
    movements: int
    events: int

    @computed_field  # type: ignore[prop-decorator]
    @property
    def p_value(self) -> float | None:
        """Share of people's sessions, as long as this one, that look more like a bot's; null before any."""
        return None if self.score is None else share_of_people(self.score)


class MovementAnswer(Decision):
    """What is said of a movement, and of its session where it names one.

    Args:
        session: The session so far; null without one.
    """

    session: Verdict | None = None


class MovementsAnswer(BaseModel):
    """The answers, in the order of the movements.

    Args:
        detector: Which one judged: the first digits of its manifest's SHA-256.
        movements: An answer to each.
    """

    detector: str
    movements: list[MovementAnswer]


class Taken(BaseModel):
    """What a page is told that may not know the verdict.

    Args:
        session: The session's name.
        batch: The batch's.
        events: How many are stored of the session.
    """

    session: str
    batch: str
    events: int


class Session(Verdict):
    """A session so far.

    Args:
        began_at: When its first batch came (s since 1970).
        changed_at: When its last one came.
        decisions: On its last movements, in the order of time.
    """

    began_at: float
    changed_at: float
    decisions: list[Decision]


class Failure(BaseModel):
    """Why a request was refused.

    Args:
        error: One sentence.
    """

    error: str
