package org.espalier.model.arch;

import org.espalier.backend.ExpertOps;
import org.espalier.model.ConfigReader;
import org.espalier.model.ModelConfig.LayerConfig;

/** What configurations of models with experts must hold to. */
final class Experts {

    private Experts() {}

    /** Every layer that has experts must have as many as a token is given to. */
    static void requireEnough(ConfigReader json, LlamaConfig config) {
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
