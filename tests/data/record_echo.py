"""Records what llama-cpp-python answers to completions with echo, where a model reads nothing before a text.

    python tests/data/record_echo.py SmolLM2-135M-Instruct.Q4_1.gguf > tests/data/echo_llama_cpp.json

Each exchange is a request to `create_completion` and its answer, for every beginning of one text that ends with a
token. With echo, each token is given the distribution that follows it; without, the only distribution is right.
The answers of llama-cpp-python 0.3.36 are kept, on one thread; the time and the random names in them are taken out.
"""

import json
import sys

from llama_cpp import Llama

TEXT = "def add(a, b):\n    return a + b"
OPTIONS = {"logprobs": 5, "max_tokens": 1, "temperature": 0}


def main(path):
    model = Llama(path, n_ctx=128, n_threads=1, n_threads_batch=1, logits_all=True, verbose=False)
    tokens = model.tokenize(TEXT.encode(), add_bos=True)
    prompts = [model.detokenize(tokens[:n]).decode() for n in range(1, len(tokens) + 1)]
    exchanges = [exchange(model, prompt, echo) for prompt in prompts for echo in (True, False)]
    lines = [json.dumps(each, default=float) for each in exchanges]  # its numbers are NumPy's
    print("[\n" + ",\n".join(lines) + "\n]")


def exchange(model, prompt, echo):
    request = {"prompt": prompt, "echo": echo, **OPTIONS}
    model.reset()
    response = model.create_completion(**request)
    return {
        "request": request,
        "response": response | {"id": "", "created": 0, "model": "SmolLM2-135M-Instruct.Q4_1"},
    }


if __name__ == "__main__":
    main(sys.argv[1])
