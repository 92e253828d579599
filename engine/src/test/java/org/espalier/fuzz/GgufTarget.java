package org.espalier.fuzz;

import java.nio.file.Path;
import java.util.List;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.GgufBuilder;
import org.espalier.model.ModelCheckpoint;
import org.espalier.text.TokenizerFiles;

/** A GGUF file: its header, the tokenizer in it, and the model that it is. */
final class GgufTarget implements Target {

    private static final String FILE = "model.gguf";

    @Override
    public String name() {
        return "gguf";
    }

    @Override
    public List<Input> seeds() {
        GgufBuilder words = GgufBuilder.tinyLlama("llama")
                .putString("tokenizer.ggml.model", "gpt2")
                .putString("tokenizer.ggml.pre", "llama-bpe")
                .putStrings("tokenizer.ggml.tokens", "<s>", "a", "b", "ab", "</s>")
                .putStrings("tokenizer.ggml.merges", "a b")
                .putInts("tokenizer.ggml.token_type", 3, 1, 1, 1, 3)
                .put("tokenizer.ggml.eos_token_id", GgufBuilder.UINT32, 4)
                .put("tokenizer.ggml.add_bos_token", GgufBuilder.BOOL, 1)
                .putString("tokenizer.chat_template", "{{ messages }}");
        GgufBuilder pieces = GgufBuilder.tinyLlama("llama")
                .putString("tokenizer.ggml.model", "llama")
                .putStrings("tokenizer.ggml.tokens", "<unk>", "<s>", "\u2581", "a", "\u2581a")
                .putArray("tokenizer.ggml.scores", GgufBuilder.FLOAT32, 5, new byte[20])
                .putInts("tokenizer.ggml.token_type", 2, 3, 1, 1, 1);
        return List.of(
                Input.of(FILE, GgufBuilder.tinyLlama("llama").build()),
                Input.of(FILE, words.build()),
                Input.of(FILE, pieces.build()));
    }

    @Override
    public boolean passesFirstCheck(Input input) {
        return FirstChecks.isGguf(input, FILE);
    }

    @Override
    public long mostBytes(Input input) {
        return BYTES_OF_LAYERS;
    }

    @Override
    public void read(Path folder, Input input) {
        Path file = folder.resolve(FILE);
        Checkpoint checkpoint = Checkpoints.open(file);
        try {
            TokenizerFiles.of(file, checkpoint);
            ModelCheckpoint.of(checkpoint);
        } finally {
            checkpoint.close();
        }
    }
}
