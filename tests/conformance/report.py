"""report.py DIR: reads the suite's JUnit files, prints passed of run by area, writes passed.txt and
failed.txt.  Exit status 0 only if something ran and all of it passed."""

import collections
import glob
import re
import sys
import xml.etree.ElementTree as ElementTree


def results(folder):
    """Yields (name, passed) of every test that ran."""
    for path in sorted(glob.glob(folder + "/*.xml")):
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            name = re.sub(r"^\[It\] | \[[^][]*\]$", "", case.get("name"))
            status = case.get("status")
            if status == "skipped" or case.find("skipped") is not None or not name.startswith("[sig"):
                continue
            yield name, status == "passed"


def main(folder):
    areas = collections.defaultdict(lambda: [0, 0])
    names = {True: [], False: []}
    for name, passed in results(folder):
        area = areas[name.split("]")[0][1:]]
        area[0] += passed
        area[1] += 1
        names[passed].append(name)
    for passed, file in ((True, "/passed.txt"), (False, "/failed.txt")):
        with open(folder + file, "w") as out:
            out.writelines(name + "\n" for name in sorted(names[passed]))
    for area, (passed, run) in sorted(areas.items()):
        print(f"{area:24} {passed:4} of {run}")
    if not areas:
        print(f"nothing ran, see {folder}/*.log")
    else:
        print(f"{len(names[True])} passed, {len(names[False])} failed")
    return 0 if names[True] and not names[False] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
