"""One work at one size, in a process of its own: ``python -m benchmarks.run JOB RESULTS``.

A process a work, so that the first call of each is a first call, that no work's inputs stand in another's memory, and
that libraries which fix their threads at import can be asked for another number.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.child import import_packages, measure_in_children
from benchmarks.contenders import WORKS
from benchmarks.machine import versions_of
from benchmarks.processes import confine, peak_bytes, python, thread_environment
from benchmarks.timing import Times, measure
from benchmarks.works import Contender, Given, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is asked for.

    ``contenders`` are keys, all of a work's where it is empty; ``touched_bytes`` is the memory that is taken and given
    back before each turn of works in memory.
    """

    work: str
    patients: int
    practices: int
    order: str
    threads: int
    repeats: int
    data: str
    contenders: tuple[str, ...] = ()
    touched_bytes: int = 0


def run_apart(job: Job, results: Path) -> dict[str, Any]:
    """Do a job in a fresh process and take up its results.

    Raises
    ------
    RuntimeError : the process failed, as it does where a contender's answer differs
    """
    content = json.dumps({name: getattr(job, name) for name in job.__slots__})
    python(["-m", "benchmarks.run", content, str(results)], thread_environment(job.threads), progress=True)
    found: dict[str, Any] = json.loads(results.read_text(encoding="utf-8"))
    return found


def run(job: Job, out: Path) -> dict[str, Any]:
    """Do a job in this process; ``out`` is what contenders write, one after the other."""
    work = next(each for each in WORKS if each.name == job.work)
    contenders = chosen(work, job.contenders)
    inputs = work.inputs(
        patients=job.patients,
        practices=job.practices,
        threads=job.threads,
        order="sorted" if job.order == "sorted" else "shuffled",
        data=Path(job.data),
        out=out,
    )

    def say(text: str) -> None:
        print(f"{work.name}, {job.patients:,}, {job.order}, {job.threads} threads: {text}", file=sys.stderr, flush=True)

    if work.files:
        times = measure_in_children(work, contenders, inputs, job.repeats, say)
    else:
        import_packages(("pyarrow",), job.threads)
        work.ready(inputs)
        times = measure(contenders, inputs, job.repeats, say, job.touched_bytes)
    return results_of(work, inputs, times)


def chosen(work: Work, keys: tuple[str, ...]) -> tuple[Contender, ...]:
    """The contenders asked for; ours is always among them, and first."""
    ours, *others = work.contenders
    return ours, *(each for each in others if not keys or each.key in keys)


def results_of(work: Work, inputs: Given, times: list[Times]) -> dict[str, Any]:
    """One work's results, as plain values: what was measured, and nothing derived from it."""
    return {
        "work": work.name,
        "title": work.title,
        "patients": inputs.patients,
        "practices": inputs.practices,
        "order": inputs.order,
        "threads": inputs.threads,
        "rows_a_patient": work.rows_a_patient,
        **inputs.truth.counts,
        "run_peak_bytes": peak_bytes(),
        "contenders": [
            {
                "key": each.contender.key,
                "name": each.contender.name,
                "versions": versions_of(each.contender.packages),
                "ties": each.contender.ties,
                "does_more": each.contender.more,
                "does_less": each.contender.less,
                "is_part": each.contender.is_part,
                "cold_s": each.cold,
                "warm_s": list(each.warm),
                "processor_s": list(each.processor),
                "peak_bytes": list(each.peak_bytes),
            }
            for each in times
        ],
    }


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    asked["contenders"] = tuple(asked["contenders"])
    results = Path(sys.argv[2])
    confine(asked["threads"])
    done = run(Job(**asked), results.with_name("written"))
    results.write_text(json.dumps(done), encoding="utf-8")
