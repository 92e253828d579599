/**
 * Checkpoints in and out: safetensors folders, GGUF files, PEFT adapters, and the one {@link org.espalier.format.ModelWriter}
 * through which every model is written. It knows tensors by name, but nothing of what they are for. {@code model} and what is
 * above it depend on it.
 */
package org.espalier.format;
