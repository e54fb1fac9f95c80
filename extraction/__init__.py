"""What a document says: pure functions from bytes to records.

No database, and no network but for `extraction.llm`, which asks a language model where a reader is unsure and somebody
allowed it.

Two kinds of document are read here: lists of schools (PDF, `extraction.schools`) and pages that list staff
(HTML, `extraction.staff`). Nothing is invented: every value that leaves this room was printed in the document, and
says where.
"""
