"""Every check of what a caller hands in, and every sentence that says what is wrong with it.

A sentence says what is wrong, where, what was found, what was wanted and, where there is one, a hint.
"""

from empowerment.validate.arrays import counts as counts
from empowerment.validate.arrays import number_array as number_array
from empowerment.validate.arrays import number_table as number_table
from empowerment.validate.labels import index_of as index_of
from empowerment.validate.labels import is_several as is_several
from empowerment.validate.labels import labels as labels
from empowerment.validate.labels import one_of as one_of
from empowerment.validate.labels import permutation as permutation
from empowerment.validate.labels import text as text
from empowerment.validate.labels import texts as texts
from empowerment.validate.probabilities import Matrix as Matrix
from empowerment.validate.probabilities import distribution as distribution
from empowerment.validate.probabilities import probability_rows as probability_rows
from empowerment.validate.scalars import LARGEST as LARGEST
from empowerment.validate.scalars import LONGEST as LONGEST
from empowerment.validate.scalars import MIN_TOL as MIN_TOL
from empowerment.validate.scalars import MOST_DRAWS as MOST_DRAWS
from empowerment.validate.scalars import base as base
from empowerment.validate.scalars import count_or_infinity as count_or_infinity
from empowerment.validate.scalars import discount as discount
from empowerment.validate.scalars import enough_draws as enough_draws
from empowerment.validate.scalars import finite as finite
from empowerment.validate.scalars import flag as flag
from empowerment.validate.scalars import generator as generator
from empowerment.validate.scalars import horizon as horizon
from empowerment.validate.scalars import instance as instance
from empowerment.validate.scalars import level as level
from empowerment.validate.scalars import limit as limit
from empowerment.validate.scalars import memory as memory
from empowerment.validate.scalars import n_jobs as n_jobs
from empowerment.validate.scalars import offers as offers
from empowerment.validate.scalars import path as path
from empowerment.validate.scalars import plain as plain
from empowerment.validate.scalars import positive_int as positive_int
from empowerment.validate.scalars import power as power
from empowerment.validate.scalars import probability as probability
from empowerment.validate.scalars import real as real
from empowerment.validate.scalars import seed as seed
from empowerment.validate.scalars import short_horizon as short_horizon
from empowerment.validate.scalars import shown as shown
from empowerment.validate.scalars import tolerances as tolerances
from empowerment.validate.scalars import whole as whole
