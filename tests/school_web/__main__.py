"""Command line of the simulated web: serve it, make its PDF, score a run against it."""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import json
import os
import signal
import sys
from pathlib import Path

import msgspec

from tests.school_web.files import LOG, PDF, write_files
from tests.school_web.founding import generate
from tests.school_web.score import score
from tests.school_web.server import serve
from tests.school_web.title1_list import title1_list
from tests.school_web.world import World

_EXAMPLES = """examples:
  python -m tests.school_web serve --dir /tmp/web
  python -m tests.school_web serve --dir /tmp/web --port 8099 --schools 8 --districts 3
  python -m tests.school_web serve --dir /tmp/web --wide --schools 200 --districts 40
  python -m tests.school_web pdf title1-list.pdf --seed 7
  python -m tests.school_web score --dir /tmp/web --schools sites.csv --leads leads.csv
"""
_PR_SET_PDEATHSIG = 1


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit status."""
    options = _parser().parse_args(arguments)
    match options.command:
        case "serve":
            options.dir.mkdir(parents=True, exist_ok=True)
            return asyncio.run(_serve(_world(options), options.dir, options.port, with_parent=options.with_parent))
        case "pdf":
            options.out.write_bytes(title1_list(_world(options)))
            return 0
        case _:
            result = score(options.dir, options.schools, options.leads, options.min_delay)
            print(msgspec.json.format(msgspec.json.encode(result), indent=2).decode())
            return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.school_web",
        description="A simulated web of Title I schools on loopback.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="serve the web and write its files, until SIGTERM or Ctrl-C")
    serving.add_argument("--dir", type=Path, required=True, help="folder for hosts, truth.json, access.jsonl, …")
    serving.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
    serving.add_argument("--with-parent", action="store_true", help="stop when the parent dies or closes our stdin")
    printing = commands.add_parser("pdf", help="write the sample PDF")
    printing.add_argument("out", type=Path)
    for command in (serving, printing):
        command.add_argument("--seed", type=int, default=1965)
        command.add_argument("--schools", type=int, default=48)
        command.add_argument("--districts", type=int, default=12)
        command.add_argument("--wide", action="store_true", help="all layouts and traps; from 96 schools, 24 districts")
    scoring = commands.add_parser("score", help="compare a run's schools and leads with the truth; prints JSON")
    scoring.add_argument("--dir", type=Path, required=True, help="folder of the served web")
    scoring.add_argument("--schools", type=Path, required=True, help="CSV with name, district, website")
    scoring.add_argument("--leads", type=Path, required=True, help="CSV with school, name, email")
    scoring.add_argument(
        "--min-delay", type=float, default=1.0, help="seconds between two requests to a host (default: 1)"
    )
    return parser


def _world(options: argparse.Namespace) -> World:
    return generate(options.seed, options.schools, options.districts, wide=options.wide)


async def _serve(world: World, folder: Path, port: int, *, with_parent: bool) -> int:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    if with_parent:
        _die_with_parent()
        loop.add_reader(sys.stdin.fileno(), _watch_input, stopped)
    async with serve(world, port, folder / LOG) as web:
        truth = write_files(web, folder)
        line = {
            "port": web.port,
            "dir": str(folder),
            "search": truth.search,
            "pdf": str(folder / PDF),
            "hosts": len(web.names),
            "schools": len(truth.schools),
            "aggregators": list(truth.aggregators),
            "pid": os.getpid(),
        }
        print(json.dumps(line), flush=True)
        await stopped.wait()
    return 0


def _watch_input(stopped: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stopped.set()


def _die_with_parent() -> None:
    """Ask Linux for SIGTERM when the parent dies; elsewhere the closed standard input has to say it."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
