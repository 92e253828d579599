package org.espalier.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.LongSupplier;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.espalier.job.serve.CompletionService;

/** Reads what {@code /v1/chat/completions} is asked for. */
final class ChatCall {

    private final CompletionService service;
    private final LongSupplier seeds;

    ChatCall(CompletionService service, LongSupplier seeds) {
        this.service = service;
        this.seeds = seeds;
    }

    Call read(Parameters parameters) {
        Wishes wishes = Wishes.of(parameters, seeds);
        OptionalInt alternatives = alternatives(parameters);
        OptionalInt asked = mostTokens(parameters);
        ObjectNode conversation = conversation(parameters);
        refuseWhatIsMissing(parameters);
        parameters.requireNoOthers();
        int[] prompt = tokens(conversation);
        int most = asked.orElse(service.context() - prompt.length);
        if (most < 1 || (long) prompt.length + most > service.context()) {
            throw ApiError.tooLong(
                    "messages",
                    "%d tokens of messages and %d new ones do not fit the context of %d: shorten them or ask for less"
                            .formatted(prompt.length, Math.max(1, most), service.context()));
        }
        return new Call(
                wishes.questions(prompt, most, alternatives, Optional.empty()),
                prompt.length,
                wishes.streamed(),
                wishes.usageAtEnd(),
                new ChatLayout(service.texts(), alternatives.isPresent()));
    }

    private static OptionalInt alternatives(Parameters parameters) {
        boolean scored = parameters.flag("logprobs");
        OptionalInt likeliest = parameters.whole("top_logprobs", 0, Wishes.MOST_ALTERNATIVES);
        if (likeliest.isPresent() && !scored) {
            throw ApiError.invalid("top_logprobs", "'top_logprobs' goes with 'logprobs': true");
        }
        return scored ? OptionalInt.of(likeliest.orElse(0)) : OptionalInt.empty();
    }

    private static OptionalInt mostTokens(Parameters parameters) {
        OptionalInt current = parameters.whole("max_completion_tokens", 1, Integer.MAX_VALUE);
        OptionalInt former = parameters.whole("max_tokens", 1, Integer.MAX_VALUE);
        if (current.isPresent() && former.isPresent() && current.getAsInt() != former.getAsInt()) {
            throw ApiError.invalid("max_tokens", "'max_tokens' and 'max_completion_tokens' differ: give one of them");
        }
        return current.isPresent() ? current : former;
    }

    private static void refuseWhatIsMissing(Parameters parameters) {
        for (String tools : new String[] {"tools", "functions"}) {
            parameters.requireNothing(tools, "calls of tools are not read out of answers");
        }
        for (String choice : new String[] {"tool_choice", "function_call"}) {
            requireOnly(parameters, choice, "none", "auto");
        }
        parameters.ignore("parallel_tool_calls");
        parameters.inside("response_format").ifPresent(format -> requireOnly(format, "type", "text"));
        parameters.value("modalities").ifPresent(kinds -> {
            if (!kinds.isArray() || kinds.size() != 1 || !kinds.get(0).asText().equals("text")) {
                throw ApiError.unsupported("modalities", "'modalities' other than text are not supported");
            }
        });
        for (String other :
                new String[] {"audio", "prediction", "web_search_options", "reasoning_effort", "verbosity"}) {
            parameters.requireNothing(other, "leave it out");
        }
    }

    private static void requireOnly(Parameters parameters, String name, String... possible) {
        parameters.value(name).ifPresent(value -> {
            for (String each : possible) {
                if (value.asText().equals(each)) {
                    return;
                }
            }
            throw ApiError.unsupported(name, "'%s' can only be %s here".formatted(name, String.join(" or ", possible)));
        });
    }

    /** What the chat template sees. */
    private static ObjectNode conversation(Parameters parameters) {
        JsonNode messages = parameters
                .value("messages")
                .orElseThrow(() -> ApiError.invalid("messages", "'messages' is missing: give the conversation"));
        Parameters.require(messages.isArray() && !messages.isEmpty(), "messages", "a list of at least one message");
        ObjectNode conversation = Json.object();
        ArrayNode turns = conversation.putArray("messages");
        messages.forEach(message -> turns.add(turn(message)));
        conversation.put("add_generation_prompt", true);
        return conversation;
    }

    /** A message with its parts made one text. */
    private static ObjectNode turn(JsonNode message) {
        Parameters.require(
                message.isObject() && message.path("role").isTextual(),
                "messages",
                "objects with 'role' and 'content'");
        ObjectNode turn = ((ObjectNode) message).deepCopy();
        JsonNode content = turn.path("content");
        if (content.isArray()) {
            StringBuilder text = new StringBuilder();
            content.forEach(part -> text.append(part(part)));
            turn.put("content", text.toString());
        } else if (!content.isTextual()) {
            throw ApiError.invalid("messages", "the 'content' of a message must be a text or a list of parts");
        }
        return turn;
    }

    private static String part(JsonNode part) {
        if (!part.path("type").asText().equals("text") || !part.path("text").isTextual()) {
            throw ApiError.unsupported("messages", "parts of messages that are not of type 'text' are not supported");
        }
        return part.path("text").textValue();
    }

    private int[] tokens(ObjectNode conversation) {
        try {
            return service.encode(conversation);
        } catch (Failure e) {
            throw ApiError.invalid("messages", e.oneLine());
        }
    }
}
