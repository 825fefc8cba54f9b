"""Models and records that count up: NAME/1, NAME/2, NAME/3."""

from pathlib import Path


def next_version(folder: str | Path, suffix: str = "") -> int:
    """The first number that no export in `folder` has reached yet.

    TensorFlow Serving serves the highest-numbered version in a model's folder.

    Args:
        folder: Path of a model's folder, which need not exist.
        suffix: String that follows the numbers, such as ".json".

    Returns:
        Int, 1 if there is no version.
    """
    folder = Path(folder)
    paths = folder.glob(f"*{suffix}") if folder.is_dir() else []
    names = [path.name.removesuffix(suffix) for path in paths]
    return 1 + max((int(name) for name in names if name.isdecimal()), default=0)
