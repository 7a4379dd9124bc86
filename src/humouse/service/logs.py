"""Logs: a line of JSON for each event, without anything that people did."""

import json
import logging
import logging.config
from datetime import UTC, datetime
from typing import Any

_OWN = vars(logging.makeLogRecord({})).keys() | {"message", "asctime", "color_message"}


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON: time, level, event, and what was given as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        content: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        for key, value in vars(record).items():
            # What begins with _ is another library's, which marks every record of the process.
            if key not in _OWN and not key.startswith("_"):
                content[key] = value
        if record.exc_info and record.exc_info[1] is not None:
            content["error"] = said(record.exc_info[1])
        return json.dumps(content, default=str)


def said(error: BaseException) -> str:
    """Return what went wrong and where in the code; no values, which may be people's."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "" if trace is None else f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
    return f"{type(error).__name__}{where}"


def log_to_stderr() -> None:
    """Write this service's events, and what its server warns of, to stderr."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"json": {"()": JsonLines}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
            "loggers": {
                "humouse.service": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
                "uvicorn": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
            },
        }
    )
