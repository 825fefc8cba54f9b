"""A model's outputs: how many, in which order, and what belongs to each."""

from typing import Any

import keras
from keras import tree


class Outputs:
    """The outputs of a model in their order, by number, name or key.

    Args:
        model: A `keras.Model`; one that does not say what it puts out has one
            output.

    Attributes:
        names: List of the outputs' names: the keys if the model puts out a
            dict, else the names of the layers that make them; `[None]` if the
            model does not say.

    Raises:
        ValueError: If the outputs are nested deeper than in one list or dict.
    """

    def __init__(self, model: keras.Model) -> None:
        self._is_dict = False
        made = getattr(model, "outputs", None)
        if made is None:
            self.names: list[str | None] = [None]
            return
        self.names = list(getattr(model, "output_names", None) or [None])
        structure = None if len(made) == 1 else model.output
        if structure is not None and len(structure) != len(made):
            raise ValueError(
                "The outputs of a model must be one tensor, or a list or a "
                "dict of tensors. Received: "
                f"'{model.name}', whose outputs are nested deeper"
            )
        if isinstance(structure, dict):
            self._is_dict, self.names = True, sorted(structure)

    @property
    def are_several(self) -> bool:
        """Whether there is more than one."""
        return len(self.names) > 1

    def pack(self, of_each: list) -> Any:
        """What each output has, as the model puts its outputs out."""
        if not self.are_several:
            return of_each[0]
        if self._is_dict:
            return dict(zip(self.names, of_each, strict=True))
        return of_each

    def of_each(self, structure: Any, argument: str) -> list:
        """What a structure has for each output, in the outputs' order.

        Args:
            structure: A list in that order, or a dict by name, in which some
                may be missing; of one output, whatever holds one thing.
            argument: String, what it is, for the message.

        Returns:
            A list, `None` for what is missing.

        Raises:
            ValueError: If there are more or fewer, or names that none has.
        """
        if not self.are_several:
            found = [one for one in tree.flatten(structure) if one is not None]
            if len(found) != 1:
                raise ValueError(
                    f"`{argument}` must be one, as the model has one output. "
                    f"Received {len(found)}: {structure!r}"
                )
            return found
        if isinstance(structure, dict) and {*structure} <= {*self.names}:
            return [structure.get(name) for name in self.names]
        is_list = isinstance(structure, (list, tuple))
        if is_list and len(structure) == len(self.names):
            return list(structure)
        raise ValueError(
            f"`{argument}` must be a list with one for each of the outputs "
            f"{', '.join(map(repr, self.names))}, or a dict by these names. "
            f"Received: {structure!r}"
        )
