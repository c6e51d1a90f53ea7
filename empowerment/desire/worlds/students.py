"""Several students in the world of study, a second example."""

from __future__ import annotations

from empowerment.core import validate
from empowerment.desire.worlds.feature_world import FeatureWorld
from empowerment.worlds.study import study, study_features, study_variables

WANTED = (8.0, 3.0, 2.0)


class Students(FeatureWorld):
    """Students who want grades, sleep and standing, and compare their grades.

    Changes of standing and of grades are appraised, so that under :meth:`DesireParameters.shock` standing gives
    pleasure, and a failed test causes arousal and fear.

    Parameters
    ----------
    n_students : int
        Number of students.
    wanted : sequence of three float
        Targets of grades, sleep and standing, each above 0.

    See Also
    --------
    empowerment.worlds.study : The world of one student.
    Riders, FeatureWorld : Other worlds.

    Examples
    --------
    A failed test, and the desire for grades before and after:

    >>> import numpy as np
    >>> from empowerment.desire import DesireAgent, Students, simulate_agents
    >>> trace = simulate_agents(Students(), DesireAgent([0.2, 0.3, 0.5]), 70, seeds=[0])
    >>> run, day, student = np.argwhere(trace.changes[..., 1] <= -4)[0]
    >>> trace.states[trace.state_numbers[run, day, student]], str(trace.emotion_names[run, day, student])
    ((6, 9, 3, 3), 'fear')
    >>> trace.desire[run, day : day + 2, student, 0].round(2)
    array([0.2 , 0.55])
    """

    def __init__(self, n_students: int = 6, wanted: tuple[float, float, float] = WANTED) -> None:
        super().__init__(
            study(),
            study_features(),
            study_variables(),
            wanted=wanted,
            desires=("grades", "sleep", "standing"),
            appraised=("standing", "grades"),
            rank_by="grades",
            n_agents=validate.positive_int(n_students, "n_students", most=1000),
        )
