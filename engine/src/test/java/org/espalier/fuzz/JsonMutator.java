package org.espalier.fuzz;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ContainerNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/** Changes values, keys and the structure of a JSON document; now and then its bytes. */
final class JsonMutator implements Mutator {

    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build();
    private static final ObjectWriter ESCAPING = MAPPER.writer().with(JsonWriteFeature.ESCAPE_NON_ASCII);
    private static final int MOST_COPIES = 40;

    private final Mutator bytes = new ByteMutator();

    /** Where a value stands: in an object under a key, or in an array at an index. */
    private record Place(ContainerNode<?> in, String key, int index) {

        JsonNode value() {
            return in instanceof ObjectNode object ? object.get(key) : in.get(index);
        }

        void put(JsonNode value) {
            if (in instanceof ObjectNode object) {
                object.set(key, value);
            } else if (in instanceof ArrayNode array) {
                array.set(index, value);
            }
        }

        void remove() {
            if (in instanceof ObjectNode object) {
                object.remove(key);
            } else if (in instanceof ArrayNode array) {
                array.remove(index);
            }
        }
    }

    @Override
    public byte[] mutate(byte[] content, byte[] other, RandomGenerator random) {
        if (random.nextInt(8) == 0) {
            return bytes.mutate(content, other, random);
        }
        JsonNode tree = tree(content);
        if (!(tree instanceof ContainerNode)) {
            return bytes.mutate(other, content, random);
        }
        for (int edits = 1 + random.nextInt(3); edits > 0; edits--) {
            edit(tree, other, random);
        }
        String text = text(tree, random);
        return (random.nextInt(64) == 0 ? twice(text) : text).getBytes(StandardCharsets.UTF_8);
    }

    /** The document, or null where it is none. */
    static JsonNode tree(byte[] content) {
        try {
            return MAPPER.readTree(content);
        } catch (IOException | NumberFormatException e) {
            // An exponent of many digits is no number to this parser.
            return null;
        }
    }

    private static String text(JsonNode tree, RandomGenerator random) {
        try {
            return random.nextBoolean() ? ESCAPING.writeValueAsString(tree) : MAPPER.writeValueAsString(tree);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The first key of an object stands there twice. */
    private static String twice(String text) {
        int end = text.indexOf(',');
        return end > 0 && text.startsWith("{\"") ? "{" + text.substring(1, end) + "," + text.substring(1) : text;
    }

    private void edit(JsonNode tree, byte[] other, RandomGenerator random) {
        List<Place> places = places(tree);
        if (places.isEmpty()) {
            add((ContainerNode<?>) tree, OddValues.any(random), OddValues.text(random));
            return;
        }
        Place place = places.get(random.nextInt(places.size()));
        switch (random.nextInt(12)) {
            case 0 -> place.remove();
            case 1 -> copies(place, random);
            case 2 -> place.put(OddValues.any(random));
            case 3 -> place.put(OddValues.number(random));
            case 4 -> place.put(nested(place.value(), random));
            case 5 -> place.put(MAPPER.getNodeFactory().textNode(OddValues.text(random)));
            case 6 ->
                place.put(places.get(random.nextInt(places.size())).value().deepCopy());
            case 7 -> fromOther(place, other, random);
            case 8 -> rename(place, places, random);
            case 9 -> add(place.in(), OddValues.any(random), OddValues.text(random));
            default -> place.put(near(place.value(), random));
        }
    }

    private static List<Place> places(JsonNode tree) {
        List<Place> places = new ArrayList<>();
        collect(tree, places);
        return places;
    }

    private static void collect(JsonNode node, List<Place> places) {
        if (node instanceof ObjectNode object) {
            object.properties().forEach(entry -> {
                places.add(new Place(object, entry.getKey(), 0));
                collect(entry.getValue(), places);
            });
        } else if (node instanceof ArrayNode array) {
            for (int i = 0; i < array.size(); i++) {
                places.add(new Place(array, "", i));
                collect(array.get(i), places);
            }
        }
    }

    private static void copies(Place place, RandomGenerator random) {
        JsonNode value = place.value();
        for (int copies = 1 + random.nextInt(MOST_COPIES); copies > 0; copies--) {
            add(place.in(), value.deepCopy(), place.key() + copies);
        }
    }

    private static void add(ContainerNode<?> container, JsonNode value, String key) {
        if (container instanceof ObjectNode object) {
            object.set(key, value);
        } else if (container instanceof ArrayNode array) {
            array.add(value);
        }
    }

    /** Seldom deeper than readers go. */
    private static JsonNode nested(JsonNode value, RandomGenerator random) {
        int depth = random.nextInt(10) == 0 ? 1 + random.nextInt(300) : 1 + random.nextInt(3);
        JsonNode nested = value;
        for (; depth > 0; depth--) {
            nested = random.nextBoolean()
                    ? MAPPER.createArrayNode().add(nested)
                    : MAPPER.createObjectNode().set("x", nested);
        }
        return nested;
    }

    private static void fromOther(Place place, byte[] other, RandomGenerator random) {
        JsonNode tree = tree(other);
        List<Place> places = tree == null ? List.of() : places(tree);
        if (!places.isEmpty()) {
            Place theirs = places.get(random.nextInt(places.size()));
            if (random.nextBoolean()) {
                place.put(theirs.value());
            } else {
                add(place.in(), theirs.value(), theirs.key());
            }
        }
    }

    private static void rename(Place place, List<Place> places, RandomGenerator random) {
        JsonNode value = place.value();
        place.remove();
        String name =
                random.nextBoolean() ? places.get(random.nextInt(places.size())).key() : OddValues.text(random);
        add(place.in(), value, name);
    }

    /** A value that is almost the same. */
    private static JsonNode near(JsonNode value, RandomGenerator random) {
        if (value.isIntegralNumber() && value.canConvertToLong()) {
            long number = value.longValue();
            return MAPPER.getNodeFactory()
                    .numberNode(
                            switch (random.nextInt(6)) {
                                case 0 -> number + 1;
                                case 1 -> number - 1;
                                case 2 -> -number;
                                case 3 -> number * 2;
                                case 4 -> number / 2;
                                default -> number + OddValues.whole(random);
                            });
        }
        if (value.isNumber()) {
            return MAPPER.getNodeFactory()
                    .numberNode(value.decimalValue().multiply(BigDecimal.valueOf(random.nextInt(5) - 2)));
        }
        if (value.isTextual()) {
            String text = value.textValue();
            int at = random.nextInt(text.length() + 1);
            String tail = random.nextBoolean() ? text.substring(at) : "";
            return MAPPER.getNodeFactory().textNode(text.substring(0, at) + OddValues.text(random) + tail);
        }
        return value.isBoolean() ? MAPPER.getNodeFactory().booleanNode(!value.booleanValue()) : OddValues.any(random);
    }
}
