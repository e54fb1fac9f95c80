"""Runs: pixels of a mask that follow each other without a break along a row."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from extraction.schools.ocr.picture import Mask


class Runs(msgspec.Struct, frozen=True):
    """Runs as three lists of equal length: their row, where they start, and where they have ended."""

    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    def mask(self, shape: tuple[int, ...]) -> Mask:
        """The pixels of the runs."""
        steps = np.zeros((shape[0], shape[1] + 1), np.int8)
        steps[self.rows, self.starts] += 1
        steps[self.rows, self.ends] -= 1
        return np.cumsum(steps, axis=1, dtype=np.int8)[:, :-1].astype(np.bool_)


def runs_of(mask: Mask, shortest: int, *, piece: int = 1, break_allowed: int = 0) -> Runs:
    """The runs of at least `shortest` pixels.

    A break of up to `break_allowed` pixels does not end a run, if what it parts is at least `piece` pixels long.
    """
    height, width = mask.shape[0], mask.shape[1] + 1
    # All rows one behind the other, each ended by an empty pixel: every second edge starts a run.
    row = np.zeros(1 + height * width, np.bool_)
    row[1:].reshape(height, width)[:, :-1] = mask
    edges = np.flatnonzero(row[1:] != row[:-1])
    starts, ends = edges[::2], edges[1::2]
    long = ends - starts >= piece
    starts, ends = starts[long], ends[long]
    rows = starts // width
    starts, ends = starts - rows * width, ends - rows * width
    if break_allowed and len(rows):
        parted = (rows[1:] != rows[:-1]) | (starts[1:] - ends[:-1] > break_allowed)
        first = np.concatenate(([True], parted))
        last = np.concatenate((parted, [True]))
        rows, starts, ends = rows[first], starts[first], ends[last]
    long = ends - starts >= shortest
    return Runs(rows[long], starts[long], ends[long])
