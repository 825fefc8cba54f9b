"""Runs the fast tests in fresh environments, and writes what passed.

    .ci/matrix                      every environment, about 20 minutes each
    .ci/matrix newest colab         some of them
    .ci/matrix --sizes              what each extra installs
    .ci/matrix --page               only writes the page from the records

Each environment's record is docs/results/versions/NAME.json, and
docs/versions.md is written from all of them. Needs uv, which `.ci/matrix`
brings, and Pythons that uv finds or fetches.
"""

import argparse
import dataclasses
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

HERE = Path(__file__).parent.parent
RECORDS = HERE / "docs" / "results" / "versions"
PAGE = HERE / "docs" / "versions.md"
SHOWN = ("tensorflow", "keras", "keras-hub", "tensorflow-text", "numpy")
ALONE = (
    *("", "training", "compare", "bert", "model-garden"),
    *("onnx", "litert", "openvino", "serve", "ray", "jax", "torch"),
    *("test", "docs", "dev"),
)


@dataclasses.dataclass(frozen=True)
class Environment:
    """A Python, extras, and what is asked of the versions."""

    python: str
    extras: str = "training,bert,test"
    pins: tuple[str, ...] = ()
    resolution: str = "highest"
    # Of pytest; what old packages warn of the new ones they meet is not ours.
    options: tuple[str, ...] = ()
    about: str = ""


ENVIRONMENTS = {
    "oldest": Environment(
        python="3.10",
        resolution="lowest-direct",
        options=("-W", "default"),
        about="the lowest versions that pyproject.toml allows",
    ),
    "all": Environment(
        python="3.11",
        extras="training,bert,model-garden,onnx,litert,openvino,serve,ray,"
        "jax,torch,dev",
        pins=("tensorflow==2.20.*", "torch==2.13.0"),
        about="TensorFlow 2.20 with all extras",
    ),
    "newest": Environment(
        python="3.13",
        pins=("tensorflow==2.21.*",),
        about="the newest of everything",
    ),
    "colab": Environment(
        python="3.13",
        pins=("tensorflow==2.20.*", "keras==3.13.*"),
        about="as on Colab",
    ),
}


def main():
    """Runs what the command line asks for; exits with 1 if a test failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="environment")
    parser.add_argument("--sizes", action="store_true", help="of each extra")
    parser.add_argument("--page", action="store_true", help="write the page")
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in ENVIRONMENTS:
            parser.error(f"no '{name}' among {', '.join(ENVIRONMENTS)}")
    RECORDS.mkdir(parents=True, exist_ok=True)
    failed = 0
    if arguments.sizes:
        write("extras", {"date": today(), "extras": sizes()})
    elif not arguments.page:
        for name in arguments.names or ENVIRONMENTS:
            record = tested(name, ENVIRONMENTS[name])
            failed += record["failed"]
            write(name, record)
    write_page()
    print(f"wrote {PAGE.relative_to(HERE)}")
    sys.exit(bool(failed))


def tested(name, environment):
    """Installs an environment and runs the tests there; returns the record."""
    print(f"\n== {name}: Python {environment.python}, {environment.about}")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        python = installed(folder / "env", environment)
        result = folder / "junit.xml"
        start = time.monotonic()
        command = [python, "-m", "pytest", "-n", "auto", f"--junitxml={result}"]
        code = subprocess.run(
            [*command, *environment.options], cwd=HERE
        ).returncode
        seconds = time.monotonic() - start
        if not result.is_file():
            sys.exit(f"{name}: pytest ended with {code} before any test")
        counts = counted(result)
        # An error at the collection is no test that failed.
        counts["failed"] = max(counts["failed"], int(code not in (0, 1)))
        return {
            "date": today(),
            "about": environment.about,
            "python": output(
                python, "-c", "import platform as p; print(p.python_version())"
            ),
            "extras": environment.extras,
            "versions": versions(python),
            **counts,
            "seconds": round(seconds),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        }


def installed(folder, environment):
    """Makes a virtual environment in `folder`; returns its Python's path."""
    run("uv", "venv", "--quiet", "--python", environment.python, folder)
    python = str(folder / "bin" / "python")
    extras = [f"--extra={name}" for name in environment.extras.split(",")]
    pins = folder / "pins.txt"
    pins.write_text("\n".join(environment.pins), encoding="utf-8")
    requirements = folder / "requirements.txt"
    run(
        *("uv", "pip", "compile", "--quiet", "pyproject.toml", *extras),
        *("--resolution", environment.resolution, "--constraints", pins),
        *("--python", python, "--output-file", requirements),
    )
    install = ("uv", "pip", "install", "--quiet", "--python", python)
    run(*install, "--requirement", requirements, "--editable", ".")
    return python


