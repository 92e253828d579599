package org.espalier.model.arch;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.ToIntFunction;
import org.espalier.error.Failure;
import org.espalier.format.GgufContent;
import org.espalier.format.ModelContent;
import org.espalier.format.RowOrder;
import org.espalier.format.TensorEntry;
import org.espalier.model.Architectures;
import org.espalier.model.ModelConfig.LayerConfig;

/**
 * A relative of LLaMA as GGUF files have it. Layers whose sizes differ, or that lack a branch, have an architecture of their own,
 * {@link LlamaGgufKind#DECI}. llama.cpp leaves out the attention of a layer without an MLP, and takes the size of heads from the
 * first layer: so a missing MLP is written as neurons of zeros, and a missing attention of the first layer as a head of zeros.
 */
final class LlamaGgufMaker {

    /** As many as the blocks of quantised types, which every number of neurons should be a multiple of. */
    private static final int ZERO_NEURONS = 32;

    private static final LayerConfig ZERO_HEAD = new LayerConfig(1, 1, 0);
    private static final String PLACE = "the model to be written";

    private final ModelContent model;
    private final LlamaConfig config;
    private final LlamaGgufKind kind;
    /** As they are written. */
    private final List<LayerConfig> layers = new ArrayList<>();

    private final SequencedMap<String, Object> metadata = new LinkedHashMap<>();
    private final List<GgufContent.Tensor> tensors = new ArrayList<>();

    /** Of tensors in which those of a layer's experts lie together, by their names. */
    private final Map<String, SortedMap<Integer, TensorEntry>> experts = new HashMap<>();

    /** @param uniform the kind of such a model if all layers have the same sizes */
    LlamaGgufMaker(LlamaGgufKind uniform, ModelContent model) {
        this.model = model;
        this.config = (LlamaConfig) Architectures.read(model.config(), PLACE);
        this.kind = kind(uniform, config);
        for (int layer = 0; layer < config.layers().size(); layer++) {
            layers.add(written(config.layers().get(layer), layer));
        }
    }

    private static LlamaGgufKind kind(LlamaGgufKind uniform, LlamaConfig config) {
        LayerConfig first = config.layers().getFirst();
        boolean whole = first.heads() > 0 && first.intermediate() > 0;
        if (whole && config.layers().stream().allMatch(first::equals)) {
            return uniform;
        }
        if (uniform != LlamaGgufKind.LLAMA) {
            boolean counts = config.layers().stream()
                            .mapToInt(LayerConfig::experts)
                            .distinct()
                            .count()
                    > 1;
            throw new Failure(
                    "layers differ in their " + (counts ? "numbers of experts" : "sizes, or lack a branch")
                            + ", and GGUF's architecture " + uniform.architecture()
                            + (uniform.experts().isPresent() ? ", of a model with experts," : "")
                            + " has no way to say that",
                    PLACE,
                    "prune with --uniform, or write a folder of safetensors");
        }
        return LlamaGgufKind.DECI;
    }

    private static LayerConfig written(LayerConfig layer, int number) {
        LayerConfig attention = layer.heads() == 0 && number == 0 ? ZERO_HEAD : layer;
        return new LayerConfig(
                attention.heads(),
                attention.kvHeads(),
                layer.intermediate() == 0 ? ZERO_NEURONS : layer.intermediate(),
                layer.experts());
    }

    GgufContent make() {
        LlamaGgufRelatives.refusal(kind, config).ifPresent(other -> {
            throw new Failure(
                    "GGUF's architecture " + kind.architecture() + " " + other,
                    PLACE,
                    "write it as a folder of safetensors");
        });
        putMetadata();
        LlamaGgufRope.factors(config.rotary(), config.headDim())
                .ifPresent(factors -> add(factors.name(), RowOrder.IDENTITY, factors));
        model.tensors().forEach(this::add);
        for (int layer = 0; layer < layers.size(); layer++) {
            LayerConfig has = config.layers().get(layer);
            if (has.heads() == 0 && layers.get(layer).heads() > 0) {
                addZeroHead(layer);
            }
            if (has.intermediate() == 0) {
                addZeroNeurons(layer);
            }
        }
        return new GgufContent(config.vocab(), metadata, tensors);
    }

