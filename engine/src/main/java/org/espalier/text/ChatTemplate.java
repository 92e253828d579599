package org.espalier.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Supplier;
import org.espalier.error.Failure;
import org.espalier.error.Printable;
import org.espalier.template.Rendered;
import org.espalier.template.Template;
import org.espalier.template.TemplateError;

/**
 * How a model wants a conversation written as one text: a Jinja template, rendered as Hugging Face's library does. It sees
 * {@code messages}, {@code tools}, {@code documents}, {@code add_generation_prompt}, the tokenizer's special tokens such as
 * {@code bos_token}, {@code raise_exception} and {@code strftime_now}; lines of blocks leave no blanks or line feeds behind,
 * and no other file is read.
 */
public final class ChatTemplate {

    /**
     * One turn of a conversation.
     *
     * @param role such as {@code system}, {@code user} or {@code assistant}
     */
    public record Message(String role, String content) {}

    /**
     * A part of a text.
     *
     * @param start index of its first character
     * @param end   index after its last
     */
    public record Span(int start, int end) {}

    /**
     * A conversation as one text.
     *
     * @param answers what the template itself marks as the model's own words, in order; empty where it marks nothing
     */
    public record Written(String text, List<Span> answers) {}

    private final Template template;
    private final Map<String, String> tokens;
    private final Supplier<LocalDateTime> clock;

    /**
     * @param source   the template
     * @param bosToken what it sees as {@code bos_token}
     * @param eosToken what it sees as {@code eos_token}
     * @throws Failure if the template is malformed or too large
     */
    public ChatTemplate(String source, String bosToken, String eosToken) {
        this(source, Map.of("bos_token", bosToken, "eos_token", eosToken), Clock::now);
    }

    /**
     * @param tokens what the template sees beside the conversation
     * @param clock  the time that it can ask for
     */
    ChatTemplate(String source, Map<String, String> tokens, Supplier<LocalDateTime> clock) {
        try {
            this.template = Template.parse(source);
        } catch (TemplateError e) {
            throw failure(e);
        }
        this.tokens = Map.copyOf(tokens);
        this.clock = clock;
    }

    /**
     * The template of a model.
     *
     * @param model the folder or file of the tokenizer, where its further special tokens are named
     * @throws Failure if it has none, or it is malformed
     */
    public static ChatTemplate of(Tokenizer tokenizer, Path model) {
        String source = tokenizer
                .chatTemplate()
                .orElseThrow(() -> new Failure(
                        "the model has no chat template",
                        model.toString(),
                        "use it without a conversation, or put a chat_template.jinja beside it"));
        Map<String, String> tokens = new HashMap<>(SpecialTokens.beside(model));
        tokenizer.bosToken().ifPresent(token -> tokens.put("bos_token", token));
        tokenizer.eosToken().ifPresent(token -> tokens.put("eos_token", token));
        return new ChatTemplate(source, tokens, Clock::now);
    }

    /**
     * The text of a conversation.
     *
     * @param addGenerationPrompt whether the text ends with the beginning of an answer
     * @throws Failure if the template cannot be rendered, or refuses these messages
     */
    public String render(List<Message> messages, boolean addGenerationPrompt) {
        return write(messages, addGenerationPrompt).text();
    }

    /** As {@link #render(List, boolean)}, with where the model's own words are. */
    public Written write(List<Message> messages, boolean addGenerationPrompt) {
        List<Map<String, String>> turns = new ArrayList<>();
        for (Message message : messages) {
            SequencedMap<String, String> turn = new LinkedHashMap<>();
            turn.put("role", message.role());
            turn.put("content", message.content());
            turns.add(turn);
        }
        Rendered rendered = render(Map.of("messages", turns, "add_generation_prompt", addGenerationPrompt));
        return new Written(
                rendered.text(),
                rendered.generated().stream()
                        .map(span -> new Span(span.start(), span.end()))
                        .toList());
    }

    /**
     * The text of what a document holds: {@code messages} and whatever else the template reads.
     *
     * @throws Failure if the template cannot be rendered, or refuses it
     */
    public String render(ObjectNode document) {
        Map<String, Object> variables = new LinkedHashMap<>();
        document.properties().forEach(e -> variables.put(e.getKey(), value(e.getValue())));
        return render(variables).text();
    }

    private Rendered render(Map<String, ?> given) {
        Map<String, Object> variables = new HashMap<>(tokens);
        variables.put("tools", null);
        variables.put("documents", null);
        variables.put("add_generation_prompt", false);
        variables.putAll(given);
        try {
            return template.render(variables, clock.get());
        } catch (TemplateError e) {
            throw failure(e);
        }
    }

    private static Object value(JsonNode node) {
        return switch (node.getNodeType()) {
            case NULL, MISSING -> null;
            case BOOLEAN -> node.booleanValue();
            case NUMBER -> node.isIntegralNumber() ? node.bigIntegerValue() : (Object) node.doubleValue();
            case ARRAY -> {
                List<Object> items = new ArrayList<>();
                node.forEach(item -> items.add(value(item)));
                yield items;
            }
            case OBJECT -> {
                Map<String, Object> map = new LinkedHashMap<>();
                node.properties().forEach(e -> map.put(e.getKey(), value(e.getValue())));
                yield map;
            }
            default -> node.asText();
        };
    }

    private static Failure failure(TemplateError error) {
        String place = error.line() > 0 ? "chat template, line " + error.line() : "chat template";
        if (error.isRefusal()) {
            return new Failure(
                    "the chat template refuses the conversation: " + message(error), place, "change the messages");
        }
        return new Failure(
                "chat template cannot be rendered: " + message(error),
                place,
                "correct the template, or use the model without a conversation",
                error);
    }

    /** On one line, as {@link Printable#cell} has it; a message may be laid out over several. */
    private static String message(TemplateError error) {
        return Printable.cell(error.getMessage().strip().replaceAll("\\s", " "));
    }
}
