"""Follows a job in the terminal: a progress bar a step, fed by the job's event stream."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column

from control_api.cli.client import ApiClient, Event

WORDS = {
    "extract_schools": "Read the schools",
    "discover_websites": "Find their websites",
    "harvest_staff": "Read their staff",
    "reextract_staff": "Read pages again",
    "export_leads": "Write the leads",
    "push_leads": "Send to Salesforce",
    "pipeline": "Pipeline",
}


def follow_job(client: ApiClient, job_id: str, console: Console) -> dict[str, Any]:
    """Shows a job and its steps until it ends, and returns the job as it then is."""
    job = client.get(f"/api/v1/jobs/{job_id}")
    with _progress(console) as progress:
        if job["kind"] == "pipeline":
            for event in client.events(job_id):
                if event.kind == "step_started":
                    _follow_one(client, event.payload["child"], event.payload["kind"], progress)
                elif event.kind in {"paused", "resumed", "requeued"}:
                    progress.console.print(_line(event), style="dim")
        else:
            _follow_one(client, job_id, job["kind"], progress)
    return client.get(f"/api/v1/jobs/{job_id}")


def ended_job(client: ApiClient, job_id: str, console: Console, *, quiet: bool) -> dict[str, Any]:
    """Waits until a job ends, with its progress shown unless `quiet`, and returns the job as it then is."""
    if not quiet:
        return follow_job(client, job_id, console)
    for _ in client.events(job_id):
        pass  # the last of them is the end
    return client.get(f"/api/v1/jobs/{job_id}")


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:<19}", table_column=Column(no_wrap=True, min_width=19)),
        BarColumn(bar_width=16),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}", table_column=Column(overflow="fold")),
        console=console,
    )


def _follow_one(client: ApiClient, job_id: str, kind: str, progress: Progress) -> None:
    task = progress.add_task(WORDS.get(kind, kind), total=None, note="")
    for event in client.events(job_id):
        _show(progress, task, event)


def _show(progress: Progress, task: TaskID, event: Event) -> None:
    payload = event.payload
    if payload.get("total") is not None:
        progress.update(task, completed=payload.get("done", 0), total=payload["total"])
    if event.kind == "page_read":
        progress.update(task, note=f"page {payload['page']}: {payload['rows']} schools")
    elif event.kind == "target":
        # Events of an earlier version tell one school each.
        progress.update(task, note=payload.get("schools", [payload])[-1]["outcome"])
    elif event.kind == "succeeded":
        total = progress.tasks[task].total or 1
        progress.update(task, completed=total, total=total, note=_result(payload.get("result", {})))
        progress.stop_task(task)
    elif event.kind in {"failed", "cancelled", "requeued", "paused", "resumed"}:
        progress.update(task, note=_line(event))


def _line(event: Event) -> str:
    reason = event.payload.get("reason")
    return f"{event.kind}: {reason}" if reason else event.kind


def _result(result: dict[str, Any]) -> str:
    if "outcomes" in result:
        return ", ".join(f"{count} {outcome}" for outcome, count in sorted(result["outcomes"].items()))
    if "states" in result:
        return counted(result["states"])
    if "rows" in result:
        return f"{result['rows']:,} rows"
    return "done"


def counted(states: dict[str, int]) -> str:
    """Numbers of people by state, the most first."""
    return ", ".join(f"{count:,} {state}" for state, count in sorted(states.items(), key=lambda one: -one[1]))
