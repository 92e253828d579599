package org.espalier.cli.serve;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.espalier.file.Json;
import org.espalier.job.TokenTexts;
import org.espalier.job.serve.AnswerListener.Placed;

/**
 * Choices of {@code /v1/chat/completions}.
 *
 * @param texts  of tokens
 * @param scored whether tokens are told with their probabilities
 */
record ChatLayout(TokenTexts texts, boolean scored) implements Layout {

    private static final String PART_OF_A_CHARACTER = "\uFFFD";

    @Override
    public String prefix() {
        return "chatcmpl-";
    }

    @Override
    public String kind(boolean streamed) {
        return streamed ? "chat.completion.chunk" : "chat.completion";
    }

    @Override
    public void whole(ObjectNode choice, String text, List<Placed> tokens) {
        choice.putObject("message")
                .put("role", "assistant")
                .put("content", text)
                .putNull("refusal");
        logprobs(choice, tokens);
    }

    @Override
    public Optional<ObjectNode> opening() {
        ObjectNode choice = Json.object();
        choice.putObject("delta").put("role", "assistant").put("content", "");
        choice.putNull("logprobs");
        return Optional.of(choice);
    }

    @Override
    public void piece(ObjectNode choice, String text, List<Placed> tokens) {
        ObjectNode delta = choice.putObject("delta");
        if (!text.isEmpty() || !tokens.isEmpty()) {
            delta.put("content", text);
        }
        logprobs(choice, tokens);
    }

    private void logprobs(ObjectNode choice, List<Placed> tokens) {
        if (!scored) {
            choice.putNull("logprobs");
            return;
        }
        ObjectNode logprobs = choice.putObject("logprobs");
        ArrayNode content = logprobs.putArray("content");
        for (Placed token : tokens) {
            ObjectNode written = content.addObject();
            token(written, token.score().id(), token.score().logprob().orElseThrow());
            ArrayNode likeliest = written.putArray("top_logprobs");
            token.score().likeliest().forEach(other -> token(likeliest.addObject(), other.id(), other.logprob()));
        }
        logprobs.putNull("refusal");
    }

    private void token(ObjectNode written, int id, double logprob) {
        String text = texts.text(id);
        written.put("token", text).put("logprob", logprob);
        if (text.contains(PART_OF_A_CHARACTER)) {
            written.putNull("bytes");
            return;
        }
        ArrayNode bytes = written.putArray("bytes");
        for (byte each : text.getBytes(StandardCharsets.UTF_8)) {
            bytes.add(Byte.toUnsignedInt(each));
        }
    }
}
