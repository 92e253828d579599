#!/usr/bin/env python3
"""Times single operations in PyTorch on request, for the table that `tools/bench ops` prints.

Each line of stdin is a step and the name of an operation case (`forward linear 512x576x1536 F32 beta 0`); the answer is
one line of JSON with the seconds of one call, a median for each of several stretches. What PyTorch has no counterpart of
(GGUF block types) is answered with an empty list. Weights in bfloat16 meet activations in bfloat16, as in PyTorch models.
"""
import argparse
import json
import re
import statistics
import sys
import time

import torch
import torch.nn.functional as F

STRETCHES = 5
STRETCH_SECONDS = 0.15
DTYPES = {"F32": torch.float32, "BF16": torch.bfloat16}


def numbers(*dims, dtype=torch.float32, grad=True):
    return torch.randn(*dims, dtype=dtype).requires_grad_(grad)


def differentiable(forward, leaves):
    """Forward and backward step of a function of leaves."""
    def run():
        with torch.no_grad():
            return forward()

    kept = []

    def back():
        if not kept:
            out = forward()
            kept.extend([out, torch.randn_like(out)])
        torch.autograd.grad(kept[0], leaves, kept[1], retain_graph=True)
    return run, back


def linear(size, dtype):
    tokens, inputs, outputs = size
    x, w = numbers(tokens, inputs, dtype=dtype), numbers(outputs, inputs, dtype=dtype)
    return differentiable(lambda: F.linear(x, w), [x, w])


def rms_norm(size, dtype):
    x, w = numbers(*size, dtype=dtype), numbers(size[-1], dtype=dtype)
    return differentiable(lambda: F.rms_norm(x, (size[-1],), w, 1e-5), [x, w])


def layer_norm(size, dtype):
    x, w, bias = numbers(*size, dtype=dtype), numbers(size[-1], dtype=dtype), numbers(size[-1], dtype=dtype)
    return differentiable(lambda: F.layer_norm(x, (size[-1],), w, bias, 1e-5), [x, w, bias])


def attention(queries, keys, heads, kv_heads, dim):
    """Token-major tensors seen as [1, heads, tokens, dim], as transformers does."""
    q, k, v = numbers(queries, heads, dim), numbers(keys, kv_heads, dim), numbers(keys, kv_heads, dim)
    return differentiable(lambda: F.scaled_dot_product_attention(
        q.transpose(0, 1)[None], k.transpose(0, 1)[None], v.transpose(0, 1)[None],
        is_causal=queries > 1, enable_gqa=True), [q, k, v])


