"""Sketches: how a layout saw a page, kept beside the rows so that a person can see why they were read so."""

from __future__ import annotations

from collections.abc import Sequence

from extraction.evidence import Box
from extraction.schools.grids import Grid
from extraction.schools.headers import ColumnPlan
from extraction.schools.records import PageSketch, SketchedBand, SketchedColumn, SketchedTable
from extraction.schools.sheets import Sheet

ReadGrid = tuple[Grid, ColumnPlan]
"""A grid and what its columns were taken for."""


def sketch_of(sheet: Sheet, grids: Sequence[ReadGrid]) -> PageSketch:
    """The sketch of a page whose rows were read from these grids."""
    tables = (_table(grid, plan) for grid, plan in grids)
    return PageSketch(sheet.width, sheet.height, tuple(table for table in tables if table is not None))


def _table(grid: Grid, plan: ColumnPlan) -> SketchedTable | None:
    rows = [row for row in grid.rows if row.filled]
    if not rows:
        return None
    box = rows[0].box
    for row in rows[1:]:
        box |= row.box
    columns = tuple(
        SketchedColumn(*_clipped(edges, box), planned.heading)
        for edges, planned in zip(grid.columns, plan.columns, strict=True)
    )
    bands = tuple(
        SketchedBand(row.box, tuple(cell.text if cell else None for cell in row.cells), row.heading) for row in rows
    )
    return SketchedTable(box, columns, bands)


def _clipped(edges: tuple[float, float], box: Box) -> tuple[float, float]:
    """A column within its table: layouts let the outer ones reach to the edges of the page."""
    left, right = max(edges[0], box.left), min(edges[1], box.right)
    return (left, right) if left < right else edges
