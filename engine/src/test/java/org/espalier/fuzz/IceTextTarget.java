package org.espalier.fuzz;

import java.nio.file.Path;
import java.util.List;
import org.espalier.text.SmallTokenizer;
import org.espalier.text.TriedTokenizer;

/** ChatGLM-6B's ice_text.model with a table of characters, without the library. */
final class IceTextTarget implements Target {

    private static final String FILE = "ice_text.model";

    @Override
    public String name() {
        return "ice-text";
    }

    @Override
    public List<Input> seeds() {
        String settings = "{\"num_image_tokens\": 3, \"tokenizer_class\": \"ChatGLMTokenizer\"}";
        return List.of(
                Input.of(FILE, SmallTokenizer.normalised(SmallTokenizer.iceText("the then", 2)))
                        .with(TokenizerSeeds.CONFIG, settings),
                Input.of(FILE, SmallTokenizer.iceText("the then", 1)).with(TokenizerSeeds.CONFIG, settings));
    }

    @Override
    public boolean passesFirstCheck(Input input) {
        return SentencePieceTarget.beginsWithAPiece(input.file(FILE))
                && FirstChecks.isJsonObject(input, TokenizerSeeds.CONFIG);
    }

    @Override
    public void read(Path folder, Input input) {
        TriedTokenizer.check(folder);
    }
}
