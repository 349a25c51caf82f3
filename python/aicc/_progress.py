"""A line on the terminal that says how far a sweep is."""

from __future__ import annotations

import shutil
import sys
import time
import typing


class Progress:
    """`done` of `total` on one line of `stream`; silent unless `shown`.

    Parameters
    ----------
    total, done : int
        Points in all, and those that were there before (they do not count for the rate).
    shown : bool or None
        None: if the stream is a terminal.
    """

    INTERVAL_S = 0.1  # Between two drawings.

    def __init__(
        self, total: int, done: int = 0, shown: bool | None = None, stream: typing.TextIO | None = None
    ) -> None:
        self.stream = sys.stderr if stream is None else stream
        self.shown = self.stream.isatty() if shown is None else shown
        self.total, self.done, self.before, self.errors = total, done, done, 0
        self.start, self.drawn = time.monotonic(), float("-inf")
        self._draw()

    def add(self, failed: bool) -> None:
        self.done += 1
        self.errors += failed
        if time.monotonic() - self.drawn >= self.INTERVAL_S:
            self._draw()

    def close(self) -> None:
        self._draw()
        if self.shown:
            self.stream.write("\n")
            self.stream.flush()

    def _draw(self) -> None:
        if not self.shown:
            return
        self.drawn = time.monotonic()
        columns = shutil.get_terminal_size().columns
        self.stream.write("\r" + self.line(self.drawn - self.start, columns).ljust(columns - 1))
        self.stream.flush()

    def line(self, elapsed_s: float, columns: int) -> str:
        share = self.done / self.total if self.total else 1.0
        fresh = self.done - self.before
        left = _clock(elapsed_s / fresh * (self.total - self.done)) if fresh else "?"
        text = f" {self.done}/{self.total} [{_clock(elapsed_s)}<{left}]"
        if self.errors:
            text += f" {self.errors} failed"
        width = max(4, min(40, columns - len(text) - 16))
        bar = "#" * int(share * width)
        return f"explore {share:4.0%} |{bar:<{width}}|{text}"[: columns - 1]


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"
