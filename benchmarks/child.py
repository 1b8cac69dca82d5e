"""One contender in a fresh process of its own: ``python -m benchmarks.child JOB``, a JSON object; JSON comes back.

The clock starts after the imports and, unless the job asks for the first call, after a warm-up on a small file. Where
that file is the same one, the warm-up is itself the first call, and both are timed.
"""

from __future__ import annotations

import importlib
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any, Literal

from benchmarks.contenders import WORKS
from benchmarks.processes import confine, peak_bytes_with_children, python, thread_environment
from benchmarks.timing import Say, Times, Turn, equal, in_turns, timed
from benchmarks.works import Contender, Given, Work

Calls = Literal["first", "later", "both"]


def measure_in_children(
    work: Work, contenders: Sequence[Contender], inputs: Given, repeats: int, say: Say
) -> list[Times]:
    """Check every contender's file, then time them in turn, each call in a process of its own; later files are
    checked as well.

    Raises
    ------
    DiffersError : a contender's answer is not the reference's
    RuntimeError : a process failed
    """
    small = warm_up_inputs(inputs)
    for each in (inputs, small):
        work.ready(each)
    truth = inputs.truth

    def run(contender: Contender, calls: Calls) -> list[Turn]:
        found = run_in_child(work, contender, inputs, calls)
        if not contender.is_part:
            truth.check(contender.read(inputs.out), contender.ties)
        return found

    had = []
    for contender in contenders:
        had.append(run(contender, "both" if small is inputs else "first"))
        say(equal(contender))
    return in_turns(contenders, had, repeats, lambda place: run(contenders[place], "later")[-1], say)


def warm_up_inputs(inputs: Given) -> Given:
    """The same on fewer people; on all of them where they are few."""
    if inputs.patients <= inputs.warm_up:
        return inputs
    practices = max(1, inputs.practices * inputs.warm_up // inputs.patients)
    return replace(inputs, patients=inputs.warm_up, practices=practices)


def run_in_child(work: Work, contender: Contender, inputs: Given, calls: Calls) -> list[Turn]:
    """The calls of one contender in a fresh process: the first, or one after a warm-up, or both."""
    job = {
        "work": work.name,
        "contender": contender.key,
        "patients": inputs.patients,
        "practices": inputs.practices,
        "threads": inputs.threads,
        "order": inputs.order,
        "data": str(inputs.data),
        "out": str(inputs.out),
        "calls": calls,
    }
    done = python(["-m", "benchmarks.child", json.dumps(job)], thread_environment(inputs.threads))
    return [Turn(*turn) for turn in json.loads(done.stdout)]


def do(job: dict[str, Any]) -> list[Turn]:
    """Do the job in this process."""
    work = next(each for each in WORKS if each.name == job["work"])
    contender = work.contender(job["contender"])
    sizes = {name: job[name] for name in ("patients", "practices", "threads", "order")}
    inputs = work.inputs(**sizes, data=Path(job["data"]), out=Path(job["out"]))
    import_packages(contender.packages, inputs.threads)
    if job["calls"] == "first":
        return [_one(contender, inputs)]
    warm_up = _one(contender, warm_up_inputs(inputs))
    later = _one(contender, inputs)
    return [warm_up, later] if job["calls"] == "both" else [later]


def _one(contender: Contender, inputs: Given) -> Turn:
    _remove(inputs.out)
    turn, _ = timed(contender.prepare(inputs))
    return replace(turn, peak_bytes=peak_bytes_with_children())


def _remove(out: Path) -> None:
    """What the call before wrote, so that each writes to an empty place."""
    if out.is_dir():
        shutil.rmtree(out)
    else:
        out.unlink(missing_ok=True)


def import_packages(packages: Sequence[str], threads: int) -> None:
    """Import what a contender uses, and hold it to its threads."""
    for package in packages:
        module = importlib.import_module(package)
        if package == "pyarrow":
            module.set_cpu_count(threads)
            module.set_io_thread_count(threads)


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    confine(asked["threads"])
    print(json.dumps([astuple(turn) for turn in do(asked)]))
