package org.espalier.model.arch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import java.util.Map;
import java.util.Optional;
import org.espalier.backend.ActivationFunction;
import org.espalier.file.Json;
import org.espalier.format.GgufFamily;
import org.espalier.format.GgufMetadata;
import org.espalier.model.ConfigReader;
import org.espalier.model.ModelConfig;
import org.espalier.model.RotaryConfig;
import org.espalier.model.RotaryConfig.Scaling;

/** GPT-NeoX and Pythia in GGUF files. Whichever GELU they have, llama.cpp computes the one of the hyperbolic tangent. */
@AutoService(GgufFamily.class)
public final class GptNeoxGguf extends FusedGgufFamily {

    /** For the service loader. */
    public GptNeoxGguf() {
        super(new Kind());
    }

    private static final class Kind extends FusedGgufKind {

        private static final String PARALLEL = "use_parallel_residual";
        /** Of the MLP, where it is not the usual one; llama.cpp does not ask for it. */
        private static final String ACTIVATION = "hidden_activation";

        private static final String USUAL_ACTIVATION = "gelu";

        Kind() {
            super("gptneox", GptNeox.TYPE, GgufNames.GPT_NEOX);
        }

        @Override
        ObjectNode config(GgufMetadata metadata, ModelConfig.Sizes sizes, double eps, boolean tied) {
            int headDim = sizes.headDim();
            int rotated = metadata.optionalCount(key(GgufKeys.ROTATED)).orElse(headDim);
            if (rotated == 0 || rotated > headDim || rotated % 2 != 0) {
                throw metadata.wrong(
                        key(GgufKeys.ROTATED),
                        "is " + rotated + ", not an even number of the " + headDim + " of a head");
            }
            String activation = metadata.optionalString(key(ACTIVATION)).orElse(USUAL_ACTIVATION);
            if (!isGelu(activation)) {
                throw metadata.wrong(key(ACTIVATION), "is no GELU");
            }
            ObjectNode rope = Json.object();
            LlamaGgufRope.read(rope, metadata, key(""), null, headDim);
            RotaryConfig rotary = RotaryJson.scaled(new ConfigReader(rope, "the file"), 10000);
            return new GptNeox()
                    .write(new GptNeox.Config(
                            new GptNeox().modelTypes().get(GptNeox.TYPE),
                            sizes,
                            eps,
                            rotary,
                            part(rotated, headDim),
                            metadata.flag(key(PARALLEL)),
                            activation,
                            true,
                            tied));
        }

        /** The part of {@code whole} that is {@code some} where it is rounded down. */
        private static double part(int some, int whole) {
            double part = (double) some / whole;
            return (int) (whole * part) == some ? part : Math.nextUp(part);
        }

        private static boolean isGelu(String activation) {
            ActivationFunction function = ActivationNames.of(activation);
            return function == ActivationFunction.GELU || function == ActivationFunction.GELU_TANH;
        }

        @Override
        double eps(ModelConfig config) {
            return ((GptNeox.Config) config).eps();
        }

        @Override
        void put(Map<String, Object> metadata, ModelConfig model) {
            GptNeox.Config config = (GptNeox.Config) model;
            metadata.put(key(GgufKeys.ROTATED), config.rotaryDim());
            metadata.put(key(PARALLEL), config.parallel());
            LlamaGgufRope.write(metadata, key(""), config.rotary());
            if (!config.activation().equals(USUAL_ACTIVATION)) {
                metadata.put(key(ACTIVATION), config.activation());
            }
        }

        @Override
        Optional<String> refusal(ModelConfig model) {
            GptNeox.Config config = (GptNeox.Config) model;
            if (!config.attentionBiased()) {
                return Optional.of("has biases in attention");
            }
            if (!isGelu(config.activation())) {
                return Optional.of("has GELU in its MLPs");
            }
            return config.rotary().scaling() == Scaling.LLAMA3
                    ? Optional.of("has no tensor of rotary frequencies")
                    : Optional.empty();
        }
    }
}