def sizes():
    """Packages and megabytes of each extra in an environment of its own."""
    found = {}
    for extra in ALONE:
        with tempfile.TemporaryDirectory() as folder:
            run("uv", "venv", "--quiet", "--python", "3.11", folder)
            python = f"{folder}/bin/python"
            what = f".[{extra}]" if extra else "."
            run("uv", "pip", "install", "--quiet", "--python", python, what)
            found[extra or "(library)"] = {
                "packages": len(versions(python)),
                "megabytes": megabytes(folder),
            }
            print(extra or "(library)", found[extra or "(library)"])
    return found


def versions(python):
    """Dict from each installed package to its version."""
    listed = output("uv", "pip", "list", "--format=json", "--python", python)
    return {one["name"]: one["version"] for one in json.loads(listed)}


def megabytes(folder):
    """What lies in a folder, files that are there twice counted once."""
    files = (path.lstat() for path in Path(folder).rglob("*"))
    sizes = {info.st_ino: info.st_size for info in files}
    return round(sum(sizes.values()) / 1e6)


def counted(path):
    """The tests that passed, failed or were skipped, of a JUnit file."""
    suite = ElementTree.parse(path).getroot().find("testsuite")
    tests, skipped = int(suite.get("tests")), int(suite.get("skipped"))
    failed = int(suite.get("failures")) + int(suite.get("errors"))
    passed = tests - failed - skipped
    return {"passed": passed, "failed": failed, "skipped": skipped}


def page():
    """The page of the docs, from the records that are there."""
    lines = [
        "# Versions",
        "",
        "Written by `.ci/matrix` from `docs/results/versions/`: the fast",
        "tests, each time in a fresh environment.",
        "",
        f"| | Python | {' | '.join(SHOWN)} | passed | failed | skipped | on |",
        "|---" * (len(SHOWN) + 6) + "|",
    ]
    for name in ENVIRONMENTS:
        path = RECORDS / f"{name}.json"
        if not path.is_file():
            lines.append(f"| {name} | not run |" + " |" * (len(SHOWN) + 4))
            continue
        record = json.loads(path.read_text(encoding="utf-8"))
        shown = [record["versions"].get(package, "–") for package in SHOWN]
        counts = [str(record[key]) for key in ("passed", "failed", "skipped")]
        about = f"{name}: {record['about']}"
        cells = [about, record["python"], *shown, *counts, record["date"]]
        lines.append(f"| {' | '.join(cells)} |")
    lines += [
        "",
        "Skipped are tests of data or of extras that are not there, each with",
        "its reason. In `oldest`, warnings are shown and are no errors: old",
        "packages warn of the new ones that they meet. Else all are errors.",
    ]
    path = RECORDS / "extras.json"
    if path.is_file():
        record = json.loads(path.read_text(encoding="utf-8"))
        lines += [
            "",
            "## What each extra installs",
            "",
            "Alone, with the library, in a fresh environment of Python 3.11 on",
            f"Linux ({record['date']}, `.ci/matrix --sizes`).",
            "",
            "| extra | packages | MB |",
            "|---|---|---|",
        ]
        for extra, size in record["extras"].items():
            figures = f"{size['packages']} | {size['megabytes']}"
            lines.append(f"| `{extra}` | {figures} |")
        lines += ["", "`torch` comes with CUDA's libraries on Linux."]
    return "\n".join(lines) + "\n"


def write(name, record):
    """Writes a record whole, and the page, as the tests compare the two."""
    path = RECORDS / f"{name}.json"
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    path.with_suffix(".tmp").write_text(text, encoding="utf-8")
    path.with_suffix(".tmp").replace(path)
    write_page()


def write_page():
    """Writes the page from the records that are there."""
    PAGE.write_text(page(), encoding="utf-8")


def today():
    """The date, as records have it."""
    return datetime.date.today().isoformat()


def run(*command):
    """Runs a command in the checkout; its failure is ours."""
    subprocess.run(list(map(str, command)), cwd=HERE, check=True)


def output(*command):
    """What a command writes to its standard output."""
    command = list(map(str, command))
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return ran.stdout.strip()


if __name__ == "__main__":
    main()