    private void putMetadata() {
        String prefix = kind.architecture() + ".";
        metadata.put("general.architecture", kind.architecture());
        metadata.put("general.type", "model");
        metadata.put(prefix + GgufKeys.LAYERS, layers.size());
        // Where those who read such a file know of no window: up to here there is nothing that it would leave out.
        metadata.put(
                prefix + GgufKeys.CONTEXT, kind.hasWindow() ? config.maxPositions() : config.contextOfEveryLayer());
        metadata.put(prefix + GgufKeys.HIDDEN, config.hidden());
        metadata.put(prefix + GgufKeys.NEURONS, ofLayers(LayerConfig::intermediate));
        metadata.put(prefix + GgufKeys.HEADS, ofLayers(LayerConfig::heads));
        metadata.put(prefix + GgufKeys.KV_HEADS, ofLayers(LayerConfig::kvHeads));
        metadata.put(prefix + GgufKeys.KEY_SIZE, config.headDim());
        metadata.put(prefix + GgufKeys.VALUE_SIZE, config.headDim());
        metadata.put(prefix + GgufKeys.ROTATED, config.headDim());
        metadata.put(prefix + GgufKeys.EPSILON, (float) config.eps());
        metadata.put(prefix + GgufKeys.VOCABULARY, config.vocab());
        LlamaGgufRope.write(metadata, prefix, config.rotary());
        LlamaGgufRelatives.write(kind, metadata, prefix, config);
        kind.experts().ifPresent(experts -> experts.write(metadata, prefix, config, model.config()));
    }

    /** One number for all layers, or a number for each. */
    private Object ofLayers(ToIntFunction<LayerConfig> size) {
        return kind == LlamaGgufKind.DECI
                ? layers.stream().mapToInt(size).toArray()
                : (Object) size.applyAsInt(layers.getFirst());
    }

    private void add(TensorEntry entry) {
        Optional<LlamaGgufExperts.Place> expert = kind.experts().flatMap(experts -> experts.back(entry.name()));
        if (expert.isPresent()) {
            addExpert(expert.get(), entry);
            return;
        }
        GgufNames.Place place = kind.names()
                .back(entry.name())
                .orElseThrow(() -> new Failure(
                        "GGUF has no name for it",
                        "tensor " + entry.name(),
                        "write the model as a folder of safetensors"));
        if (place.name().endsWith(".bias") && mayLack(entry)) {
            return;
        }
        if (place.name().endsWith(".bias") && !kind.hasBiases()) {
            throw new Failure(
                    "GGUF's architecture " + kind.architecture() + " has no biases",
                    "tensor " + entry.name(),
                    "write the model as a folder of safetensors");
        }
        if (place.name().endsWith("norm.weight") && kind.addedToNorms() != 0) {
            add(place.name(), RowOrder.IDENTITY, Filled.plus(kind.addedToNorms(), entry));
            return;
        }
        RowOrder order = RowOrder.IDENTITY;
        if (place.layer() >= 0) {
            LayerConfig layer = layers.get(place.layer());
            order = kind.rowOrder(place.part(), layer.heads(), layer.kvHeads(), config.headDim());
        }
        add(place.name(), order, entry);
    }

    /** A projection is written once that of all experts of its layer is there. */
    private void addExpert(LlamaGgufExperts.Place place, TensorEntry entry) {
        SortedMap<Integer, TensorEntry> together = experts.computeIfAbsent(place.name(), _ -> new TreeMap<>());
        together.put(place.expert(), entry);
        if (together.size() == layers.get(place.layer()).experts()) {
            tensors.add(GgufContent.Tensor.stacked(place.name(), List.copyOf(together.values())));
        }
    }

    /** Whether a bias is one of LLaMA's, which may be left out, and zero. */
    private boolean mayLack(TensorEntry bias) {
        if (kind == LlamaGgufKind.QWEN2) {
            return false;
        }
        try {
            return Filled.isZero(bias);
        } catch (IOException e) {
            throw new Failure("cannot be read: " + e.getMessage(), "tensor " + bias.name(), "try again", e);
        }
    }

    private void addZeroHead(int layer) {
        int width = config.headDim();
        addFilled(Filled.ones(GgufNames.block(layer, "attn_norm", "weight"), config.hidden()));
        for (String part : List.of("attn_q", "attn_k", "attn_v")) {
            addFilled(Filled.zeros(GgufNames.block(layer, part, "weight"), width, config.hidden()));
        }
        addFilled(Filled.zeros(GgufNames.block(layer, "attn_output", "weight"), config.hidden(), width));
    }

    private void addZeroNeurons(int layer) {
        addFilled(Filled.ones(GgufNames.block(layer, "ffn_norm", "weight"), config.hidden()));
        for (String part : List.of("ffn_gate", "ffn_up")) {
            addFilled(Filled.zeros(GgufNames.block(layer, part, "weight"), ZERO_NEURONS, config.hidden()));
        }
        addFilled(Filled.zeros(GgufNames.block(layer, "ffn_down", "weight"), config.hidden(), ZERO_NEURONS));
    }

    private void addFilled(TensorEntry entry) {
        add(entry.name(), RowOrder.IDENTITY, entry);
    }

    private void add(String name, RowOrder order, TensorEntry entry) {
        tensors.add(new GgufContent.Tensor(name, order, entry));
    }
}
