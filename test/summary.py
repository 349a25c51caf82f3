#!/usr/bin/env python3
"""Counts the tests of one run: summary.py RESULTS_DIR.

RESULTS_DIR/ctest.xml lists the CTest tests. Where one of them is a runner of many tests it left
RESULTS_DIR/<name>.xml (JUnit), which is counted in its place. The last line printed is
"N passed, N failed, N skipped"; the exit status is 1 if anything failed or nothing ran.
"""

import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def outcome(case):
    """'passed', 'failed' or 'skipped' for one <testcase> of any of the runners."""
    if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
        return "failed"
    if (
        case.find("skipped") is not None
        or case.get("status") in ("notrun", "disabled")
        or case.get("result") in ("skipped", "suppressed")
    ):
        return "skipped"
    return "passed"


def count(path):
    """The outcomes of a JUnit file by kind, with the names of what failed."""
    counts, failed = {"passed": 0, "failed": 0, "skipped": 0}, []
    for case in ElementTree.parse(path).iter("testcase"):
        kind = outcome(case)
        counts[kind] += 1
        if kind == "failed":
            failed.append(f"{case.get('classname') or ''} {case.get('name')}".strip())
    return counts, failed


def main(folder):
    folder = pathlib.Path(folder)
    total, failures = {"passed": 0, "failed": 0, "skipped": 0}, []
    try:
        cases = list(ElementTree.parse(folder / "ctest.xml").iter("testcase"))
    except (OSError, ElementTree.ParseError) as error:
        print(f"no results of CTest: {error}", file=sys.stderr)
        cases = []
    for case in cases:
        name, own = case.get("name"), outcome(case)
        counts, failed = {"passed": 0, "failed": 0, "skipped": 0, own: 1}, [name] if own == "failed" else []
        results = folder / f"{name}.xml"
        if results.exists():
            try:
                counts, failed = count(results)
            except ElementTree.ParseError:
                counts, failed = {"passed": 0, "failed": 1, "skipped": 0}, [f"{name} (results cut short)"]
            if own == "failed" and not failed:  # the runner itself went wrong
                counts["failed"], failed = 1, [name]
        print(f"{name}: {counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
        failures += failed
        for kind, n in counts.items():
            total[kind] += n
    for name in failures:
        print(f"FAILED {name}")
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
