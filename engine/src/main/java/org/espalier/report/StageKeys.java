package org.espalier.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.espalier.file.Json;

/**
 * The keys that a comparison's file has of its own for the standard measures and for perplexities, so that files stay as
 * they always were: {@code stages[]: {name, folder, parameters, …, perplexities{}, held_out_loss, text}} and, once for all
 * stages, {@code protocols{}} by the same keys. Every other measure stands in a stage's {@code measures[]}.
 */
final class StageKeys {

    private static final String STAGES = "stages";
    private static final String MEASURES = "measures";
    private static final String PERPLEXITIES = "perplexities";
    private static final String PROTOCOLS = "protocols";
    private static final String VALUE = "value";
    private static final String TEXT = "text";

    /** Standard measures that tables show before perplexities. */
    private static final Set<StandardMeasure> FIRST = EnumSet.complementOf(EnumSet.of(StandardMeasure.HELD_OUT_LOSS));

    private final ObjectMapper mapper;

    StageKeys(ObjectMapper mapper) {
        this.mapper = mapper;
    }

    /** Turns the keys of a file into measures, in place. What is not as it must be is left to the mapper to refuse. */
    void gather(ObjectNode comparison) throws JsonProcessingException {
        ObjectNode protocols = comparison.get(PROTOCOLS) instanceof ObjectNode object ? object : Json.object();
        for (JsonNode stage : comparison.path(STAGES)) {
            if (stage instanceof ObjectNode object) {
                gather(object, protocols);
            }
        }
        for (StandardMeasure standard : StandardMeasure.values()) {
            protocols.remove(standard.key());
        }
    }

    private void gather(ObjectNode stage, ObjectNode protocols) throws JsonProcessingException {
        ArrayNode measures = mapper.createArrayNode();
        for (StandardMeasure standard : FIRST) {
            gather(standard, stage, protocols, measures);
        }
        if (stage.get(PERPLEXITIES) instanceof ObjectNode perplexities) {
            for (Map.Entry<String, JsonNode> entry : perplexities.properties()) {
                TextPerplexity perplexity = mapper.treeToValue(entry.getValue(), TextPerplexity.class);
                measures.add(
                        perplexity == null ? null : mapper.<JsonNode>valueToTree(perplexity.measure(entry.getKey())));
            }
            stage.remove(PERPLEXITIES);
        } else if (stage.path(PERPLEXITIES).isNull()) {
            stage.remove(PERPLEXITIES);
        }
        gather(StandardMeasure.HELD_OUT_LOSS, stage, protocols, measures);
        JsonNode others = stage.path(MEASURES);
        if (others.isMissingNode() || others.isNull() || others.isArray()) {
            others.forEach(measures::add);
            stage.set(MEASURES, measures);
        }
    }

    private void gather(StandardMeasure standard, ObjectNode stage, ObjectNode protocols, ArrayNode measures) {
        JsonNode value = stage.remove(standard.key());
        JsonNode ratio = standard.ratioKey().map(stage::remove).orElse(null);
        if (value != null && !value.isNull()) {
            ObjectNode measure = mapper.valueToTree(standard.of(null));
            measure.set(VALUE, value);
            measure.set("ratio", ratio);
            measure.set("protocol", protocols.get(standard.key()));
            measures.add(measure);
        }
    }

    /** Turns measures, as the mapper writes them, into the keys of a file, in place. */
    void spread(ObjectNode tree, Comparison comparison) {
        Map<StandardMeasure, String> protocols = protocols(comparison);
        ObjectNode named = Json.object();
        protocols.forEach((standard, how) -> {
            if (!how.isEmpty()) {
                named.put(standard.key(), how);
            }
        });
        comparison.circumstances().protocols().forEach(named::put);
        tree.set(PROTOCOLS, named);
        for (int stage = 0; stage < comparison.stages().size(); stage++) {
            spread((ObjectNode) tree.get(STAGES).get(stage), comparison.stages().get(stage), protocols);
        }
    }

    /** How each standard measure was measured at the first stage that has it. */
    private static Map<StandardMeasure, String> protocols(Comparison comparison) {
        Map<StandardMeasure, String> protocols = new LinkedHashMap<>();
        for (StandardMeasure standard : StandardMeasure.values()) {
            comparison.stages().stream()
                    .flatMap(stage -> stage.measures().stream())
                    .filter(standard::is)
                    .findFirst()
                    .ifPresent(measure -> protocols.put(standard, measure.protocol()));
        }
        return protocols;
    }

    private void spread(ObjectNode tree, Comparison.Stage stage, Map<StandardMeasure, String> protocols) {
        Map<StandardMeasure, Measure> standards = new LinkedHashMap<>();
        ObjectNode perplexities = mapper.createObjectNode();
        ArrayNode others = mapper.createArrayNode();
        for (Measure measure : stage.measures()) {
            StandardMeasure standard = standard(measure, protocols);
            if (standard != null) {
                standards.put(standard, measure);
            } else if (TextPerplexity.data(measure).isPresent()) {
                perplexities.set(
                        TextPerplexity.data(measure).get(),
                        mapper.valueToTree(TextPerplexity.of(measure).get()));
            } else {
                others.add(node(measure));
            }
        }
        JsonNode text = tree.remove(TEXT);
        tree.remove(MEASURES);
        FIRST.forEach(standard -> put(tree, standard, standards.get(standard)));
        tree.set(PERPLEXITIES, perplexities);
        put(tree, StandardMeasure.HELD_OUT_LOSS, standards.get(StandardMeasure.HELD_OUT_LOSS));
        if (!others.isEmpty()) {
            tree.set(MEASURES, others);
        }
        if (text != null) {
            tree.set(TEXT, text);
        }
    }

    /** The standard measure whose keys can hold all of {@code measure}; null if there is none. */
    private static StandardMeasure standard(Measure measure, Map<StandardMeasure, String> protocols) {
        return protocols.keySet().stream()
                .filter(standard -> standard.is(measure))
                .filter(standard -> protocols.get(standard).equals(measure.protocol()))
                .filter(standard -> measure.settings().isEmpty())
                .filter(standard ->
                        measure.ratio() == null || standard.ratioKey().isPresent())
                .findFirst()
                .orElse(null);
    }

    private void put(ObjectNode tree, StandardMeasure standard, Measure measure) {
        if (measure != null && measure.value() != null) {
            tree.set(standard.key(), number(measure));
            if (measure.ratio() != null) {
                tree.put(standard.ratioKey().orElseThrow(), measure.ratio());
            }
        }
    }

    private ObjectNode node(Measure measure) {
        ObjectNode node = mapper.valueToTree(measure);
        if (measure.value() != null) {
            node.set(VALUE, number(measure));
        }
        return node;
    }

    private static JsonNode number(Measure measure) {
        return measure.unit().whole()
                ? LongNode.valueOf(measure.value().longValue())
                : DoubleNode.valueOf(measure.value());
    }
}
