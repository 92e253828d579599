package org.espalier.job;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.espalier.Backends;
import org.espalier.Families;
import org.espalier.Golden;
import org.espalier.Zeroed;
import org.espalier.backend.Backend;
import org.espalier.couple.Selection;
import org.espalier.couple.Units;
import org.espalier.cut.Compactor;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.SafetensorsFolder;
import org.espalier.model.Model;
import org.espalier.model.Packed;
import org.espalier.model.Transformer;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every family without some of its tokens computes the logits of the others as before, for texts made of these. */
class FamilyTokensTest {

    private static final int LENGTH = 12;
    private static final double TOLERANCE = 1e-4;

    @TempDir
    private Path folder;

    /** ChatGLM's configuration names tokens that say how a text is read; its tokenizer is refused before anything is cut. */
    static Stream<String> families() {
        return Families.all().filter(family -> !family.equals(Families.CHATGLM));
    }

    @ParameterizedTest
    @MethodSource("families")
    void computesTheLogitsOfItsTokens(String family) throws IOException {
        List<int[]> texts = Families.texts(family, 2, LENGTH);
        try (Backend backend = Backends.open("cpu");
                Checkpoint source = Checkpoints.open(Families.model(family, folder));
                Model model = Model.open(source, backend)) {
            Units tokens = model.structure().vocabulary().orElseThrow();
            assertEquals(model.config().vocab(), tokens.count());
            Selection selection = new Selection(model.structure());
            selection.remove(tokens, gone(texts, tokens.count()));
            int[] kept = selection.staying(tokens);
            new SafetensorsFolder()
                    .write(
                            folder.resolve("left"),
                            new Compactor(source, model.config(), selection, Optional.empty()).content(),
                            false);
            try (Checkpoint cut = Checkpoints.open(folder.resolve("left"));
                    Model smaller = Model.open(cut, backend)) {
                assertEquals(kept.length, smaller.config().vocab());
                assertEquals(
                        selection.parametersAfter(),
                        new Transformer(smaller.config()).shape().parameterCount());
                double[] whole = Zeroed.logits(model, Packed.of(texts), backend);
                double[] left = Zeroed.logits(smaller, Packed.of(renumbered(texts, kept)), backend);
                Golden.assertClose(columns(whole, tokens.count(), kept), left, TOLERANCE, family);
            }
            assertArrayEquals(
                    new int[0],
                    selection.withWholeVocabulary().removed(tokens).stream().toArray());
        }
    }

    /** A third of the tokens that the texts are not made of. */
    private static int[] gone(List<int[]> texts, int count) {
        BitSet gone = new BitSet();
        new Random(3).ints(0, count).distinct().limit(count / 3).forEach(gone::set);
        texts.forEach(text -> Arrays.stream(text).forEach(gone::clear));
        return gone.stream().toArray();
    }

    private static List<int[]> renumbered(List<int[]> texts, int... kept) {
        return texts.stream()
                .map(text -> Arrays.stream(text)
                        .map(id -> Arrays.binarySearch(kept, id))
                        .toArray())
                .toList();
    }

    private static double[] columns(double[] logits, int width, int... kept) {
        double[] columns = new double[logits.length / width * kept.length];
        for (int i = 0; i < columns.length; i++) {
            columns[i] = logits[i / kept.length * width + kept[i % kept.length]];
        }
        return columns;
    }
}
