"""Names that a page shows in pictures only: they stand in the texts for screen readers beside them."""

from __future__ import annotations

from itertools import pairwise

from extraction.staff.document import Document
from extraction.staff.names import IN_COMPANY, parse_name
from extraction.staff.spacing import squeeze

_FEWEST = 3


def names_only_in_labels(document: Document) -> frozenset[str]:
    """The labels of pictures and blocks that read as names which the page does not print; none for less than three."""
    texts = {squeeze(label) for label in document.labels}
    names = {text for text in texts if (name := parse_name(text)) and name.likelihood > IN_COMPANY}
    if len(names) < _FEWEST:
        return frozenset()
    # "Skip to main content" and "Veterans Day" print no "Skip Day"; two cells beside each other may.
    lines = [line.text for line in document.lines if line.text]
    near = [{*line.split(), *below.split()} for line, below in pairwise((*lines, ""))]
    hidden = frozenset(text for text in names if not any(printed.issuperset(text.split()) for printed in near))
    return hidden if len(hidden) >= _FEWEST else frozenset()
