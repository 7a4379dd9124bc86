"""What a request is refused with: a status and one sentence, `{"error": "..."}`."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi.responses import JSONResponse

_LONGEST = 300


class Refusal(Exception):  # noqa: N818 — it is an answer, not a mistake
    """A request that is not answered.

    Args:
        status: The HTTP status.
        sentence: What is wrong, and what to do.
        retry_after_s: After how many seconds to ask again, where that can help.
    """

    def __init__(self, status: int, sentence: str, retry_after_s: int | None = None) -> None:
        super().__init__(sentence)
        self.status, self.sentence, self.retry_after_s = status, sentence, retry_after_s

    def response(self) -> JSONResponse:
        """Return what the client gets."""
        wait = {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}
        more = {"WWW-Authenticate": "Bearer"} if self.status == 401 else {}
        return JSONResponse({"error": self.sentence}, self.status, headers=wait | more)


def sentence_of(errors: Sequence[Mapping[str, Any]]) -> str:
    """Return what is wrong first in a body, by its place there; nothing of what it holds but names."""
    first = errors[0]
    if first["type"] == "json_invalid":
        return "the body is no JSON"
    place = ".".join(str(part) for part in first["loc"] if part not in ("body", "path"))
    said = str(first["msg"]).removeprefix("Value error, ")
    if first["type"] in ("model_type", "model_attributes_type") and not place:
        return "no JSON object"
    return printable(f"{place}: {said}" if place else said)


def printable(text: str) -> str:
    """Return text as one short line that can stand in any answer and any log."""
    line = "".join(sign if sign.isprintable() else "?" for sign in text[: _LONGEST + 1])
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
