package org.espalier;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.model.Architectures;
import org.espalier.model.Model;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.RotaryConfig;
import org.espalier.model.Transformer;
import org.espalier.model.Weights;
import org.espalier.model.arch.Llama;
import org.espalier.model.arch.LlamaConfig.Biases;
import org.espalier.tape.Value;
import org.espalier.tensor.Tensor;

/** A small random model with grouped queries, biases everywhere and layers of different sizes, without any file. */
public final class SmallModel {

    private SmallModel() {}

    public static ModelConfig config(boolean tied) {
        return Llama.config(
                new ModelConfig.Sizes(37, 24, 6, List.of(new LayerConfig(4, 2, 20), new LayerConfig(6, 2, 17)), 2048),
                1e-5,
                RotaryConfig.plain(10000),
                tied,
                Biases.ALL);
    }

    /** A layer with five experts of 12 neurons, of which each token is given to two, and one with an MLP of 20 neurons. */
    public static ModelConfig configWithExperts() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("model_type", "qwen3_moe").put("vocab_size", 37).put("hidden_size", 24);
        json.put("head_dim", 6).put("num_attention_heads", 4).put("num_key_value_heads", 2);
        json.put("num_hidden_layers", 2).put("intermediate_size", 20).put("moe_intermediate_size", 12);
        json.put("num_experts", 5).put("num_experts_per_tok", 2).put("norm_topk_prob", true);
        json.putArray("mlp_only_layers").add(1);
        return Architectures.read(json, "this test");
    }

    public static Model open(Backend backend, boolean tied) {
        return open(backend, config(tied));
    }

    /** A model with random weights. */
    public static Model open(Backend backend, ModelConfig config) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        Random random = new Random(8);
        try (Queue queue = backend.newQueue()) {
            for (Value parameter : new Transformer(config).shape().leaves(Value.Role.PARAMETER)) {
                Tensor tensor = backend.allocate(backend.computeType(), parameter.shape(), parameter.name());
                tensors.put(parameter.name(), tensor);
                double[] numbers = new double[Math.toIntExact(parameter.shape().elements())];
                boolean norm = parameter.name().contains("norm");
                Arrays.setAll(numbers, i -> (float) ((norm ? 1 : 0) + 0.3 * random.nextGaussian()));
                HostCopy.writeDoubles(backend, queue, numbers, tensor);
            }
        }
        return Model.of(config, Weights.owning(tensors), backend);
    }

    /** Sequences of these lengths. */
    public static List<int[]> sequences(int... lengths) {
        Random random = new Random(9);
        return Arrays.stream(lengths)
                .mapToObj(n -> random.ints(n, 0, 37).toArray())
                .toList();
    }

    public static double[] read(Backend backend, Tensor tensor) {
        try (Queue queue = backend.newQueue()) {
            return HostCopy.readDoubles(backend, queue, tensor);
        }
    }
}
