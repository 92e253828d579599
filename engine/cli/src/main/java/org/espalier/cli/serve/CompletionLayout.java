package org.espalier.cli.serve;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;
import org.espalier.job.TokenTexts;
import org.espalier.job.serve.AnswerListener.Placed;

/**
 * Choices of {@code /v1/completions}.
 *
 * @param texts  of tokens
 * @param scored whether tokens are told with their probabilities
 */
record CompletionLayout(TokenTexts texts, boolean scored) implements Layout {

    @Override
    public String prefix() {
        return "cmpl-";
    }

    @Override
    public String kind(boolean streamed) {
        return "text_completion";
    }

    @Override
    public void whole(ObjectNode choice, String text, List<Placed> tokens) {
        choice.put("text", text);
        if (scored) {
            logprobs(choice.putObject("logprobs"), tokens);
        } else {
            choice.putNull("logprobs");
        }
    }

    @Override
    public Optional<ObjectNode> opening() {
        return Optional.empty();
    }

    @Override
    public void piece(ObjectNode choice, String text, List<Placed> tokens) {
        whole(choice, text, tokens);
    }

    private void logprobs(ObjectNode logprobs, List<Placed> tokens) {
        ArrayNode names = logprobs.putArray("tokens");
        ArrayNode values = logprobs.putArray("token_logprobs");
        ArrayNode likeliest = logprobs.putArray("top_logprobs");
        ArrayNode offsets = logprobs.putArray("text_offset");
        for (Placed token : tokens) {
            names.add(texts.text(token.score().id()));
            offsets.add(token.offset());
            token.score()
                    .logprob()
                    .ifPresentOrElse(
                            value -> {
                                values.add(value);
                                alternatives(likeliest.addObject(), token);
                            },
                            () -> {
                                values.addNull();
                                likeliest.addNull();
                            });
        }
    }

    /** Tokens that look the same, as parts of characters do, are one: the likelier. */
    private void alternatives(ObjectNode likeliest, Placed token) {
        token.score().likeliest().forEach(other -> {
            String name = texts.text(other.id());
            if (!likeliest.has(name)) {
                likeliest.put(name, other.logprob());
            }
        });
        String own = texts.text(token.score().id());
        if (!likeliest.has(own)) {
            likeliest.put(own, token.score().logprob().orElseThrow());
        }
    }
}
