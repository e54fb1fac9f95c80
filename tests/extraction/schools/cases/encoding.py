"""Gives the codes of a PDF's fonts other meanings than the letters they draw, as broken producers do."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pypdf
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject


def give_unicode(path: Path, meanings: dict[str, dict[str, str]]) -> None:
    """Rewrite the file: in the fonts whose name begins with a key, a letter is said to mean other text."""
    writer = pypdf.PdfWriter(clone_from=path)
    for page in writer.pages:
        fonts = cast("DictionaryObject", cast("DictionaryObject", page["/Resources"])["/Font"])
        for reference in fonts.values():
            font = cast("DictionaryObject", reference.get_object())
            for family, letters in meanings.items():
                if str(font["/BaseFont"]).removeprefix("/").startswith(family) and "/ToUnicode" not in font:
                    stream = DecodedStreamObject()
                    stream.set_data(_cmap(letters))
                    font[NameObject("/ToUnicode")] = writer._add_object(stream)
    writer.write(path)


def _cmap(letters: dict[str, str]) -> bytes:
    """A character map in which all codes but those of `letters` mean themselves."""
    lines = [
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
        "/CMapName /Adobe-Identity-UCS def /CMapType 2 def",
        "1 begincodespacerange <00> <FF> endcodespacerange",
    ]
    codes = [code for code in range(0x20, 0x100) if code not in range(0x7F, 0xA0)]
    for start in range(0, len(codes), 100):
        block = codes[start : start + 100]
        lines.append(f"{len(block)} beginbfchar")
        lines += [f"<{code:02X}> <{_hex(letters.get(chr(code), chr(code)))}>" for code in block]
        lines.append("endbfchar")
    lines.append("endcmap CMapName currentdict /CMap defineresource pop end end")
    return "\n".join(lines).encode()


def _hex(text: str) -> str:
    return text.encode("utf-16-be").hex().upper()
