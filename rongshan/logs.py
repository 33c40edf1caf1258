"""How a failure is written to the log: where it happened, never what it was about.

A database error quotes the row it refused and a ValueError the text it could not read: names, identity
numbers and phones would end up in a file that nobody guards. So a traceback here has files, lines, functions
and the exception's type, and nothing else. The line number is enough to find the cause again on test data.
"""

import logging
import traceback
from types import TracebackType

from directory.identity import hide_long_numbers


class NoDataFormatter(logging.Formatter):
    """Writes tracebacks without messages, source values or chained messages, and no number of eleven digits or more."""

    def format(self, record: logging.LogRecord) -> str:
        # an address typed with somebody's number in it is logged as not found
        return hide_long_numbers(super().format(record))

    def formatException(
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        lines: list[str] = []
        error = ei[1]
        seen: set[int] = set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            for frame in traceback.extract_tb(error.__traceback__):
                lines.append(f"  {frame.filename}:{frame.lineno} {frame.name}")
            lines.append(f"{type(error).__module__}.{type(error).__qualname__}")
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
            if error is not None:
                lines.append("caused by:")
        return "\n".join(lines)
