"""Checks of all arguments, and the messages of their errors.

A message says what is wrong, where, what was found, what was expected and, if there is one, a hint.
"""

from empowerment.core.validate.arrays import counts as counts
from empowerment.core.validate.arrays import is_sparse as is_sparse
from empowerment.core.validate.arrays import number_array as number_array
from empowerment.core.validate.arrays import number_table as number_table
from empowerment.core.validate.labels import index_of as index_of
from empowerment.core.validate.labels import is_several as is_several
from empowerment.core.validate.labels import labels as labels
from empowerment.core.validate.labels import nearest as nearest
from empowerment.core.validate.labels import one_of as one_of
from empowerment.core.validate.labels import options as options
from empowerment.core.validate.labels import permutation as permutation
from empowerment.core.validate.labels import text as text
from empowerment.core.validate.labels import texts as texts
from empowerment.core.validate.probabilities import Matrix as Matrix
from empowerment.core.validate.probabilities import distribution as distribution
from empowerment.core.validate.probabilities import probability_rows as probability_rows
from empowerment.core.validate.scalars import LARGEST as LARGEST
from empowerment.core.validate.scalars import LONGEST as LONGEST
from empowerment.core.validate.scalars import MIN_TOL as MIN_TOL
from empowerment.core.validate.scalars import MOST_DRAWS as MOST_DRAWS
from empowerment.core.validate.scalars import base as base
from empowerment.core.validate.scalars import count_or_infinity as count_or_infinity
from empowerment.core.validate.scalars import discount as discount
from empowerment.core.validate.scalars import discount_below_one as discount_below_one
from empowerment.core.validate.scalars import enough_draws as enough_draws
from empowerment.core.validate.scalars import finite as finite
from empowerment.core.validate.scalars import flag as flag
from empowerment.core.validate.scalars import function as function
from empowerment.core.validate.scalars import generator as generator
from empowerment.core.validate.scalars import horizon as horizon
from empowerment.core.validate.scalars import instance as instance
from empowerment.core.validate.scalars import level as level
from empowerment.core.validate.scalars import limit as limit
from empowerment.core.validate.scalars import memory as memory
from empowerment.core.validate.scalars import n_jobs as n_jobs
from empowerment.core.validate.scalars import offers as offers
from empowerment.core.validate.scalars import path as path
from empowerment.core.validate.scalars import plain as plain
from empowerment.core.validate.scalars import positive_int as positive_int
from empowerment.core.validate.scalars import power as power
from empowerment.core.validate.scalars import probability as probability
from empowerment.core.validate.scalars import progress as progress
from empowerment.core.validate.scalars import real as real
from empowerment.core.validate.scalars import seconds as seconds
from empowerment.core.validate.scalars import seed as seed
from empowerment.core.validate.scalars import short_horizon as short_horizon
from empowerment.core.validate.scalars import shown as shown
from empowerment.core.validate.scalars import tolerances as tolerances
from empowerment.core.validate.scalars import whole as whole
