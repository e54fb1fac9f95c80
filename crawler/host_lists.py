"""Lists of hosts: text with one a line, in which a name stands for all hosts beneath it, and `#` begins a remark."""

from __future__ import annotations

from collections.abc import Collection


def read_hosts(*texts: str) -> frozenset[str]:
    """Returns the entries of lists, without `www.`."""
    lines = (line.partition("#")[0].strip().lower() for text in texts for line in text.splitlines())
    return frozenset(line.removeprefix("www.") for line in lines if line)


def entry_of(host: str, hosts: Collection[str]) -> str | None:
    """Returns the entry that is a host or stands for it."""
    labels = host.lower().rstrip(".").split(".")
    suffixes = (".".join(labels[start:]) for start in range(len(labels)))
    return next((suffix for suffix in suffixes if suffix in hosts), None)
