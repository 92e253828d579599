package org.espalier.text;

import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.el.ext.ExtendedParser;
import com.hubspot.jinjava.interpret.Context;
import com.hubspot.jinjava.interpret.RenderResult;
import com.hubspot.jinjava.interpret.TemplateError;
import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.espalier.error.Failure;
import org.espalier.file.Printable;

/**
 * How a model wants a conversation written as one text: a Jinja template, rendered as Hugging Face's library does. It sees
 * {@code messages}, {@code add_generation_prompt}, {@code bos_token}, {@code eos_token} and {@code raise_exception};
 * lines of blocks leave no blanks or line feeds behind, and no other file is read.
 */
public final class ChatTemplate {

    /**
     * One turn of a conversation.
     *
     * @param role such as {@code system}, {@code user} or {@code assistant}
     */
    public record Message(String role, String content) {}

    private static final Pattern BLOCK = Pattern.compile("\\{%[-+]?\\s*([^%]*)%\\}");
    private static final int LONGEST_LINE = 200;
    private static final long LARGEST_OUTPUT = 64L << 20;
    private static final int LONGEST_SOURCE = 1 << 20;
    /** The interpreter's time grows with the third power of how deep brackets are nested. */
    private static final int DEEPEST_BRACKETS = 200;

    private final String source;
    private final Map<String, String> tokens;
    private final Jinjava jinja;

    /**
     * @param source   the template
     * @param bosToken what it sees as {@code bos_token}
     * @param eosToken what it sees as {@code eos_token}
     * @throws Failure if the template is too large, or its brackets are nested too deeply
     */
    public ChatTemplate(String source, String bosToken, String eosToken) {
        requireReasonable(source);
        // Jinja ignores one line feed at the end of a template.
        this.source = source.endsWith("\n") ? source.substring(0, source.length() - 1) : source;
        this.tokens = Map.of("bos_token", bosToken, "eos_token", eosToken);
        this.jinja = jinja();
    }

    /**
     * The template of a tokenizer.
     *
     * @throws Failure if it has none
     */
    public static ChatTemplate of(Tokenizer tokenizer, String place) {
        String source = tokenizer
                .chatTemplate()
                .orElseThrow(() -> new Failure(
                        "the model has no chat template",
                        place,
                        "use it without a conversation, or put a chat_template.jinja beside it"));
        return new ChatTemplate(
                source, tokenizer.bosToken().orElse(""), tokenizer.eosToken().orElse(""));
    }

    /**
     * The text of a conversation.
     *
     * @param addGenerationPrompt whether the text ends with the beginning of an answer
     * @throws Failure if the template cannot be rendered, or refuses these messages
     */
    public String render(List<Message> messages, boolean addGenerationPrompt) {
        Map<String, Object> variables = new HashMap<>(tokens);
        variables.put(
                "messages",
                messages.stream()
                        .map(m -> Map.of("role", m.role(), "content", m.content()))
                        .toList());
        variables.put("add_generation_prompt", addGenerationPrompt);
        try {
            RenderResult result = jinja.renderForResult(source, variables);
            if (!result.getErrors().isEmpty()) {
                throw failure(result.getErrors().getFirst());
            }
            requireKnown(result.getContext());
            return result.getOutput();
        } catch (StackOverflowError e) {
            throw failure("it is nested too deeply", "chat template");
        }
    }

    /** Called from templates: {@code raise_exception('roles must alternate')}. */
    public static String raiseException(String message) {
        throw new Refusal(message);
    }

    private static final class Refusal extends RuntimeException {

        private static final long serialVersionUID = 1L;

        Refusal(String message) {
            super(message);
        }
    }

    /** The interpreter takes an unknown filter or test for one that gives nothing. */
    private static void requireKnown(Context context) {
        for (String value : context.getResolvedValues()) {
            boolean filter = value.startsWith(ExtendedParser.FILTER_PREFIX);
            boolean test = value.startsWith(ExtendedParser.EXPTEST_PREFIX);
            String name = value.substring(value.indexOf(':') + 1);
            if (filter && context.getFilter(name) == null || test && context.getExpTest(name) == null) {
                throw failure(
                        "there is no " + (filter ? "filter " : "test ") + Printable.quoted(name), "chat template");
            }
        }
    }

    private static void requireReasonable(String source) {
        if (source.length() > LONGEST_SOURCE) {
            throw failure("it has " + source.length() + " characters", "chat template");
        }
        if (BLOCK.matcher(source).results().anyMatch(block -> isFilteredLoop(block.group(1)))) {
            throw failure("it has a loop with a condition", "chat template");
        }
        int depth = 0;
        for (int i = 0; i < source.length(); i++) {
            switch (source.charAt(i)) {
                case '(', '[', '{' -> depth++;
                case ')', ']', '}' -> depth = Math.max(0, depth - 1);
                default -> {}
            }
            if (depth > DEEPEST_BRACKETS) {
                throw failure("its brackets are nested too deeply", "chat template, character " + (i + 1));
            }
        }
    }

    /** {@code for x in list if condition}, whose condition the interpreter would ignore. */
    private static boolean isFilteredLoop(String block) {
        List<String> words = List.of(block.split("[\\s()]+"));
        return words.getFirst().equals("for") && words.contains("if") && !words.contains("else");
    }

    private static Jinjava jinja() {
        LegacyOverrides likePython = LegacyOverrides.newBuilder()
                .withEvaluateMapKeys(true)
                .withIterateOverMapKeys(true)
                .withUsePyishObjectMapper(true)
                .withUseNaturalOperatorPrecedence(true)
                .withParseWhitespaceControlStrictly(true)
                .withAllowAdjacentTextNodes(true)
                .withUseTrimmingForNotesAndExpressions(true)
                .withKeepNullableLoopValues(true)
                .withHandleBackslashInQuotesOnly(true)
                .build();
        Jinjava jinja = new Jinjava(JinjavaConfig.newBuilder()
                .withTrimBlocks(true)
                .withLstripBlocks(true)
                .withKeepTrailingNewline(true)
                // What a message says is never itself a template.
                .withNestedInterpretationEnabled(false)
                .withMaxOutputSize(LARGEST_OUTPUT)
                .withDisabled(Map.of(Context.Library.TAG, Set.of("include", "import", "from", "extends")))
                .withElResolver(ChatTemplateStrings.resolver())
                .withLegacyOverrides(likePython)
                .build());
        jinja.registerFunction(
                new ELFunctionDefinition("", "raise_exception", ChatTemplate.class, "raiseException", String.class));
        return jinja;
    }

    private static Failure failure(TemplateError error) {
        String place = "chat template, line " + error.getLineno();
        for (Throwable cause = error.getException(); cause != null; cause = cause.getCause()) {
            if (cause instanceof Refusal refusal) {
                return new Failure(
                        "the chat template refuses the conversation: " + shorten(refusal.getMessage()),
                        place,
                        "change the messages");
            }
        }
        return failure(error.getMessage(), place);
    }

    private static Failure failure(String complaint, String place) {
        return new Failure(
                "chat template cannot be rendered: " + shorten(complaint),
                place,
                "correct the template, or use the model without a conversation");
    }

    private static String shorten(String text) {
        String line = text.strip().replaceAll("\\s+", " ");
        return line.length() > LONGEST_LINE ? line.substring(0, LONGEST_LINE) + "…" : line;
    }
}
