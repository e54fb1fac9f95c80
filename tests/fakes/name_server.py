"""A name server on loopback: answers from a table, says NXDOMAIN or SERVFAIL, and counts its questions."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Zone = dict[str, dict[str, list[str]] | str]
"""By domain its records by type, or `SERVFAIL`; what is not in it does not exist."""


class NameServer:
    """Answers by UDP until the block ends."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.asked: Counter[tuple[str, str]] = Counter()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def address(self) -> str:
        """As settings name it."""
        return f"127.0.0.1:{self.socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        """Begins to answer."""
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Ends: an empty datagram says so."""
        self.socket.sendto(b"", self.socket.getsockname())
        self.thread.join(5)
        self.socket.close()

    def _serve(self) -> None:
        while True:
            packet, client = self.socket.recvfrom(4096)
            if not packet:
                return
            self.socket.sendto(self._answer(dns.message.from_wire(packet)).to_wire(), client)

    def _answer(self, query: dns.message.Message) -> dns.message.Message:
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype)
        self.asked[name, kind] += 1
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        known = self.zone.get(name)
        if known is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif isinstance(known, str):
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif kind in known:
            answer.answer.append(dns.rrset.from_text_list(question.name, 300, "IN", kind, known[kind]))
        return answer
