"""Names that a page shows in pictures only: they stand in the texts for screen readers beside them."""

from __future__ import annotations

from extraction.staff.document import Document, squeeze
from extraction.staff.names import IN_COMPANY, parse_name

_FEWEST = 3


def names_only_in_labels(document: Document) -> frozenset[str]:
    """The labels of pictures and blocks that read as names which the page does not print; none for less than three."""
    texts = {squeeze(label) for label in document.labels}
    names = {text for text in texts if (name := parse_name(text)) and name.likelihood > IN_COMPANY}
    if len(names) < _FEWEST:
        return frozenset()
    printed = {word for line in document.lines for word in line.text.split()}
    hidden = frozenset(text for text in names if not all(word in printed for word in text.split()))
    return hidden if len(hidden) >= _FEWEST else frozenset()
