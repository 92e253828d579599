package org.espalier.fuzz;

import java.nio.file.Path;
import java.util.List;
import org.espalier.text.TriedTokenizer;

/** A tokenizer in Hugging Face's files: all that is checked before the library gets it. */
final class TokenizerTarget implements Target {

    @Override
    public String name() {
        return "tokenizer";
    }

    @Override
    public List<Input> seeds() {
        return TokenizerSeeds.all();
    }

    @Override
    public void read(Path folder, Input input) {
        TriedTokenizer.check(folder);
    }
}
