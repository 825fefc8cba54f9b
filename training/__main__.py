"""Trains text classifiers with Mixup and its adversarial variant (AMP).

For a first look, which needs no file: python -m training train
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, TextIO

# Failures come as exceptions; that there is no GPU is none.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

try:
    import tyro

    from training.compare.compare_options import CommandLine as CompareLine
    from training.data.paper import PAPER_SETS
    from training.grid.grid_options import RECORDS_DIR, GridOptions
    from training.options.train_options import CommandLine
    from training.terminal import shown
except ModuleNotFoundError as error:
    if __name__ != "__main__":
        raise
    print(
        f"error: python -m training needs {error.name}, which is not "
        'installed: pip install -e ".[training]"',
        file=sys.stderr,
    )
    sys.exit(2)


def data(
    data_dir: Path = Path("data"),
    datasets: tuple[str, ...] = tuple(PAPER_SETS),
    download: bool = False,
) -> None:
    """Prints the paper's Table 1 next to what the data sets' files hold.

    Args:
        data_dir: Folder of the data sets' files.
        datasets: Data sets to count.
        download: Fetch the files that are missing.
    """
    from training.data.table_1 import count, table
    from training.terminal import console

    for name in datasets:
        if name not in PAPER_SETS:
            raise ValueError(
                f"--datasets: there is no '{name}' among "
                f"{', '.join(PAPER_SETS)}"
            )
    counts = {name: count(name, data_dir, download) for name in datasets}
    console().print(table(counts))


def predict(
    model: tyro.conf.Positional[Path],
    texts: tyro.conf.Positional[tuple[str, ...]] = (),
    file: Path | None = None,
    text_column: str = "text",
    delimiter: str | None = None,
    quoting: str | None = None,
    output: Path | None = None,
    overwrite: bool = False,
) -> None:
    """Asks an exported classifier: a table, or JSON lines where it is piped.

    Args:
        model: Folder of an export, or of numbered ones (the newest answers).
        texts: Texts to classify; without these and --file, lines of stdin.
        file: .csv, .tsv or .jsonl with named columns; .txt, a text a line.
        text_column: Column of the text in --file; the others are kept.
        delimiter: Letter, or tab, between a table's cells, as of train.
        quoting: Of a table, double, backslash or none, as of train.
        output: File to write the answers to, .jsonl or .csv.
        overwrite: Replace what is at --output.
    """
    from training.data.cells import Layout
    from training.run.predict import predict

    layout = Layout(text_column, None, delimiter, quoting)
    predict(model, texts, file, layout, output, overwrite)


def export(
    model: tyro.conf.Positional[Path],
    format: Literal["saved_model", "onnx", "litert", "openvino"] = "onnx",
    output: Path | None = None,
) -> None:
    """Writes an exported classifier for another runtime, with its tokenizer.

    Args:
        model: Folder of an export, or of numbered ones (the newest is taken).
        format: What to write; all take ids, which tokenizer.json makes.
        output: Folder to write; else the export's own name and the format.
    """
    from training.run.convert import convert

    convert(model, format, output)


def train(options: CommandLine) -> None:
    """Trains a text classifier, exports it, and records how it went."""
    options.resolved()  # What is wrong is said before TensorFlow is loaded.
    from training.run.train import train

    train(options)


def table(options: Annotated[GridOptions, tyro.conf.arg(name="")]) -> None:
    """Runs the experiments of a table or a part of it; what is done stays."""
    from training.grid.run_grid import run_grid

    if run_grid(options):
        sys.exit(1)


def compare(options: CompareLine) -> None:
    """Says whether mixing helps on your texts, by repeated, paired tests."""
    options.checked()  # What is wrong is said before TensorFlow is loaded.
    from training.compare.compare import compare

    if compare(options, sys.argv[1:]):
        sys.exit(1)


def report(
    records_dir: Path = RECORDS_DIR,
    output: Path = Path("docs/RESULTS.md"),
    figures: bool = True,
    readme: Path | None = None,
) -> None:
    """Writes the results of experiments: tables, tests, figures.

    Args:
        records_dir: Folder of the records that `table` made.
        output: Markdown file to write; CSV and figures go to results/ beside.
        figures: Draw the figures too.
        readme: Markdown file to write what the results advise into, between
            its marks.
    """
    # Not after half a minute of work.
    if output.exists() and not output.is_file():
        raise FileExistsError(
            f"--output: '{output}' is no file; name one to write, such as "
            f"'{output / 'RESULTS.md'}'"
        )
    from training.report.write_report import report

    for path in report(records_dir, output, figures, readme):
        print(shown(path))


def _is_closed(stream: TextIO) -> bool:
    """Whether nobody reads a stream; it gets an empty line to find out."""
    try:
        print(file=stream, flush=True)
    except BrokenPipeError:
        return True
    return False


def main() -> None:
    """Runs a command; bad input ends with one line and exit code 2."""
    commands: dict[str, Callable] = {
        "train": train,
        "compare": compare,
        "predict": predict,
        "export": export,
        "data": data,
        "table": table,
        "report": report,
    }
    # Not every terminal has every letter of other people's texts.
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        tyro.extras.subcommand_cli_from_dict(
            commands, prog="python -m training", description=__doc__
        )
        sys.stdout.flush()
    except BrokenPipeError as error:
        if not _is_closed(sys.stdout):
            print(f"error: {shown(error)}", file=sys.stderr)
            sys.exit(2)
        # As `head` does, once it has its lines: who reads no more is told no
        # more, neither now nor when Python flushes what is left.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (ValueError, OSError, ImportError, FloatingPointError) as error:
        print(f"error: {shown(error)}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
