"""Packages that not everyone needs: imported when used, named when absent."""

import importlib
from types import ModuleType
from typing import Any


class MissingPackage(ModuleNotFoundError):  # noqa: N818 (says what it is)
    """What was asked for needs a package that is not installed."""


def needed(module: str, what: str, install: str) -> ModuleType:
    """Imports a module that an installation may lack.

    Args:
        module: String, the module's name.
        what: String, what needs it; begins the message.
        install: String, what to hand to `pip install`.

    Returns:
        The module.

    Raises:
        MissingPackage: If its package is not installed, in one line that says
            what to install. What fails inside of an installed one is raised
            as it is.

    Examples:
        >>> needed("keras.ops", "This", "keras").__name__
        'keras.ops'
        >>> needed("no_such.module", "This", '"keras_amp[extra]"')
        Traceback (most recent call last):
        keras_amp.extras.MissingPackage: This needs no-such, which is not
        installed: pip install "keras_amp[extra]"
    """
    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != package:
            raise
        raise MissingPackage(
            f"{what} needs {package.replace('_', '-')}, which is not "
            f"installed: pip install {install}",
            name=package,
        ) from error


class WhenUsed:
    """A module that is imported when something of it is asked for.

    Args:
        module, what, install: As of `needed`.

    Examples:
        >>> ops = WhenUsed("keras.ops", "This", "keras")
        >>> ops.add.__name__
        'add'
    """

    def __init__(self, module: str, what: str, install: str) -> None:
        self._needed = (module, what, install)

    def __getattr__(self, name: str) -> Any:
        return getattr(needed(*self._needed), name)
