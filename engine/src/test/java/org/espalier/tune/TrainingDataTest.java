package org.espalier.tune;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.error.Failure;
import org.espalier.text.SmallTokenizer;
import org.espalier.text.Tokenizer;
import org.espalier.text.TokenizerSettings;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Which samples are trained on, which are held out, and which an update sees. */
class TrainingDataTest {

    private final List<AutoCloseable> opened = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : opened.reversed()) {
            each.close();
        }
    }

    @Test
    void aTenthIsHeldOutAndNoTextIsInBoth() {
        TrainingData data = draw(texts(50), Integer.MAX_VALUE, OptionalInt.empty(), 1);
        assertEquals(45, data.training().size());
        assertEquals(5, data.heldOut().size());
        List<Integer> lengths = Stream.concat(data.training().stream(), data.heldOut().stream())
                .map(Sample::tokens)
                .sorted()
                .toList();
        assertEquals(IntStream.rangeClosed(2, 51).boxed().toList(), lengths);
    }

    @Test
    void theMostAreTrainedOnAndOthersHeldOut() {
        TrainingData data = draw(texts(50), 20, OptionalInt.empty(), 1);
        assertEquals(
                List.of(20, 2), List.of(data.training().size(), data.heldOut().size()));
        data = draw(texts(50), 20, OptionalInt.of(7), 1);
        assertEquals(
                List.of(20, 7), List.of(data.training().size(), data.heldOut().size()));
        data = draw(texts(3), 20, OptionalInt.of(0), 1);
        assertEquals(
                List.of(3, 0), List.of(data.training().size(), data.heldOut().size()));
    }

    @Test
    void theSeedDecides() {
        List<Integer> lengths = lengths(draw(texts(50), 20, OptionalInt.empty(), 1));
        assertEquals(lengths, lengths(draw(texts(50), 20, OptionalInt.empty(), 1)));
        assertNotEquals(lengths, lengths(draw(texts(50), 20, OptionalInt.empty(), 2)));
    }

    @Test
    void whatTeachesNothingIsLeftOutAndCounted() {
        List<Example> examples = new ArrayList<>(texts(10));
        examples.add(Example.answer("b", " "));
        examples.add(Example.answer("b".repeat(200), "a"));
        examples.add(Example.answer("b".repeat(300), "a"));
        TrainingData data = draw(examples, Integer.MAX_VALUE, OptionalInt.of(1), 1);
        assertEquals(
                List.of(9, 1, 1, 2),
                List.of(
                        data.training().size(),
                        data.heldOut().size(),
                        data.skipped().empty(),
                        data.skipped().tooLong()));
    }

    @Test
    void aSingleTextCannotBeBoth() {
        Failure failure = assertThrows(Failure.class, () -> draw(texts(1), 20, OptionalInt.empty(), 1));
        assertTrue(failure.oneLine().contains("--held-out"), failure.oneLine());
    }

    /** Also those of long texts, which give several. */
    @Test
    void samplesAreMadeAgainAsTheyWereDrawn() {
        List<Example> examples = new ArrayList<>(texts(40));
        examples.add(Example.text("b".repeat(1000)));
        examples.add(Example.text("a".repeat(700)));
        examples.add(Example.answer("a".repeat(50), "b".repeat(20)));
        TrainingData data = draw(examples, Integer.MAX_VALUE, OptionalInt.of(3), 1);
        List<Sample> made = List.copyOf(data.training());
        assertTrue(made.size() > 40, "samples: " + made.size());
        assertEquals(TrainingData.of(made, data.heldOut()).sha256(), data.sha256());
        assertEquals(made.stream().mapToLong(Sample::tokens).sum(), data.tokens());
        for (int i = made.size() - 1; i >= 0; i--) {
            assertArrayEquals(made.get(i).ids(), data.training().get(i).ids());
            assertArrayEquals(made.get(i).targets(), data.training().get(i).targets());
        }
    }

    /** Texts of different lengths. */
    private static List<Example> texts(int count) {
        return IntStream.rangeClosed(1, count)
                .mapToObj(i -> Example.text("b".repeat(i)))
                .toList();
    }

    private static List<Integer> lengths(TrainingData data) {
        return data.training().stream().map(Sample::tokens).toList();
    }

    private TrainingData draw(List<Example> examples, int most, OptionalInt heldOut, long seed) {
        Examples given = new Examples() {
            @Override
            public int size() {
                return examples.size();
            }

            @Override
            public Example get(int index) {
                return examples.get(index);
            }
        };
        TokenizerSettings settings = new TokenizerSettings(
                Optional.of("<s>"),
                Optional.of("</s>"),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
        Tokenizer tokenizer = Tokenizer.fromJson(SmallTokenizer.json().toString(), settings);
        opened.add(tokenizer);
        TrainingData data = Mixture.draw(
                List.of(new Mixture.Source(given, 1, "examples")),
                new Encoder(tokenizer, 128),
                new Mixture.Limits(most, OptionalLong.empty(), heldOut, 1),
                seed);
        opened.add(data);
        return data;
    }
}
