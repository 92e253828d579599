package org.espalier.tune;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.espalier.error.Failure;
import org.espalier.text.ChatTemplate.Message;

/** Reads the messages of a JSON record. */
final class Conversation {

    /** What ShareGPT's files have instead of {@code messages}. */
    private static final String SHARE_GPT = "conversations";
    /** Their names of who speaks, and those of chat templates. */
    private static final Map<String, String> ROLES = Map.of(
            "human",
            "user",
            "user",
            "user",
            "gpt",
            "assistant",
            "chatgpt",
            "assistant",
            "assistant",
            "assistant",
            "system",
            "system");

    private Conversation() {}

    /**
     * Messages of {@code role} and {@code content}, or ShareGPT's {@code conversations} of {@code from} and {@code value}.
     *
     * @param field of the record that has them
     * @param place of the record, for messages
     * @throws Failure if there are none, or one has not the right form
     */
    static List<Message> of(ObjectNode node, String field, String place) {
        boolean shareGpt = !node.has(field) && node.has(SHARE_GPT);
        List<Message> messages = new ArrayList<>();
        for (JsonNode message : node.path(shareGpt ? SHARE_GPT : field)) {
            if (!(message instanceof ObjectNode object)) {
                throw new Failure("a message is not a JSON object", place, "give each a role and a content");
            }
            // A field of another name may hold either form.
            messages.add(object.has("from") && !object.has("role") ? shareGpt(object, place) : usual(object, place));
        }
        if (messages.isEmpty()) {
            throw missing(field, place);
        }
        return messages;
    }

    private static Message usual(ObjectNode message, String place) {
        return new Message(text(message, "role", place), text(message, "content", place));
    }

    private static Message shareGpt(ObjectNode message, String place) {
        String from = text(message, "from", place);
        String role = ROLES.get(from);
        if (role == null) {
            throw new Failure(
                    "a message is from '" + from + "'",
                    place,
                    "human, gpt and system are known: rename it, or give messages of role and content");
        }
        return new Message(role, text(message, "value", place));
    }

    /** The text under a key. */
    static String text(ObjectNode node, String key, String place) {
        JsonNode value = node.path(key);
        if (!value.isTextual()) {
            throw missing(key, place);
        }
        return value.textValue();
    }

    private static Failure missing(String key, String place) {
        return new Failure(
                "there is no text under '" + key + "'",
                place,
                "name the field that has it with --fields, or choose another --format (engine tune --help has them)");
    }
}
