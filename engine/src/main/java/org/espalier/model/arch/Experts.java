package org.espalier.model.arch;

import org.espalier.backend.ExpertOps;
import org.espalier.model.ConfigReader;
import org.espalier.model.ModelConfig.LayerConfig;

/** What configurations of models with experts must hold to. */
final class Experts {

    /** Experts of all layers together: more than any model has, and few enough to be recorded soon. */
    private static final long MOST_OF_ALL = 1 << 15;

    private Experts() {}

    /** Every layer that has experts must have as many as a token is given to, and all together no more than are supported. */
    static void require(ConfigReader json, LlamaConfig config) {
        long all = config.layers().stream().mapToLong(LayerConfig::experts).sum();
        if (all > MOST_OF_ALL) {
            throw json.failure("its layers have " + all + " experts", "at most " + MOST_OF_ALL + " are supported");
        }
        int perToken = config.mixture().perToken();
        for (LayerConfig layer : config.layers()) {
            if (layer.experts() > 0 && (layer.experts() < perToken || layer.experts() > ExpertOps.MOST_EXPERTS)) {
                throw json.failure(
                        "there are " + layer.experts() + " experts, and each token is given to " + perToken,
                        "give at least that many experts, and at most " + ExpertOps.MOST_EXPERTS);
            }
        }
    }
}
