package org.espalier.job;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.espalier.Backends;
import org.espalier.Shared;
import org.espalier.eval.Perplexity;
import org.espalier.eval.Protocol;
import org.espalier.eval.Windows;
import org.junit.jupiter.api.Test;

/** A text has the same perplexity whichever way the model is gone through. */
class PerplexityMeterTest {

    @Test
    void layerByLayerIsTheSame() {
        Path model = Shared.path("models/stories260K");
        Windows windows = new Windows(Protocol.LLAMA_CPP, 64, 64, Integer.MAX_VALUE, OptionalInt.of(1));
        int[] ids = IntStream.range(0, 3000).map(i -> (i * 7919) % 512).toArray();
        try (OpenModel open = OpenModel.open(model, Optional.empty(), Backends.open("cpu"))) {
            Perplexity.Result whole = measure(open, false, ids, windows);
            Perplexity.Result layered = measure(open, true, ids, windows);
            assertEquals(46, whole.count());
            assertEquals(whole, layered);
        }
    }

    private static Perplexity.Result measure(OpenModel open, boolean byLayers, int[] ids, Windows windows) {
        try (PerplexityMeter meter = new PerplexityMeter(open, MemorySettings.defaults(), Listener.NONE, byLayers)) {
            return meter.measure(ids, windows, "text");
        }
    }
}
