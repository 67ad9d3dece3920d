"""Grade a folder of submissions: `make grade SUBMISSIONS=folder`.

    python tools/grade.py FOLDER [--out FOLDER-graded] [--jobs 2]

A submission is FOLDER/<student>/.../<any name>.ipynb or FOLDER/<student>_<assignment>.ipynb. Each is graded
by tools/grade_one.py in a process of its own. OUT then holds grades.csv, a page in feedback/ for each, and
in results/ what makes the work resumable: a submission that has its grade is not graded again unless it, or
the assignment, has changed. Rows of earlier folders stay.

No student loses a point to a fault on this side: before the first point of an assignment is lost, the answers
in its master are graded here too, and unless they get all points nobody loses any.

Student code runs under your account, with your rights: see book/teaching.md.
"""

import argparse
import csv
import hashlib
import json
import multiprocessing
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import cache
from operator import itemgetter
from pathlib import Path
from threading import Lock

import grade_one
from untrusted import Limits, adopt_orphans, end_children

from assignments import SOURCE, masters

COLUMNS = ["student", "assignment", "file", "status", "remark", "points", "max_points"]
GRACE = 60  # seconds that reading, starting and writing may take beyond the limit
PROCESSES = multiprocessing.get_context("forkserver")  # each begins with nbgrader imported, and nothing else
PROCESSES.set_forkserver_preload(["grade_one"])
ONE_AT_A_TIME = Lock()


def submissions(folder: Path) -> list[Path]:
    """Return the notebooks, and what stands where one should be, relative to the folder; no hidden files."""
    found = []
    for entry in sorted(path for path in folder.iterdir() if visible(path.name)):
        files = [path.relative_to(folder) for path in sorted(entry.rglob("*.ipynb"))]
        found += [file for file in files if all(map(visible, file.parts))] or [Path(entry.name)]
    return found


def visible(name: str) -> bool:
    return not name.startswith((".", "__MACOSX"))


def student_of(file: Path, assignments: Iterable[str]) -> str:
    """Return the folder of the submission, or what its file name begins with."""
    if len(file.parts) > 1:
        return file.parts[0]
    names = "|".join(map(re.escape, assignments))
    return re.sub(rf"[ _-]({names})[ _-]?\(?\d*\)?$", "", file.stem)  # platforms number second attempts


def digest(path: Path, masters: dict[str, Path]) -> str:
    """Return what a grade depends on: the submission and the masters."""
    files = [path, *masters.values()] if path.is_file() else masters.values()
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def run(path: Path, new: Path, feedback: Path, masters: dict[str, Path], limits: Limits) -> dict:
    """Grade one file in a process of its own, and end it with all that it started if it does not return."""
    worker = PROCESSES.Process(target=grade_one.main, args=(path, new, feedback, masters, limits))
    worker.start()
    worker.join(limits.seconds + GRACE)
    if worker.is_alive():
        end_children(worker.pid)
        worker.kill()
        worker.join()
    if not new.exists():
        return {"status": "error", "remarks": ["its code ended the grader: read it before you try again"]}
    return json.loads(new.read_text(encoding="utf-8"))


@cache
def fault(master: Path, out: Path, limits: Limits) -> str | None:
    """Return what is wrong on this side: why the answers in the master do not get all points here."""
    new, page = out / "self-check" / f"{master.stem}.json", out / "self-check" / f"{master.stem}.html"
    new.parent.mkdir(exist_ok=True)
    result = run(master, new, page, {master.stem: master}, limits)
    new.unlink(missing_ok=True)
    got, best = result.get("points", {}), result.get("max_points", {})
    if result["status"] == "graded" and got == best:
        return None
    why = [f"{test} gives {got[test]:g} of {best[test]:g}" for test in best if got[test] < best[test]]
    what = ", ".join([result["status"], *(why or result["remarks"])])
    return f"not graded: the master's own answers fail here ({what}); see {page.relative_to(out)}"


