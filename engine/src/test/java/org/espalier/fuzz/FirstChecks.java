package org.espalier.fuzz;

import com.fasterxml.jackson.databind.JsonNode;

/** What readers look at first, as plainly as it can be said. */
final class FirstChecks {

    private static final int GGUF_HEADER = 24;

    private FirstChecks() {}

    /** Whether a file is a JSON object. */
    static boolean isJsonObject(Input input, String name) {
        JsonNode tree = JsonMutator.tree(input.file(name));
        return tree != null && tree.isObject();
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
