"""What a request is refused with: a status and one sentence, `{"error": "..."}`."""

from fastapi.responses import JSONResponse


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
