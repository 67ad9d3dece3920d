"""Grade one submission; tools/grade.py does this with each of them, in a process of its own.

The student's answers are put into the master, so that tests cannot be edited, deleted or moved. The notebook
is run, each test cell gives its points, and the result and the feedback page are written.
"""

import ast
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from html import escape
from pathlib import Path

import nbformat
from bleach import clean
from bleach.sanitizer import ALLOWED_ATTRIBUTES, ALLOWED_PROTOCOLS, ALLOWED_TAGS
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.preprocessors import LimitOutput
from nbgrader.utils import determine_grade, is_grade, is_solution
from traitlets.config import Config
from untrusted import Limits, adopt_orphans, errors_of, execute, limit_memory

from assignments import apply, graded_version, student_version

# Students' text is shown, their scripts do not run.
TABLE = {"table", "tbody", "td", "th", "thead", "tr"}
TAGS = ALLOWED_TAGS | TABLE | {"div", "h1", "h2", "h3", "hr", "img", "p", "pre", "span"}
ATTRIBUTES = ALLOWED_ATTRIBUTES | {"*": ["class", "id"], "img": ["alt", "src"]}


def clean_html(element: bytes | str) -> str:
    """Return HTML without scripts. nbconvert's own filter shows the tags of headings and tables as text."""
    text = element.decode() if isinstance(element, bytes) else str(element)
    return clean(text, tags=TAGS, attributes=ATTRIBUTES, protocols=[*ALLOWED_PROTOCOLS, "data"])


PAGE = Config()
PAGE.HTMLExporter.sanitize_html = True
PAGE.HTMLExporter.exclude_input_prompt = PAGE.HTMLExporter.exclude_output_prompt = True
PAGE.HTMLExporter.filters = {"clean_html": clean_html}
PAGE.SanitizeHTML.tags = TAGS


@dataclass
class Result:
    """What the row of the table and the feedback page are made of; points are those of each test cell."""

    assignment: str = ""
    status: str = "graded"
    remarks: list[str] = field(default_factory=list)
    points: dict[str, float] = field(default_factory=dict)
    max_points: dict[str, float] = field(default_factory=dict)
    sentences: dict[str, str] = field(default_factory=dict)


def grade_id(cell: NotebookNode) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def first_line(cell: NotebookNode) -> str:
    return cell.source.strip().partition("\n")[0].strip()


def find_answers(submission: NotebookNode, master: NotebookNode) -> dict[int, str]:
    """Return which cells, by position, answer which question: their metadata tell, or their first line."""
    marks = {first_line(cell): grade_id(cell) for cell in master.cells if is_solution(cell)}
    names = [
        grade_id(cell) if grade_id(cell) in marks.values() else marks.get(first_line(cell))
        for cell in submission.cells
    ]
    return {index: name for index, name in enumerate(names) if name}


def find_assignment(submission: NotebookNode, masters: Iterable[Path]) -> Path | None:
    """Return the master that shares most names of cells and first lines of answers; files have any name."""
    marks = {mark for cell in submission.cells for mark in (grade_id(cell), first_line(cell))}
    found = {}
    for path in masters:
        master = nbformat.read(path, as_version=4)
        answers = {first_line(cell) for cell in master.cells if is_solution(cell)}
        names = {grade_id(cell) for cell in master.cells} - {""}
        # A name such as q1 is in every assignment, and alone it is an answer to any of them.
        found[path] = len(marks & (answers | names)) if find_answers(submission, master) else 0
    best = max(found, key=found.get)
    return best if found[best] else None


