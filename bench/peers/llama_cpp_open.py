#!/usr/bin/env python3
"""Opens in any build of llama.cpp the GGUF files that are written here, and compares logits with those of the float64 reference.

    llama_cpp_open.py --library FOLDER MODEL...
    llama_cpp_open.py --library FOLDER --text FILE MODEL.gguf...

FOLDER holds the shared libraries of a build of llama.cpp (libllama, libggml and its CPU backends), such as one made from its sources
or the folder bins/linux-x64 of the npm package @node-llama-cpp/linux-x64; or libjllama.so of de.kherud:llama alone. Each MODEL is
written in float32, and read token by token with the key/value cache of 16 bits that llama.cpp has by default. Exits with 1 where
logits differ by more than the tolerance, of the largest one. With --text, MODEL is a GGUF file as it is, and the perplexities of the
text's first tokens stand beside each other.
"""
import argparse
import ctypes
import json
import pathlib
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOKENS = 24
CONTEXT, BATCH, MICRO_BATCH = 512, 2048, 512


class Parameters(ctypes.Structure):
    """Any of the structs of parameters: they differ from build to build behind what is asked for here, and none is larger."""

    _fields_ = [("numbers", ctypes.c_uint32 * 128)]


class Batch(ctypes.Structure):
    _fields_ = [("tokens", ctypes.c_int32), ("pointers", ctypes.c_void_p * 7)]


class LlamaCpp:
    def __init__(self, folder):
        def load(name):
            found = sorted(folder.glob(f"{name}*.so*"))
            if not found:
                sys.exit(f"llama_cpp_open: {folder} has no {name}: name the folder of a build's shared libraries")
            return ctypes.CDLL(str(found[0]), mode=ctypes.RTLD_GLOBAL)

        if (folder / "libjllama.so").exists():
            self.llama = load("libjllama")
        else:
            load("libggml-base")
            load("libggml.").ggml_backend_load_all_from_path(str(folder).encode())
            self.llama = load("libllama.")
        self.llama.llama_backend_init()
        self.quiet = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)(lambda level, text, data: None)
        self.llama.llama_log_set(self.quiet, None)
        for name, result, arguments in (
            ("llama_model_default_params", Parameters, []),
            ("llama_context_default_params", Parameters, []),
            ("llama_model_load_from_file", ctypes.c_void_p, [ctypes.c_char_p, Parameters]),
            ("llama_init_from_model", ctypes.c_void_p, [ctypes.c_void_p, Parameters]),
            ("llama_batch_get_one", Batch, [ctypes.c_void_p, ctypes.c_int32]),
            ("llama_decode", ctypes.c_int32, [ctypes.c_void_p, Batch]),
            ("llama_get_logits_ith", ctypes.POINTER(ctypes.c_float), [ctypes.c_void_p, ctypes.c_int32]),
            ("llama_free", None, [ctypes.c_void_p]),
            ("llama_model_free", None, [ctypes.c_void_p]),
        ):
            function = getattr(self.llama, name)
            function.restype, function.argtypes = result, arguments

    def logits(self, file, ids, vocabulary):
        """A row for each token; None where the file is not opened."""
        llama = self.llama
        model = llama.llama_model_load_from_file(str(file).encode(), llama.llama_model_default_params())
        if not model:
            return None
        parameters = llama.llama_context_default_params()
        if tuple(parameters.numbers[:3]) != (CONTEXT, BATCH, MICRO_BATCH):
            sys.exit("llama_cpp_open: this build has other parameters of a context")
        parameters.numbers[0] = max(CONTEXT, len(ids))
        context = llama.llama_init_from_model(model, parameters)
        rows = []
        for token in ids:
            one = (ctypes.c_int32 * 1)(token)
            if llama.llama_decode(context, llama.llama_batch_get_one(one, 1)) != 0:
                sys.exit("llama_cpp_open: llama_decode failed")
            row = ctypes.cast(llama.llama_get_logits_ith(context, -1), ctypes.POINTER(ctypes.c_float * vocabulary)).contents
            rows.append(torch.frombuffer(bytearray(row), dtype=torch.float32))
        llama.llama_free(context)
        llama.llama_model_free(model)
        return torch.stack(rows)


def engine(program, *arguments):
    return subprocess.run([program, *map(str, arguments)], check=True, stdout=subprocess.PIPE, text=True).stdout


def ours(program, model, ids, folder, *options):
    out = folder / "logits.safetensors"
    engine(program, "logits", model, "--ids", ",".join(map(str, ids)), "--out", out, *options)
    return load_file(out)["logits"]


def perplexity(logits, ids):
    return torch.nn.functional.cross_entropy(logits[:-1].double(), torch.tensor(ids[1:])).exp().item()


def compare_texts(arguments, program, folder):
    text = arguments.text.read_text()[: 8 * arguments.tokens]
    print("| model | tokens | perplexity here | in llama.cpp | ratio |\n|---|--:|--:|--:|--:|")
    for model in arguments.models:
        ids = json.loads(engine(arguments.engine, "tokenize", model, "--text", text, "--json"))["ids"][: arguments.tokens]
        here = ours(arguments.engine, model, ids, folder, "--force")
        there = program.logits(model, ids, here.shape[1])
        a, b = perplexity(here, ids), perplexity(there, ids)
        print(f"| {model.name} | {len(ids)} | {a:.4f} | {b:.4f} | {b / a:.5f} |", flush=True)


def compare_logits(arguments, program, folder):
    ids = torch.randint(3, 60, (TOKENS,), generator=torch.Generator().manual_seed(1)).tolist()
    print("| model | largest difference |\n|---|--:|")
    failed = False
    for model in arguments.models:
        file = folder / "model.gguf"
        engine(arguments.engine, "convert", model, "--dtype", "f32", "--out", file, "--force")
        expected = ours(arguments.engine, model, ids, folder, "--force", "--backend", "reference")
        actual = program.logits(file, ids, expected.shape[1])
        largest = float("inf") if actual is None else ((expected - actual).abs().max() / expected.abs().max()).item()
        failed |= not largest <= arguments.tolerance
        shown = "not opened" if actual is None else f"{largest:.1e}"
        print(f"| {model.parent.name}/{model.name} | {shown} |", flush=True)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=pathlib.Path)
    parser.add_argument("--library", type=pathlib.Path, required=True, help="the folder of a build's shared libraries")
    parser.add_argument("--text", type=pathlib.Path, help="a text whose perplexity is computed")
    parser.add_argument("--tokens", type=int, default=1024, help="of the text")
    parser.add_argument("--tolerance", type=float, default=5e-3, help="of logits, of the largest one")
    parser.add_argument("--engine", default=str(ROOT / "tools/engine"), help="the program (default: tools/engine of this checkout)")
    arguments = parser.parse_args()
    program = LlamaCpp(arguments.library.resolve())
    with tempfile.TemporaryDirectory() as name:
        sys.exit((compare_texts if arguments.text else compare_logits)(arguments, program, pathlib.Path(name)))


if __name__ == "__main__":
    main()
