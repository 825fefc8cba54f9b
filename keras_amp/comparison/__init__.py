"""Which way to train helps on one's own data, and how sure that is.

`compare` trains a model in several ways on the same splits of the same data,
and says whether any is better beyond chance.
"""

from keras_amp.comparison.compare import compare as compare
from keras_amp.comparison.comparison import Comparison as Comparison
from keras_amp.comparison.comparison import behind as behind
from keras_amp.comparison.measures import MEASURES as MEASURES
from keras_amp.comparison.measures import Measure as Measure
from keras_amp.comparison.measures import measure as measure
from keras_amp.comparison.plot import plot as plot
from keras_amp.comparison.statistics import Difference as Difference
from keras_amp.comparison.statistics import (
    bootstrap_interval as bootstrap_interval,
)
from keras_amp.comparison.statistics import difference as difference
from keras_amp.comparison.statistics import holm as holm
from keras_amp.comparison.statistics import power as power
from keras_amp.comparison.statistics import repeats_needed as repeats_needed
from keras_amp.comparison.statistics import (
    smallest_difference as smallest_difference,
)