def assemble(submission: NotebookNode, master: Path, remarks: list[str]) -> NotebookNode:
    """Return the master with the student's answers in it; cells of their own stay where they stood."""
    notebook, handed_out = graded_version(master), student_version(master)
    answers = find_answers(submission, notebook)
    places = {cell.source.strip(): index for index, cell in enumerate(handed_out.cells)}
    places |= {grade_id(cell): index for index, cell in enumerate(handed_out.cells) if grade_id(cell)}
    own_cells, answered, edited, place = defaultdict(list), defaultdict(list), [], 0
    for index, cell in enumerate(submission.cells):
        source, name = cell.source.strip(), answers.get(index, grade_id(cell))
        place = places.get(name, places.get(source, place))
        if index in answers:
            answered[name].append(cell.source)
        elif name in places:
            edited += [name] if source != handed_out.cells[place].source.strip() else []
        elif source not in places:
            kind = new_code_cell if cell.cell_type == "code" else new_markdown_cell
            own_cells[place].append(kind(cell.source))
    for cell in filter(is_solution, notebook.cells):
        name, sources = grade_id(cell), answered[grade_id(cell)]
        if not sources:
            remarks.append(f"no cell answers {name}")
        elif len(sources) > 1:
            remarks.append(f"{len(sources)} cells answer {name}: the last one counts")
        # Without its answer, what another cell defines under the same name stands.
        cell.source = sources[-1] if sources else first_line(cell)
    if edited:
        remarks.append(f"edited and put back: {', '.join(edited)}")
    stubs = [cell.source for cell in handed_out.cells if is_solution(cell)]
    if stubs == [cell.source for cell in notebook.cells if is_solution(cell)]:
        remarks.append("as handed out: no answer is filled in")
    notebook.cells = [c for i, cell in enumerate(notebook.cells) for c in (cell, *own_cells[i])]
    return notebook


def sentence(cell: NotebookNode) -> str:
    """Return what a failed test tells the student."""
    if not errors_of(cell):
        return ""
    name, message = errors_of(cell)[0].ename, errors_of(cell)[0].evalue
    message = message if name == "AssertionError" else (message.splitlines() or [""])[0][:300]
    if name == "NotImplementedError":
        return "There is no answer yet."
    if name == "AssertionError":
        return message
    if name == "NameError":
        message += ". Its cell has no answer yet, stops before, or calls it otherwise"
    return f"{name}: {message}"


def give_points(notebook: NotebookNode, result: Result) -> None:
    """Let nbgrader grade each test cell, and put what the student may know of it into its place."""
    for index, cell in enumerate(notebook.cells):
        if not is_grade(cell):
            continue
        # For nbgrader a warning is a failure. A warning costs nothing here.
        cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
        points, max_points = determine_grade(cell)
        result.points[grade_id(cell)], result.max_points[grade_id(cell)] = points, max_points
        result.sentences[grade_id(cell)] = sentence(cell)
        what = ast.get_docstring(ast.parse(cell.source).body[0])
        mark = "\N{CHECK MARK}" if points == max_points else "\N{BALLOT X}"
        text = f"<strong>{mark} {points:g} of {max_points:g}</strong> {escape(what)} {escape(sentence(cell))}"
        notebook.cells[index] = new_markdown_cell(f"<blockquote>{text}</blockquote>")


def write_feedback(notebook: NotebookNode, result: Result, path: Path) -> None:
    total = f"{sum(result.points.values()):g} of {sum(result.max_points.values()):g} points"
    remarks = "".join(f"- {escape(remark)}\n" for remark in result.remarks)
    notebook.cells.insert(0, new_markdown_cell(f"# {result.assignment}: {total}\n\n{remarks}"))
    notebook = apply(notebook, LimitOutput)
    exporter = HTMLExporter(config=PAGE)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(exporter.from_notebook_node(notebook)[0], encoding="utf-8")


def grade(path: Path, feedback: Path, masters: dict[str, Path], limits: Limits) -> Result:
    """Grade one file, which may hold anything."""
    try:
        submission = nbformat.read(path, as_version=4)
        master = find_assignment(submission, masters.values())
    except Exception as problem:  # a file that students send may break the reader in any way
        what = f"{type(problem).__name__}: {problem}" if path.stat().st_size else "the file is empty"
        return Result(status="not a notebook", remarks=[what[:200]])
    if master is None:
        return Result(status="unknown assignment", remarks=[f"it has no answer to {', or '.join(masters)}"])
    result = Result(master.stem)
    notebook = assemble(submission, master, result.remarks)
    result.status = execute(notebook, limits)
    give_points(notebook, result)
    write_feedback(notebook, result, feedback)
    return result


def main(path: Path, new: Path, feedback: Path, masters: dict[str, Path], limits: Limits) -> None:
    """Grade one file and write its result, whatever happens; this process ends with it."""
    adopt_orphans()
    limit_memory(limits.gigabytes)
    try:
        result = grade(path, feedback, masters, limits)
    except Exception as problem:
        result = Result(status="error", remarks=[f"the grader failed: {type(problem).__name__}: {problem}"])
    new.write_text(json.dumps(asdict(result)), encoding="utf-8")
