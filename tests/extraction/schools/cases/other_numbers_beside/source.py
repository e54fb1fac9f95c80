"""Columns that are asked for stand among others that look alike: rank, fax, region, allocation, amount per pupil."""

from __future__ import annotations

from pathlib import Path

from tests.extraction.schools.cases.printing import Column, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("Region", 40, "{region}"),
    Column("District", 120, "{district}"),
    Column("Site #", 32, "{state_school_id}"),
    Column("School", 150, "{name}"),
    Column("Phone", 60, "{phone}"),
    Column("Fax", 60, "{fax}"),
    Column("Rank", 30, "{rank}", "right"),
    Column("Total Enrollment", 50, "{enrollment}", "right"),
    Column("# Low Income", 45, "{low_income}", "right"),
    Column("% Low Income", 45, "{low_income_pct}", "right"),
    Column("PPA", 35, "{ppa}", "right"),
    Column("Allocation", 58, "{allocation}", "right"),
    Column("Model", 35, "{title1_status}"),
)


def draw(path: Path) -> None:
    pdf = paper(landscape=True, size=7)
    for rows in truth(__file__).values():
        pdf.add_page()
        for rank, row in enumerate(rows, start=1):
            students = int(row["enrollment"].replace(",", ""))
            row["region"] = f"{1 + int(row['n']) // 9}"
            row["rank"] = str(rank)
            row["fax"] = f"{row['phone'][:-4]}{9000 + int(row['n'])}"
            row["low_income"] = f"{round(students * float(row['low_income_pct'].rstrip('%')) / 100):,}"
            row["ppa"] = f"{300 + int(row['n'])}"
        draw_table(pdf, COLUMNS, rows, top=letterhead(pdf, "Title I School Ranking", top=30), left=16)
    write(pdf, path)