def rotary(size):
    tokens, heads, dim = size
    x, angles = numbers(*size), torch.randn(tokens, 1, dim)
    cos, sin = angles.cos(), angles.sin()

    def rotate():
        return x * cos + torch.cat((-x[..., dim // 2:], x[..., :dim // 2]), -1) * sin
    return differentiable(rotate, [x])


def swiglu(size):
    gate, up = numbers(*size), numbers(*size)
    return differentiable(lambda: F.silu(gate) * up, [gate, up])


def activation(function, size):
    x = numbers(*size)
    functions = {"GELU": F.gelu, "GELU_TANH": lambda v: F.gelu(v, approximate="tanh"), "SILU": F.silu, "RELU": F.relu}
    return differentiable(lambda: functions[function](x), [x])


def multiply(size):
    a, b = numbers(*size), numbers(*size)
    return differentiable(lambda: a * b, [a, b])


def columns(rows, widths):
    """Parts as contiguous tensors of their own; backwards they are put together again."""
    x, parts = numbers(rows, sum(widths)), [numbers(rows, width) for width in widths]
    return (lambda: [part.contiguous() for part in x.detach().split(widths, -1)],
            lambda: torch.cat([part.detach() for part in parts], -1))


def add(size):
    a, b = numbers(*size), numbers(*size)
    return differentiable(lambda: a + b, [a, b])


def embedding(tokens, vocabulary, channels):
    ids, table = torch.randint(0, vocabulary, (tokens,)), numbers(vocabulary, channels)
    return differentiable(lambda: F.embedding(ids, table), [table])[0], None


def cross_entropy(size):
    logits, targets = numbers(*size), torch.randint(0, size[1], (size[0],))
    return differentiable(lambda: F.cross_entropy(logits, targets), [logits])


def distillation(size):
    logits, teacher = numbers(*size), numbers(*size, grad=False)
    return differentiable(lambda: F.kl_div(logits.log_softmax(-1), teacher.log_softmax(-1), log_target=True,
                                           reduction="batchmean"), [logits])


def arg_max(size):
    x = numbers(*size, grad=False)
    return lambda: x.argmax(-1), None


def sample(size, temperature, top_k, top_p):
    """As transformers' generate does it: temperature, then top-k, then top-p."""
    logits = 12 * (2 * torch.rand(*size) - 1)

    def draw():
        scaled = logits / temperature
        scaled = scaled.masked_fill(scaled < torch.topk(scaled, top_k).values[:, -1:], -torch.inf)
        ascending, order = torch.sort(scaled)
        left_out = ascending.softmax(-1).cumsum(-1) <= 1 - top_p
        scaled = scaled.masked_fill(left_out.scatter(1, order, left_out), -torch.inf)
        return torch.multinomial(scaled.softmax(-1), 1)
    return draw, None


def sum_of_squares(size):
    x = numbers(*size, grad=False)
    return lambda: torch.linalg.vector_norm(x), None


def adamw(size):
    w = torch.nn.Parameter(torch.randn(*size))
    w.grad = torch.randn(*size)
    optimizer = torch.optim.AdamW([w], lr=3e-3, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    return optimizer.step, None


def build(case):
    """(forward, backward) of a case's name, or None where there is no counterpart."""
    operation, rest = case.split(" ", 1)
    found = re.search(r"\d+(x\d+)+", rest)
    size = [int(n) for n in found.group(0).split("x")] if found else []
    stored = re.search(r"\b(BF16|F16|F32|Q\w+)\b", rest)
    dtype = DTYPES.get(stored.group(1)) if stored else torch.float32
    if dtype is None:
        return None
    if operation == "attention":
        heads, kv_heads, dim = map(int, re.search(r"(\d+)/(\d+) heads of (\d+)", rest).groups())
        past = re.search(r"one query after (\d+)", rest)
        tokens = re.match(r"(\d+) tokens", rest)
        queries, keys = (1, int(past.group(1)) + 1) if past else (int(tokens.group(1)),) * 2
        return attention(queries, keys, heads, kv_heads, dim)
    if operation == "embedding":
        return embedding(int(rest.split()[0]), *size)
    if operation in ("linear", "rmsNorm", "layerNorm"):
        return {"linear": linear, "rmsNorm": rms_norm, "layerNorm": layer_norm}[operation](size, dtype)
    if operation == "activation":
        return activation(rest.split()[0], size)
    if operation == "copyColumns":
        rows, widths = re.match(r"parts (\d+) of (\S+)", rest).groups()
        return columns(int(rows), [int(width) for width in widths.split("+")])
    if operation == "sample":
        temperature, top_k, top_p = re.search(r"temperature (\S+) top-k (\d+) top-p (\S+)", rest).groups()
        return sample(size, float(temperature), int(top_k), float(top_p))
    simple = {"rotary": rotary, "swiGlu": swiglu, "multiply": multiply, "add": add, "crossEntropy": cross_entropy,
              "distillation": distillation, "argMax": arg_max,
              "sumOfSquares": sum_of_squares, "adamW": adamw}
    return simple[operation](size) if operation in simple else None


def stretch(run):
    """Median seconds of a call over a stretch of calls."""
    seconds = []
    end = time.perf_counter() + STRETCH_SECONDS
    while time.perf_counter() < end:
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def measure(line):
    step, case = line.split(" ", 1)
    built = build(case)
    run = None if built is None else built[0 if step == "forward" else 1]
    if run is None:
        return []
    return [stretch(run) for _ in range(STRETCHES + 1)][1:]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, required=True)
    torch.set_num_threads(parser.parse_args().threads)
    print(json.dumps({"ready": True, "peer": f"PyTorch {torch.__version__}"}), flush=True)
    for line in sys.stdin:
        print(json.dumps({"seconds": measure(line.strip())}), flush=True)


if __name__ == "__main__":
    main()