def grade(file: Path, folder: Path, out: Path, masters: dict[str, Path], limits: Limits) -> dict:
    """Return the record of one submission, from an earlier run if nothing has changed."""
    path, record = folder / file, out / "results" / (str(file).replace("/", "__") + ".json")
    version = digest(path, masters)
    if record.exists() and (earlier := json.loads(record.read_text(encoding="utf-8")))["digest"] == version:
        return earlier
    new = record.with_suffix(".new")
    new.unlink(missing_ok=True)
    if path.is_dir():
        result = {"status": "not a notebook", "remarks": ["the folder holds no .ipynb file"]}
    else:
        result = run(path, new, out / "feedback" / file.with_suffix(".html"), masters, limits)
        if result.get("points") != result.get("max_points"):
            with ONE_AT_A_TIME:
                ours = fault(masters[result["assignment"]], out, limits)
            result = {"status": "error", "remarks": [ours]} if ours else result
    student = student_of(file, masters)
    result |= {"student": student, "file": str(file), "digest": version}
    if result["status"] != "error":  # which is tried again next time, and replaces no grade
        new.write_text(json.dumps(result), encoding="utf-8")
        new.replace(record)
    return result


def write_table(records: Iterable[dict], path: Path) -> None:
    """Write one row a submission; a question's points are those of its test cells, q2_value and so on."""
    rows = []
    for record in sorted(records, key=itemgetter("file")):
        row = {column: record.get(column, "") for column in COLUMNS}
        row["remark"] = "; ".join(record["remarks"])
        row["points"] = sum(record.get("points", {}).values())
        row["max_points"] = sum(record.get("max_points", {}).values())
        for test, points in record.get("points", {}).items():
            question = test.partition("_")[0]
            row[question] = row.get(question, 0) + points
        rows.append(row)
    questions = sorted(set().union(*rows) - set(COLUMNS), key=lambda name: (len(name), name))
    new = path.with_suffix(".new")
    with new.open("w", newline="", encoding="utf-8-sig") as file:  # the signature tells Excel the encoding
        writer = csv.DictWriter(file, [*COLUMNS, *questions])
        writer.writeheader()
        writer.writerows(rows)
    new.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, help="where the grades go; by default beside the folder")
    parser.add_argument("--source", type=Path, default=SOURCE, help="where the masters are, as in nbgrader")
    parser.add_argument("--jobs", type=int, default=2, help="how many run at a time")
    parser.add_argument("--cell-seconds", type=float, default=60, help="how long a cell may run")
    parser.add_argument("--seconds", type=float, default=600, help="how long a submission may run")
    parser.add_argument("--gigabytes", type=float, default=4, help="how much memory a process may take")
    arguments = parser.parse_args()
    if not arguments.folder.is_dir():
        raise SystemExit(f"SUBMISSIONS: got {str(arguments.folder)!r}, expected a folder")
    folder = arguments.folder.resolve()
    out = (arguments.out or folder.with_name(f"{folder.name}-graded")).resolve()
    limits = Limits(arguments.cell_seconds, arguments.seconds, arguments.gigabytes)
    if not (sources := masters(arguments.source)):
        raise SystemExit(f"--source: got {str(arguments.source)!r}, expected <name>/<name>.ipynb in it")
    (out / "results").mkdir(parents=True, exist_ok=True)
    earlier = [json.loads(path.read_text(encoding="utf-8")) for path in out.glob("results/*.json")]
    records = {record["file"]: record for record in earlier}
    files = submissions(folder)
    adopt_orphans()
    try:
        with ThreadPoolExecutor(arguments.jobs) as pool:
            futures = [pool.submit(grade, file, folder, out, sources, limits) for file in files]
            for count, future in enumerate(as_completed(futures), start=1):
                record = future.result()
                records[record["file"]] = record
                write_table(records.values(), out / "grades.csv")
                print(f"{count}/{len(files)} {record['file']}: {summary(record)}", flush=True)
    finally:
        end_children()
    print(f"The grades are in {out / 'grades.csv'}, the pages for the students in {out / 'feedback'}.")
    if errors := sum(record["status"] == "error" for record in records.values()):
        print(f"{errors} not graded: see the remarks. The same command tries them again.")


def summary(record: dict) -> str:
    points = sum(record.get("points", {}).values())
    return "; ".join([record["status"], f"{points:g} points", *record["remarks"]])


if __name__ == "__main__":
    main()
