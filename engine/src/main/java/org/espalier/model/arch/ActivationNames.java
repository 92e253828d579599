package org.espalier.model.arch;

import java.util.Map;
import org.espalier.backend.ActivationFunction;
import org.espalier.model.ConfigReader;

/** What configurations call activation functions. */
final class ActivationNames {

    private static final Map<String, ActivationFunction> FUNCTIONS = Map.of(
            "gelu", ActivationFunction.GELU,
            "gelu_new", ActivationFunction.GELU_TANH,
            "gelu_fast", ActivationFunction.GELU_TANH,
            "gelu_pytorch_tanh", ActivationFunction.GELU_TANH,
            "silu", ActivationFunction.SILU,
            "swish", ActivationFunction.SILU,
            "relu", ActivationFunction.RELU);

    private ActivationNames() {}

    /** A name that is known, under this key. */
    static String read(ConfigReader json, String key, String otherwise) {
        String name = json.text(key, otherwise);
        if (!FUNCTIONS.containsKey(name)) {
            throw json.failure("activation '" + name + "' is not supported", "use a model with gelu, silu or relu");
        }
        return name;
    }

    /** The function of a name that is known. */
    static ActivationFunction of(String name) {
        return FUNCTIONS.get(name);
    }
}
