package org.espalier.model.arch;

import com.google.auto.service.AutoService;
import java.util.Map;
import org.espalier.model.Architecture;
import org.espalier.model.ConfigReader;
import org.espalier.model.ModelConfig;

/** Gemma 2: bounded scores and logits, a window in every other layer. */
@AutoService(Architecture.class)
public final class Gemma2 extends GemmaLike {

    @Override
    public Map<String, String> modelTypes() {
        return Map.of("gemma2", "Gemma2ForCausalLM");
    }

    @Override
    public ModelConfig read(ConfigReader json) {
        int window = json.width("sliding_window", 0);
        if (json.width("sliding_window_size", window) != window) {
            throw json.failure("sliding_window_size is not sliding_window", "give one window");
        }
        return readGemma(json, 50, 30);
    }

    @Override
    boolean slides(ConfigReader json, int layer) {
        return layer % 2 == 0;
    }
}
