"""What a document says: pure functions from bytes to records. No network, no database.

Two kinds of document are read here: lists of schools (PDF, `extraction.schools`) and pages that list staff
(HTML, `extraction.staff`). Nothing is invented: every value that leaves this room was printed in the document, and
says where.
"""
