package org.espalier.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.IntStream;
import org.espalier.error.Failure;
import org.espalier.text.SmallTokenizer;
import org.espalier.text.Tokenizer;
import org.espalier.text.TokenizerSettings;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Several sources with shares of the tokens. */
class MixtureTest {

    private static final long SEED = 3;

    /** Tokens of the texts of source 0, 1 and 2; each is told by its tokens. */
    private static final int[] LENGTHS = {12, 23, 61};

    private final List<AutoCloseable> opened = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : opened.reversed()) {
            each.close();
        }
    }

    @Test
    void sharesHoldAllAlong() {
        TrainingData data = draw(List.of(0.5, 0.3, 0.2), List.of(900, 200, 50), tokens(4000), OptionalInt.of(0), 1);
        long[] seen = new long[3];
        SampleOrder.Walk walk = data.order(1, SEED).walk();
        long all = 0;
        while (walk.hasNext()) {
            int tokens = data.training().get(walk.nextInt()).tokens();
            seen[source(tokens)] += tokens;
            all += tokens;
            assertEquals(0.5 * all, (double) seen[0], 61.0, "of " + all);
            assertEquals(0.3 * all, (double) seen[1], 61.0, "of " + all);
            assertEquals(0.2 * all, (double) seen[2], 61.0, "of " + all);
        }
        assertTrue(all <= 4000 && all > 4000 - 12 - 23 - 61, "tokens: " + all);
        assertEquals(
                all,
                data.given(settings(1)).stream()
                        .mapToLong(TrainingData.Given::tokens)
                        .sum());
    }

    @Test
    void theSourceThatRunsOutFirstDecidesHowMuchIsSeen() {
        // 40 x 12 tokens are half of all.
        TrainingData data = draw(List.of(0.5, 0.5), List.of(40, 500), OptionalLong.empty(), OptionalInt.of(0), 1);
        List<TrainingData.Given> given = data.given(settings(1));
        assertEquals(40, given.getFirst().samples());
        assertEquals(480, given.getFirst().tokens());
        assertEquals(480.0, (double) given.getLast().tokens(), 23.0);
        Map<Integer, Integer> seen = seen(data, 1);
        assertTrue(seen.values().stream().allMatch(n -> n == 1), seen::toString);
    }

    @Test
    void aSourceIsSeenAgainOnlyInSoManyEpochs() {
        TrainingData data = draw(List.of(0.5, 0.5), List.of(40, 500), OptionalLong.empty(), OptionalInt.of(0), 3);
        List<TrainingData.Given> given = data.given(settings(3));
        assertEquals(3 * 480, given.getFirst().tokens());
        assertEquals(3 * 480.0, (double) given.getLast().tokens(), 23.0);
        Map<Integer, Integer> seen = seen(data, 3);
        for (int sample = 0; sample < data.training().size(); sample++) {
            boolean scarce = data.training().get(sample).tokens() == LENGTHS[0];
            assertEquals(scarce ? 3 : 1, seen.getOrDefault(sample, 0), "sample " + sample);
        }
        // With fewer tokens asked for it is seen so much less often.
        TrainingData less = draw(List.of(0.5, 0.5), List.of(40, 500), tokens(1500), OptionalInt.of(0), 3);
        assertEquals(744, less.given(settings(3)).getFirst().tokens());
    }

    @Test
    void moreTokensThanThereAreChangeNothing() {
        TrainingData some = draw(List.of(0.5, 0.5), List.of(40, 50), OptionalLong.empty(), OptionalInt.of(0), 1);
        TrainingData more = draw(List.of(0.5, 0.5), List.of(40, 50), tokens(1_000_000), OptionalInt.of(0), 1);
        assertEquals(some.sha256(), more.sha256());
        assertEquals(some.given(settings(1)), more.given(settings(1)));
    }

    @Test
    void aSingleSourceEndsAtTheTokensAskedFor() {
        TrainingData data = draw(List.of(1.0), List.of(100), tokens(100), OptionalInt.of(5), 2);
        assertEquals(96, data.given(settings(2)).getFirst().tokens());
        assertEquals(8, data.given(settings(2)).getFirst().samples());
        TrainingData twice = draw(List.of(1.0), List.of(100), tokens(1000), OptionalInt.of(5), 2);
        assertEquals(996, twice.given(settings(2)).getFirst().tokens());
        assertEquals(83, twice.given(settings(2)).getFirst().samples());
        assertEquals(
                9,
                draw(List.of(1.0), List.of(100), tokens(1080), OptionalInt.empty(), 1)
                        .heldOut()
                        .size());
    }

    @Test
    void mostSamplesHoldForAllSourcesTogether() {
        TrainingData data = drawAtMost(50, List.of(0.5, 0.5), List.of(400, 500), OptionalInt.of(0), 2);
        assertEquals(50, data.training().size());
        List<TrainingData.Given> given = data.given(settings(2));
        assertEquals(
                (double) given.getFirst().tokens(), (double) given.getLast().tokens(), 2 * 23.0);
        assertTrue(seen(data, 2).values().stream().filter(n -> n == 2).count() > 40);
    }

    @Test
    void textsAreHeldOutInTheSameSharesAndNeverTrainedOn() {
        TrainingData data = draw(List.of(0.5, 0.3, 0.2), List.of(900, 200, 50), tokens(4000), OptionalInt.of(60), 1);
        assertEquals(60, data.heldOut().size());
        long[] tokens = new long[3];
        data.heldOut().forEach(s -> tokens[source(s.tokens())] += s.tokens());
        long all = data.heldOutTokens();
        assertEquals(0.5 * all, (double) tokens[0], 61.0);
        assertEquals(0.3 * all, (double) tokens[1], 61.0);
        assertEquals(0.2 * all, (double) tokens[2], 61.0);
        Set<List<Integer>> heldOut = new HashSet<>();
        data.heldOut().forEach(s -> heldOut.add(Arrays.stream(s.ids()).boxed().toList()));
        data.training()
                .forEach(s -> assertTrue(
                        heldOut.add(Arrays.stream(s.ids()).boxed().toList()), "a text is in both, or twice"));
    }

    @Test
    void ofEverySourceATextButNoMoreThanATenthIsHeldOutByDefault() {
        for (OptionalLong most : List.of(OptionalLong.empty(), tokens(3000))) {
            TrainingData data = draw(List.of(0.9, 0.05, 0.05), List.of(30, 400, 400), most, OptionalInt.empty(), 1);
            int[] texts = new int[3];
            data.heldOut().forEach(s -> texts[source(s.tokens())]++);
            assertTrue(texts[0] >= 1 && texts[0] <= 3 && texts[1] == 1 && texts[2] == 1, Arrays.toString(texts));
        }
    }

    @Test
    void theSeedDecides() {
        List<TrainingData> data = new ArrayList<>();
        for (long seed : new long[] {1, 1, 2}) {
            data.add(draw(
                    seed, Integer.MAX_VALUE, List.of(0.5, 0.5), List.of(40, 50), tokens(300), OptionalInt.of(2), 1));
        }
        assertEquals(data.get(0).sha256(), data.get(1).sha256());
        assertNotEquals(data.get(0).sha256(), data.get(2).sha256());
        assertEquals(order(data.get(0)), order(data.get(1)));
    }

    @Test
    void otherSharesAreOtherData() {
        TrainingData half = draw(List.of(0.5, 0.5), List.of(4, 4), tokens(10_000), OptionalInt.of(0), 1);
        TrainingData less = draw(List.of(0.49, 0.51), List.of(4, 4), tokens(10_000), OptionalInt.of(0), 1);
        assertNotEquals(half.sha256(), less.sha256());
    }

    @Test
    void aSourceOfWhichNothingIsLeftIsNamed() {
        Failure failure = assertThrows(
                Failure.class,
                () -> draw(List.of(0.5, 0.5), List.of(40, 1), OptionalLong.empty(), OptionalInt.of(10), 1));
        assertTrue(failure.oneLine().contains("of 1 texts none is left to train on: 1 held out"), failure.oneLine());
        assertTrue(failure.oneLine().contains("source 1"), failure.oneLine());
    }

    private static List<Integer> order(TrainingData data) {
        List<Integer> order = new ArrayList<>();
        data.order(2, SEED).walk().forEachRemaining((int sample) -> order.add(sample));
        return order;
    }

    private static Map<Integer, Integer> seen(TrainingData data, int epochs) {
        Map<Integer, Integer> seen = new HashMap<>();
        data.order(epochs, SEED).walk().forEachRemaining((int sample) -> seen.merge(sample, 1, Integer::sum));
        return seen;
    }

    private static int source(int tokens) {
        return IntStream.range(0, LENGTHS.length)
                .filter(s -> LENGTHS[s] == tokens)
                .findFirst()
                .orElseThrow();
    }

    private static OptionalLong tokens(long most) {
        return OptionalLong.of(most);
    }

    private TrainingData draw(
            List<Double> shares, List<Integer> texts, OptionalLong tokens, OptionalInt heldOut, int epochs) {
        return draw(SEED, Integer.MAX_VALUE, shares, texts, tokens, heldOut, epochs);
    }

    private TrainingData drawAtMost(
            int samples, List<Double> shares, List<Integer> texts, OptionalInt heldOut, int epochs) {
        return draw(SEED, samples, shares, texts, OptionalLong.empty(), heldOut, epochs);
    }

    private TrainingData draw(
            long seed,
            int samples,
            List<Double> shares,
            List<Integer> texts,
            OptionalLong tokens,
            OptionalInt heldOut,
            int epochs) {
        TokenizerSettings settings = new TokenizerSettings(
                Optional.of("<s>"),
                Optional.of("</s>"),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
        Tokenizer tokenizer = Tokenizer.fromJson(SmallTokenizer.json().toString(), settings);
        opened.add(tokenizer);
        List<Mixture.Source> sources = new ArrayList<>();
        for (int s = 0; s < shares.size(); s++) {
            int length = LENGTHS[s];
            Examples examples = Examples.texts(IntStream.range(0, texts.get(s))
                    .mapToObj(i -> text(i, length))
                    .toList());
            sources.add(new Mixture.Source(examples, shares.get(s), "source " + s));
        }
        TrainingData data = Mixture.draw(
                sources, new Encoder(tokenizer, 128), new Mixture.Limits(samples, tokens, heldOut, epochs), seed);
        opened.add(data);
        return data;
    }

    /** A text of its own for every number up to 2,000, of which so many tokens are read, the one that begins it among them. */
    private static String text(int number, int tokens) {
        StringBuilder text = new StringBuilder(tokens);
        for (int bit = 0; bit < tokens - 1; bit++) {
            text.append(bit < 31 && (number >> bit & 1) == 1 ? 'b' : 'c');
        }
        return text.toString();
    }

    private static TuningSettings settings(int epochs) {
        return new TuningSettings(
                epochs,
                4,
                2,
                new TuningSettings.Rate(1e-3, OptionalInt.empty(), TuningSettings.Fall.LINEAR),
                TrainingSettings.plain(),
                OptionalInt.empty(),
                0,
                SEED);
    }
}
