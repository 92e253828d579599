"""Writes blocks.safetensors: random blocks of each GGUF type and what the Python package gguf decodes them to.

Needs: pip install gguf numpy safetensors. Run in this folder.
"""
import numpy as np
from gguf import GGMLQuantizationType as Q, dequantize, quantize
from safetensors.numpy import save_file

# type -> (bytes of a block, blocks, where its float16 scales stand)
TYPES = {
    "Q4_0": (18, 4, [0]), "Q4_1": (20, 4, [0, 2]), "Q5_0": (22, 4, [0]), "Q5_1": (24, 4, [0, 2]), "Q8_0": (34, 4, [0]),
    "Q4_K": (144, 3, [0, 2]), "Q5_K": (176, 3, [0, 2]), "Q6_K": (210, 3, [208]), "F16": (2, 64, [0]), "BF16": (2, 64, []),
}
rng = np.random.default_rng(20240611)
out = {}
for name, (size, blocks, scales) in TYPES.items():
    raw = rng.integers(0, 256, (blocks, size), dtype=np.uint8)
    for at in scales:
        values = rng.normal(0, 0.1, blocks).astype(np.float16)
        values[1] = 3e-6  # subnormal
        raw[:, at:at + 2] = values.view(np.uint8).reshape(blocks, 2)
    if name == "BF16":
        raw[:, 1] = raw[:, 1] & 0x80 | 0x3E
    if name == "F16":
        out["F16.values"] = raw.reshape(-1).view(np.float16).astype(np.float32)
    else:
        out[name + ".values"] = dequantize(raw.reshape(1, -1), Q[name]).astype(np.float32).reshape(-1)
    out[name + ".blocks"] = raw.reshape(-1)

numbers = (rng.normal(0, 1, 128) * 10.0 ** rng.integers(-6, 4, 128)).astype(np.float32)
numbers[32:64] = 0
numbers[:4] = [1 + 2.0 ** -8, 1 + 3 * 2.0 ** -8, -(1 + 2.0 ** -11), 1 + 3 * 2.0 ** -11]  # ties
out["numbers"] = numbers
out["numbers.F16"] = numbers.astype(np.float16).view(np.uint8)
out["numbers.BF16"] = quantize(numbers, Q.BF16).view(np.uint8).reshape(-1)
out["numbers.Q8_0"] = quantize(numbers, Q.Q8_0).view(np.uint8).reshape(-1)
out["numbers.Q4_0"] = quantize(numbers, Q.Q4_0).view(np.uint8).reshape(-1)
out["numbers.Q4_1"] = quantize(numbers, Q.Q4_1).view(np.uint8).reshape(-1)

rng = np.random.default_rng(20261130)
MORE = {"Q2_K": (84, 3, [80, 82]), "Q3_K": (110, 3, [108]), "IQ4_NL": (18, 4, [0]), "IQ4_XS": (136, 3, [0]), "MXFP4": (17, 6, [])}
for name, (size, blocks, scales) in MORE.items():
    raw = rng.integers(0, 256, (blocks, size), dtype=np.uint8)
    for at in scales:
        values = rng.normal(0, 0.1, blocks).astype(np.float16)
        values[1] = 3e-6  # subnormal
        raw[:, at:at + 2] = values.view(np.uint8).reshape(blocks, 2)
    if name == "MXFP4":
        raw[:, 0] = [0, 1, 2, 100, 127, 140]
    out[name + ".values"] = dequantize(raw.reshape(1, -1), Q[name]).astype(np.float32).reshape(-1)
    out[name + ".blocks"] = raw.reshape(-1)
save_file(out, "blocks.safetensors", metadata={"format": "pt"})
