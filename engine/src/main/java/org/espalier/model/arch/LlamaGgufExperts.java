package org.espalier.model.arch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.espalier.backend.ExpertOps;
import org.espalier.format.ExpertNames;
import org.espalier.format.GgufMetadata;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.arch.UsualSizes.MlpKeys;

/**
 * Experts in GGUF files: a projection of all experts of a layer is one tensor {@code [experts, out, in]}.
 *
 * @param names what Hugging Face calls their projections
 * @param keys  under which its configurations have their sizes
 */
record LlamaGgufExperts(ExpertNames names, MlpKeys keys) {

    private static final Pattern TOGETHER =
            Pattern.compile("blk\\.(0|[1-9][0-9]{0,5})\\.(ffn_gate_exps|ffn_up_exps|ffn_down_exps)\\.weight");
    private static final Pattern ALONE = Pattern.compile(
            Pattern.quote(LlamaDecoder.LAYERS) + "([0-9]{1,6})\\.(.+)\\.experts\\.([0-9]{1,6})\\.(.+)\\.weight");

    /**
     * Where a projection of one expert lies.
     *
     * @param name  of the tensor in the file
     * @param layer its layer
     */
    record Place(String name, int layer, int expert) {}

    /** What the weights of a tensor's experts are called elsewhere; empty for one that has no experts. */
    List<String> parts(String tensor, int layers, int experts) {
        Matcher name = TOGETHER.matcher(tensor);
        if (!name.matches() || Integer.parseInt(name.group(1)) >= layers) {
            return List.of();
        }
        String projection = projections().get(name.group(2));
        return IntStream.range(0, experts)
                .mapToObj(e -> LlamaDecoder.LAYERS + name.group(1) + "." + names.expert(e) + projection + ".weight")
                .toList();
    }

    /** The place of Hugging Face's {@code name}, or nothing for a tensor that is none of an expert's. */
    Optional<Place> back(String name) {
        Matcher own = ALONE.matcher(name);
        if (!own.matches() || !own.group(2).equals(names.block())) {
            return Optional.empty();
        }
        int layer = Integer.parseInt(own.group(1));
        return projections().entrySet().stream()
                .filter(projection -> projection.getValue().equals(own.group(4)))
                .map(projection -> new Place(
                        GgufNames.block(layer, projection.getKey(), "weight"), layer, Integer.parseInt(own.group(3))))
                .findFirst();
    }

    private Map<String, String> projections() {
        return Map.of("ffn_gate_exps", names.gate(), "ffn_up_exps", names.up(), "ffn_down_exps", names.down());
    }

    /** The key of their neurons, where files have one beside that of plain MLPs. */
    String neurons() {
        return ownNeurons() ? GgufKeys.EXPERT_NEURONS : GgufKeys.NEURONS;
    }

    private boolean ownNeurons() {
        return !keys.neurons().equals(MlpKeys.DENSE.neurons());
    }

    /** Puts the sizes into the metadata of a file. */
    void write(Map<String, Object> metadata, String prefix, LlamaConfig config, JsonNode json) {
        LayerConfig layer = config.layers().getFirst();
        metadata.put(prefix + GgufKeys.EXPERTS, layer.experts());
        metadata.put(prefix + GgufKeys.EXPERTS_OF_TOKEN, config.mixture().perToken());
        if (ownNeurons()) {
            metadata.put(prefix + GgufKeys.EXPERT_NEURONS, layer.intermediate());
            int plain = json.path(MlpKeys.DENSE.neurons()).asInt(layer.intermediate());
            metadata.put(prefix + GgufKeys.NEURONS, plain);
        }
    }

    /** How many a file says that there are in every layer. */
    static int count(GgufMetadata metadata, String prefix) {
        int experts = metadata.count(prefix + GgufKeys.EXPERTS);
        if (experts == 0 || experts > ExpertOps.MOST_EXPERTS) {
            throw metadata.wrong(prefix + GgufKeys.EXPERTS, "is not between 1 and " + ExpertOps.MOST_EXPERTS);
        }
        return experts;
    }

    /** Puts what a file says of them into a configuration. */
    void read(ObjectNode json, GgufMetadata metadata, String prefix, int neurons) {
        json.put(keys.experts(), count(metadata, prefix));
        json.put(Mixtral.PER_TOKEN, metadata.count(prefix + GgufKeys.EXPERTS_OF_TOKEN));
        json.put(keys.neurons(), neurons);
        if (ownNeurons()) {
            json.put(
                    MlpKeys.DENSE.neurons(),
                    metadata.optionalCount(prefix + GgufKeys.NEURONS)
                            .filter(size -> size > 0)
                            .orElse(neurons));
            json.put(Qwen3Moe.NORMALISED, true);
        }
    }
}
