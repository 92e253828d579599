package org.espalier.tune;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.espalier.model.Packed;
import org.espalier.text.SmallTokenizer;
import org.espalier.text.Tokenizer;
import org.espalier.text.TokenizerSettings;

/** Draws every text of a large file and loads the first updates of a training on it, in a heap that could not hold the texts. */
final class LargeDataChild {

    private static final int UPDATES = 200;

    private LargeDataChild() {}

    public static void main(String[] args) {
        TokenizerSettings settings = new TokenizerSettings(
                Optional.of("<s>"),
                Optional.of("</s>"),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
        try (Tokenizer tokenizer = Tokenizer.fromJson(SmallTokenizer.json().toString(), settings);
                Examples examples =
                        ExampleFile.read(Path.of(args[0]), RecordFields.AS_USUAL, () -> null, BrokenRecords.refused());
                TrainingData data = Mixture.draw(
                                List.of(new Mixture.Source(examples, 1, args[0])),
                                new Encoder(tokenizer, 32),
                                new Mixture.Limits(Integer.MAX_VALUE, OptionalLong.empty(), OptionalInt.empty(), 1),
                                1)
                        .packedInto(32)) {
            TrainingBatches batches = new TrainingBatches(
                    data,
                    new TuningSettings(
                            1,
                            64,
                            4,
                            new TuningSettings.Rate(1e-3, OptionalInt.empty(), TuningSettings.Fall.LINEAR),
                            TrainingSettings.plain(),
                            OptionalInt.empty(),
                            0,
                            1));
            int largest = batches.largest().tokens();
            long loaded = 0;
            try (BatchLoader loader = new BatchLoader(batches, batches.steps() - UPDATES)) {
                for (int update = 0; update < UPDATES; update++) {
                    for (Packed microBatch : loader.next()) {
                        loaded += microBatch.tokens();
                    }
                }
            }
            System.out.println(
                    data.training().size() + " samples, " + data.heldOut().size() + " held out, "
                            + batches.tokens() + " tokens, " + batches.steps() + " updates, " + largest + " at once, "
                            + loaded / UPDATES + " loaded an update");
        }
    }
}
