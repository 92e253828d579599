package org.espalier.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collections;
import java.util.Map;
import java.util.WeakHashMap;

/** What readers look at first, as plainly as it can be said. */
public final class FirstChecks {

    private static final int GGUF_HEADER = 24;

    /** Contents by identity: of an input's files all but one are those of another input. */
    @SuppressWarnings("UndefinedEquals") // arrays are equal to themselves alone, which is what is wanted here
    private static final Map<byte[], Boolean> OBJECTS = Collections.synchronizedMap(new WeakHashMap<>());

    private FirstChecks() {}

    /** Whether a file is a JSON object. */
    public static boolean isJsonObject(Input input, String name) {
        return OBJECTS.computeIfAbsent(input.file(name), content -> JsonMutator.tree(content) instanceof ObjectNode);
    }

    /** Whether a safetensors file has a header, and that is a JSON object. */
    static boolean isSafetensors(Input input, String name) {
        byte[] header = SafetensorsMutator.header(input.file(name));
        JsonNode tree = header == null ? null : JsonMutator.tree(header);
        return tree != null && tree.isObject();
    }

    /** Whether a file begins as GGUF of a version that can be read does. */
    static boolean isGguf(Input input, String name) {
        byte[] content = input.file(name);
        return content.length >= GGUF_HEADER
                && content[0] == 'G'
                && content[1] == 'G'
                && content[2] == 'U'
                && content[3] == 'F'
                && (content[4] == 2 || content[4] == 3)
                && content[5] == 0
                && content[6] == 0
                && content[7] == 0;
    }
}
