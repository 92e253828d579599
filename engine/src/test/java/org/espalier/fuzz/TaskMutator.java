package org.espalier.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/** Changes a task's file: one of its texts as a template, or the whole as JSON. */
final class TaskMutator implements Mutator {

    /** The name of files that are changed so. */
    static final String FILE = "task.json";

    private final Mutator json = new JsonMutator();
    private final Mutator template = new TemplateMutator();

    /** A text, and what puts another in its place. */
    private record Place(String text, Consumer<JsonNode> put) {}

    @Override
    public byte[] mutate(byte[] content, byte[] other, RandomGenerator random) {
        JsonNode tree = random.nextBoolean() ? JsonMutator.tree(content) : null;
        List<Place> places = new ArrayList<>();
        if (tree != null) {
            collect(tree.path("prompt"), places);
        }
        if (places.isEmpty()) {
            return json.mutate(content, other, random);
        }
        Place place = places.get(random.nextInt(places.size()));
        byte[] text = place.text.getBytes(StandardCharsets.UTF_8);
        byte[] theirs = places.get(random.nextInt(places.size())).text.getBytes(StandardCharsets.UTF_8);
        place.put.accept(TextNode.valueOf(new String(template.mutate(text, theirs, random), StandardCharsets.UTF_8)));
        return tree.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static void collect(JsonNode node, List<Place> places) {
        if (node instanceof ObjectNode object) {
            object.properties().forEach(entry -> {
                if (entry.getValue().isTextual()) {
                    places.add(new Place(entry.getValue().textValue(), text -> object.set(entry.getKey(), text)));
                }
                collect(entry.getValue(), places);
            });
        } else if (node instanceof ArrayNode array) {
            for (int i = 0; i < array.size(); i++) {
                int index = i;
                if (array.get(i).isTextual()) {
                    places.add(new Place(array.get(i).textValue(), text -> array.set(index, text)));
                }
                collect(array.get(i), places);
            }
        }
    }
}
