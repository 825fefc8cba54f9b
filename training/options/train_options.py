"""The main job's options, by role."""

import dataclasses
import math
from typing import Annotated, Any

import tyro

from training.models.backbones import BACKBONES
from training.options.beginning import beginning
from training.options.data_options import DataOptions
from training.options.mixing_options import MixingOptions
from training.options.model_options import ModelOptions
from training.options.optimisation_options import OptimisationOptions
from training.options.where_options import WhereOptions, as_name, check_name

OWN_EVALUATIONS = 10  # of a run on someone's own file


@dataclasses.dataclass(frozen=True)
class TrainOptions:
    """Trains a text classifier, exports it, and records how it went.

    Examples:
        >>> options = TrainOptions.of(dataset="trec", method="sent").resolved()
        >>> options.optimisation.steps, options.where.name
        (8000, 'trec-cnn-sent')
    """

    data: DataOptions = dataclasses.field(default_factory=DataOptions)
    model: ModelOptions = dataclasses.field(default_factory=ModelOptions)
    mixing: MixingOptions = dataclasses.field(default_factory=MixingOptions)
    optimisation: OptimisationOptions = dataclasses.field(
        default_factory=OptimisationOptions
    )
    where: WhereOptions = dataclasses.field(default_factory=WhereOptions)

    @classmethod
    def of(cls, **fields: Any) -> "TrainOptions":
        """Options from fields by their names, whatever part they are of."""
        return cls().with_fields(**fields)

    def with_fields(self, **fields: Any) -> "TrainOptions":
        """A copy with other values of some fields, of whatever part.

        Raises:
            TypeError: If there is no such field.
        """
        parts = {}
        for part in dataclasses.fields(self):
            names = {one.name for one in dataclasses.fields(part.type)}  # type: ignore[arg-type]
            known = {key: fields.pop(key) for key in names & {*fields}}
            parts[part.name] = dataclasses.replace(
                getattr(self, part.name), **known
            )
        if fields:
            raise TypeError(f"TrainOptions has no field {', '.join(fields)}")
        return TrainOptions(**parts)

    def flat(self) -> dict[str, Any]:
        """Dict of all parts' fields, as plain values."""
        parts = dataclasses.asdict(self).values()
        return {key: value for part in parts for key, value in part.items()}

    def resolved(self, as_own: bool = False) -> "TrainOptions":
        """These options with every default filled in.

        Args:
            as_own: Bool, whether a data set with a name, too, is trained as
                someone's own texts are.

        Raises:
            ValueError: If an option has no value that would do.
        """
        self.data.check()
        as_own = as_own or self.data.is_own
        options = self._filled(beginning(as_own, self.model))
        options.model.check()
        options.mixing.check()
        options = options._filled(options.preset(as_own))
        names = (options.data.task, options.model.title, options.mixing.method)
        name = self.where.name or as_name("-".join(names))
        check_name(name)
        options = options.with_fields(name=name)
        options.model.check_filled()
        options.optimisation.check_filled()
        return options._in_whole_evaluations()

    def preset(self, as_own: bool = False) -> dict[str, Any]:
        """Dict of the settings that backbone and data set come with."""
        if as_own or self.data.is_own:
            return self.model.own_preset
        return self.model.preset | self.data.preset

    def scheduled(self, num_examples: int) -> "TrainOptions":
        """Resolved options with the steps that so many examples need.

        Steps are rounded up to whole evaluations, as in `resolved`.

        Args:
            num_examples: Int, of the training set.
        """
        asked, backbone = self.optimisation, BACKBONES[self.model.backbone]
        assert asked.batch_size is not None  # `resolved` has filled it in
        batches = math.ceil(num_examples / asked.batch_size)
        steps = max(backbone.own_steps, backbone.own_passes * batches)
        steps = asked.steps or steps
        each = math.ceil(steps / OWN_EVALUATIONS)
        options = self._filled({"steps": steps, "steps_per_evaluation": each})
        return options._in_whole_evaluations()

    def _in_whole_evaluations(self) -> "TrainOptions":
        """A copy with the steps that are taken: what is trained is evaluated.

        Someone's own texts, whose steps are not counted yet, stay as they are.
        """
        steps = self.optimisation.steps
        each = self.optimisation.steps_per_evaluation
        if steps is None or each is None:
            return self
        each = min(each, steps)
        steps = each * math.ceil(steps / each)
        return self.with_fields(steps=steps, steps_per_evaluation=each)

    def _filled(self, defaults: dict[str, Any]) -> "TrainOptions":
        """A copy in which the defaults stand for what is `None`."""
        given: dict[str, Any] = {}
        for part in vars(self).values():
            given |= vars(part)
        return self.with_fields(
            **{k: v for k, v in defaults.items() if given[k] is None}
        )


# The flags are the fields' own names; the parts group them in the help.
CommandLine = Annotated[
    tyro.conf.OmitArgPrefixes[TrainOptions], tyro.conf.arg(name="")
]
