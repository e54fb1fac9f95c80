"""Why a site is, or is not, a school's: candidates with their signals, in the terminal."""

from __future__ import annotations

from typing import Any

from rich.markup import escape

from control_api.cli.terminal import terminal


def tell_found(found: dict[str, Any], *, explain: bool) -> None:
    """Prints what a search for one school found."""
    console = terminal()
    console.print(f"[bold]{escape(found['website'] or 'no website')}[/bold]", soft_wrap=True)
    score = f", score {found['score']:.2f}" if found["score"] is not None else ""
    console.print(f"{found['outcome']}{score}: {escape(found['reason'])}")
    if explain:
        for candidate in found["candidates"]:
            _tell_candidate(candidate)


def tell_why(why: dict[str, Any]) -> None:
    """Prints what is known of a school's website."""
    console = terminal()
    school, website, look = why["school"], why["website"], why["last_look"]
    place = ", ".join(filter(None, (school["district"], school["city"], school["state"])))
    console.print(f"[bold]{escape(school['name'])}[/bold] {escape(place)}")
    console.print(f"Website: {escape(website['url'] if website else 'none')}", soft_wrap=True)
    for decision in why["decisions"]:
        by = escape(decision["by"] or "somebody")
        console.print(f"{decision['at'][:16]} {by} {decision['decision']} {escape(decision['url'])}", soft_wrap=True)
    if look:
        console.print(f"Last looked for {look['at'][:16]}: {look['outcome']}, {escape(look['reason'] or '')}")
        for tried in look["tried"]:
            told = f", {escape(tried['detail'])}" if tried["detail"] else ""
            console.print(
                f"  {tried['provider']}: {tried['outcome']}, {tried['found']} candidates{told}", highlight=False
            )
    for candidate in why["candidates"]:
        _tell_candidate(candidate)


def _tell_candidate(candidate: dict[str, Any]) -> None:
    console = terminal()
    state = f"{candidate['state']}, " if candidate.get("state") else ""
    status = candidate.get("http_status") or "not fetched"
    console.print()
    console.print(f"[bold]{escape(candidate['url'])}[/bold]", soft_wrap=True)
    console.print(f"  {state}score {candidate['score']:.2f}, named by {escape(candidate['provider'])}, HTTP {status}")
    for signal in candidate["signals"]:
        weight = f"{signal['weight']:+g}"
        console.print(f"  {weight:>6} {escape(signal['name'])}: {escape(str(signal['detail']))}", highlight=False)
