from collections import Counter

import numpy as np
from helpers import for_each
from pomdp_fuzzing import damaged, random_file, verdict


@for_each("seed", range(4))
def test_files_are_read_as_an_interpreter_reads_them_or_refused_with_a_line(seed, tmp_path):
    rng = np.random.default_rng(seed)
    found = Counter()
    for _ in range(400):
        normalize = bool(rng.integers(2))
        data = damaged(rng, random_file(rng, normalize))
        said = verdict(tmp_path / "model.POMDP", data, normalize)
        assert said in ("read", "refused"), f"{said}\n{data!r}, {normalize=}"
        found[said] += 1
    assert min(found["read"], found["refused"]) > 80  # else the files are no test of both
