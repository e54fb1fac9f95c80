"""The files that a served world leaves in a folder for those who use it."""

from __future__ import annotations

import csv
from pathlib import Path

from tests.school_web.directory_file import directory_csv
from tests.school_web.server import SchoolWeb
from tests.school_web.title1_list import title1_list
from tests.school_web.truth import Truth, tell, write_truth

HOSTS, TRUTH, DIRECTORY, SCHOOLS, PDF, LOG = (
    "hosts", "truth.json", "ccd_sch_029.csv", "schools.csv", "title1-list.pdf", "access.jsonl",
)  # fmt: skip


def write_files(web: SchoolWeb, folder: Path) -> Truth:
    """Write hosts file, truth, official directory, list of targets and PDF; return the truth."""
    truth = tell(web.world, web.port)
    lines = "".join(f"127.0.0.1\t{name}\n" for name in web.names)
    (folder / HOSTS).write_text(lines, encoding="utf-8")
    write_truth(truth, folder / TRUTH)
    (folder / DIRECTORY).write_text(directory_csv(web.world, web.port), encoding="utf-8", newline="")
    (folder / PDF).write_bytes(title1_list(web.world))
    with (folder / SCHOOLS).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("name", "district", "address", "city", "county", "state", "zip", "phone"))
        for school in truth.schools:
            row = (school.name, school.district, school.address, school.city, school.county)
            writer.writerow((*row, school.state, school.zip, school.phone))
    return truth
