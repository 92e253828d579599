package org.espalier.file;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.reflect.RecordComponent;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads records from JSON where a component that is itself a record may stand in its place ({@link JsonUnwrapped}): Jackson
 * then passes over keys that it does not know, which are refused here as they are everywhere else.
 */
public final class Records {

    /** The keys of a record in their order, each with the type of its component: reflection is slow, and done once. */
    private static final ClassValue<Map<String, Class<?>>> KEYS = new ClassValue<>() {
        @Override
        protected Map<String, Class<?>> computeValue(Class<?> type) {
            Map<String, Class<?>> known = new LinkedHashMap<>();
            collect(type, known);
            return Collections.unmodifiableMap(known);
        }
    };

    private Records() {}

    /**
     * The record that an object holds.
     *
     * @throws JsonProcessingException if it is none, or holds something else as well
     */
    public static <T extends Record> T read(ObjectMapper mapper, ObjectNode tree, Class<T> type)
            throws JsonProcessingException {
        requireKnown(tree, type);
        return mapper.treeToValue(tree, type);
    }

    private static void requireKnown(ObjectNode tree, Class<?> type) throws JsonProcessingException {
        Map<String, Class<?>> known = KEYS.get(type);
        for (Map.Entry<String, JsonNode> entry : tree.properties()) {
            String key = entry.getKey();
            if (!known.containsKey(key)) {
                throw UnrecognizedPropertyException.from(tree.traverse(), type, key, List.copyOf(known.keySet()));
            }
            if (known.get(key).isRecord() && entry.getValue() instanceof ObjectNode inner) {
                requireKnown(inner, known.get(key));
            }
        }
    }

    private static void collect(Class<?> type, Map<String, Class<?>> known) {
        for (RecordComponent component : type.getRecordComponents()) {
            if (component.getAccessor().isAnnotationPresent(JsonUnwrapped.class)) {
                collect(component.getType(), known);
            } else {
                JsonProperty property = component.getAccessor().getAnnotation(JsonProperty.class);
                known.put(property == null ? component.getName() : property.value(), component.getType());
            }
        }
    }
}
