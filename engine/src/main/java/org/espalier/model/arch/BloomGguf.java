package org.espalier.model.arch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import java.util.Map;
import java.util.Optional;
import org.espalier.format.GgufFamily;
import org.espalier.format.GgufMetadata;
import org.espalier.model.ModelConfig;

/** BLOOM in GGUF files. Slopes of heads stand nowhere: they are those that so many heads have. */
@AutoService(GgufFamily.class)
public final class BloomGguf extends FusedGgufFamily {

    /** For the service loader. */
    public BloomGguf() {
        super(new Kind());
    }

    private static final class Kind extends FusedGgufKind {

        Kind() {
            super("bloom", Bloom.TYPE, GgufNames.BLOOM);
        }

        @Override
        ObjectNode config(GgufMetadata metadata, ModelConfig.Sizes sizes, double eps, boolean tied) {
            return new Bloom()
                    .write(Bloom.Config.withUsualSlopes(new Bloom().modelTypes().get(Bloom.TYPE), sizes, eps, tied));
        }

        @Override
        double eps(ModelConfig config) {
            return ((Bloom.Config) config).eps();
        }

        @Override
        void put(Map<String, Object> metadata, ModelConfig config) {
            // The usual sizes say it all.
        }

        @Override
        Optional<String> refusal(ModelConfig config) {
            return ((Bloom.Config) config).usualSlopes()
                    ? Optional.empty()
                    : Optional.of("has the slopes that so many heads have, and heads were taken out of this model");
        }
    }
}
