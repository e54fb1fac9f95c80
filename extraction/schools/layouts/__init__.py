"""The layouts that are known, each a way to turn a sheet into grids."""

from extraction.schools.grids import Layout
from extraction.schools.layouts.blocks import StackedBlocks
from extraction.schools.layouts.columns import PlainColumns
from extraction.schools.layouts.names import NamesUnderHeadings
from extraction.schools.layouts.profiles import LabelledProfiles
from extraction.schools.layouts.ruled import RuledTable

LAYOUTS: tuple[Layout, ...] = (
    RuledTable(),
    LabelledProfiles(),
    StackedBlocks(),
    PlainColumns(),
    NamesUnderHeadings(),
)
"""In the order in which they are tried."""

__all__ = ["LAYOUTS", "LabelledProfiles", "NamesUnderHeadings", "PlainColumns", "RuledTable", "StackedBlocks"]
