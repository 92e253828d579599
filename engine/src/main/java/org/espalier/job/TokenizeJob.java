package org.espalier.job;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.espalier.text.ChatTemplate;
import org.espalier.text.Tokenizer;

/** Turns a text or a conversation into token ids. */
public final class TokenizeJob {

    /**
     * A text's tokens.
     *
     * @param ids  of the text
     * @param text that they give again, or that was made of a conversation
     */
    public record Result(int[] ids, String text) {}

    private final boolean special;

    /** @param special whether to add what the tokenizer puts around a text, such as a begin token */
    public TokenizeJob(boolean special) {
        this.special = special;
    }

    /**
     * Tokenizes.
     *
     * @param model a checkpoint folder or a GGUF file
     * @throws org.espalier.error.Failure if it has no tokenizer, or not one that is known
     */
    public Result run(Path model, String text) {
        try (Tokenizer tokenizer = Tokenizer.open(model)) {
            int[] ids = tokenizer.encode(text, special);
            return new Result(ids, tokenizer.decode(ids, false));
        }
    }

    /**
     * Writes a conversation by the model's chat template and tokenizes that; the template writes the special tokens.
     *
     * @param model        a checkpoint folder or a GGUF file
     * @param conversation a file with a JSON object: {@code messages}, and whatever else the template reads
     * @return the tokens, and the text that the template made
     * @throws Failure if there is no template, or it refuses the conversation
     */
    public Result runConversation(Path model, Path conversation) {
        ObjectNode document = Json.readObject(conversation);
        if (!document.path("messages").isArray()) {
            throw new Failure(
                    "there are no messages", conversation.toString(), "write them as an array under 'messages'");
        }
        try (Tokenizer tokenizer = Tokenizer.open(model)) {
            String text = ChatTemplate.of(tokenizer, model).render(document);
            return new Result(tokenizer.encode(text, false), text);
        }
    }
}
