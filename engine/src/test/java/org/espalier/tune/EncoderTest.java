package org.espalier.tune;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;
import org.espalier.Allocated;
import org.espalier.Shared;
import org.espalier.backend.LossOps;
import org.espalier.text.SmallTokenizer;
import org.espalier.text.Tokenizer;
import org.espalier.text.TokenizerSettings;
import org.espalier.tune.Example.Part;
import org.junit.jupiter.api.Test;

/** What counts of a text's tokens. The small vocabulary is {@code <unk> <s> </s> a b ab}, numbered from 0. */
class EncoderTest {

    private static final int NO = LossOps.IGNORED;
    private static final int BEGIN = 1;
    private static final int END = 2;
    private static final int A = 3;
    private static final int B = 4;
    private static final int AB = 5;

    @Test
    void onlyTheAnswerAndTheEndCount() {
        assertSamples(100, true, Example.answer("b", "a"), sample(ids(BEGIN, B, A), ids(NO, A, END)));
    }

    @Test
    void aTokenThatJoinsPromptAndAnswerDoesNotCount() {
        assertSamples(100, true, Example.answer("a", "ba"), sample(ids(BEGIN, AB, A), ids(NO, A, END)));
    }

    @Test
    void theEndIsPutThereOnceAndOnlyWhereItFits() {
        Example example = Example.answer("b", "aa");
        for (boolean framing : new boolean[] {true, false}) {
            int[] begun = framing ? ids(BEGIN) : ids();
            int[] skipped = framing ? ids(NO) : ids();
            int whole = 4 + begun.length;
            assertSamples(whole, framing, example, sample(join(begun, B, A, A), join(skipped, A, A, END)));
            assertSamples(whole - 1, framing, example, sample(join(begun, B, A), join(skipped, A, A)));
        }
    }

    @Test
    void aPromptThatFillsTheCutoffLeavesNothing() {
        Example example = Example.answer("bbb", "a");
        assertSamples(4, true, example);
        assertSamples(5, true, example, sample(ids(BEGIN, B, B, B), ids(NO, NO, NO, A)));
    }

    @Test
    void aTextIsCutIntoWindowsOfWhichEachTokenCountsOnce() {
        assertSamples(3, true, Example.text("abab"), sample(ids(BEGIN, AB), ids(AB, AB)), sample(ids(AB), ids(END)));
        assertSamples(
                2,
                true,
                Example.text("ba"),
                sample(ids(BEGIN), ids(B)),
                sample(ids(B), ids(A)),
                sample(ids(A), ids(END)));
        assertSamples(100, true, Example.text("ba"), sample(ids(BEGIN, B, A), ids(B, A, END)));
    }

    @Test
    void answersBetweenPromptsCountAndNothingElse() {
        Example turns = new Example(
                List.of(
                        new Part("b", false),
                        new Part("b", true),
                        new Part("b", false),
                        new Part("a", true),
                        new Part("b", false)),
                false);
        // The last two parts are one token, which is not the answer's alone.
        assertSamples(100, true, turns, sample(ids(B, B, B), ids(B, NO, NO)));
    }

    @Test
    void nothingIsLearntFromASingleToken() {
        assertSamples(100, false, new Example(List.of(new Part("a", true)), false));
        assertThrows(IllegalArgumentException.class, () -> new Encoder(null, 1));
    }

    /** With a real vocabulary: the tokens that count, put together, are the answer. */
    @Test
    void whatCountsIsTheAnswer() {
        Random random = new Random(4);
        String letters = "ab 1.\nÄé€#";
        try (Tokenizer tokenizer = Tokenizer.open(Shared.path("models/smollm2-135m"))) {
            Encoder encoder = new Encoder(tokenizer, 256);
            for (int round = 0; round < 200; round++) {
                String prompt = AlpacaTemplate.prompt(
                        "Say " + text(random, letters), text(random, letters).strip());
                String answer = "T" + text(random, letters);
                Sample sample = encoder.samples(Example.answer(prompt, answer)).getFirst();
                int[] counted =
                        Arrays.stream(sample.targets()).filter(t -> t != NO).toArray();
                assertEquals(answer, tokenizer.decode(counted, true));
                assertEquals(tokenizer.eosIds().getFirst(), counted[counted.length - 1]);
                assertTrue(
                        prompt.startsWith(tokenizer.decode(
                                Arrays.copyOf(sample.ids(), sample.tokens() + 1 - counted.length), true)),
                        prompt);
            }
        }
    }

    /** What is behind the cutoff is not encoded again and again. */
    @Test
    void conversationsTakeWorkThatGrowsWithTheirLength() {
        try (Tokenizer tokenizer = Tokenizer.fromJson(SmallTokenizer.json().toString(), TokenizerSettings.NONE)) {
            Encoder encoder = new Encoder(tokenizer, 64);
            long less = Allocated.by(
                    () -> assertEquals(1, encoder.samples(conversation(400)).size()));
            long more = Allocated.by(
                    () -> assertEquals(1, encoder.samples(conversation(800)).size()));
            assertTrue(more < 2.6 * less, more + " bytes for twice the conversation of " + less);
        }
    }

    private static Example conversation(int turns) {
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < turns; i++) {
            parts.add(new Part("bbbb", false));
            parts.add(new Part("aaaa", true));
        }
        return new Example(parts, true);
    }

    private static String text(Random random, String letters) {
        return random.ints(1 + random.nextInt(12), 0, letters.length())
                .mapToObj(i -> letters.substring(i, i + 1))
                .collect(Collectors.joining());
    }

    private static void assertSamples(int cutoff, boolean framing, Example example, Sample... expected) {
        ObjectNode json = SmallTokenizer.json();
        if (!framing) {
            json.remove("post_processor");
        }
        try (Tokenizer tokenizer = Tokenizer.fromJson(
                json.toString(),
                new TokenizerSettings(
                        Optional.of("<s>"),
                        Optional.of("</s>"),
                        List.of(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty()))) {
            List<Sample> samples = new Encoder(tokenizer, cutoff).samples(example);
            assertEquals(expected.length, samples.size());
            for (int i = 0; i < expected.length; i++) {
                assertArrayEquals(expected[i].ids(), samples.get(i).ids(), "ids of sample " + i);
                assertArrayEquals(expected[i].targets(), samples.get(i).targets(), "targets of sample " + i);
            }
        }
    }

    private static Sample sample(int[] ids, int[] targets) {
        return new Sample(ids, targets);
    }

    private static int[] ids(int... ids) {
        return ids;
    }

    private static int[] join(int[] first, int... more) {
        int[] all = Arrays.copyOf(first, first.length + more.length);
        System.arraycopy(more, 0, all, first.length, more.length);
        return all;
    }
}
