package org.espalier.importance;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Function;
import org.espalier.error.Failure;

/**
 * Sequences of token ids that scores are computed on.
 *
 * @param sequences of one length, or given exactly
 * @param writer    how they came to be, if the model wrote them itself
 * @param sources   how many come from each text, in order
 */
public record Calibration(List<int[]> sequences, Optional<Writer> writer, List<Integer> sources) {

    /**
     * What it takes to have a model write the same sequences again.
     *
     * @param seed        of the beginnings and of every token
     * @param temperature divides the logits
     */
    public record Writer(
            @JsonProperty(value = "seed", required = true) long seed,

            @JsonProperty(value = "temperature", required = true)
            double temperature) {}

    public Calibration {
        sequences = List.copyOf(sequences);
        sources = List.copyOf(sources);
    }

    /** All of one source. */
    public Calibration(List<int[]> sequences, Optional<Writer> writer) {
        this(sequences, writer, List.of(sequences.size()));
    }

    /** Sequences of texts. */
    public Calibration(List<int[]> sequences) {
        this(sequences, Optional.empty());
    }

    /**
     * Draws sequences from a text: rows in random order, from each that is long enough a window at a random place; from
     * the whole text if no row is long enough.
     *
     * @param text   rows separated by line breaks
     * @param encode ids of a piece of text, without special tokens
     * @throws Failure if the text has not that many tokens
     */
    public static Calibration draw(
            String text, Function<String, int[]> encode, int samples, int seqLen, long seed, String where) {
        Random random = new Random(seed);
        List<String> rows = new ArrayList<>(
                text.lines().map(String::strip).filter(r -> !r.isEmpty()).toList());
        Collections.shuffle(rows, random);
        List<int[]> drawn = new ArrayList<>();
        for (String row : rows) {
            if (drawn.size() == samples) {
                break;
            }
            // A token is at least one byte in nearly all vocabularies, so most short rows need not be tokenised.
            int[] ids = row.length() < seqLen ? new int[0] : encode.apply(row);
            if (ids.length >= seqLen) {
                drawn.add(window(ids, random.nextInt(ids.length - seqLen + 1), seqLen));
            }
        }
        return drawn.size() == samples
                ? new Calibration(drawn)
                : fromWhole(text, encode, samples, seqLen, random, where);
    }

    private static Calibration fromWhole(
            String text, Function<String, int[]> encode, int samples, int seqLen, Random random, String where) {
        int[] ids = encode.apply(text);
        int windows = ids.length / seqLen;
        if (windows < samples) {
            throw new Failure(
                    "text has " + ids.length + " tokens, too few for " + samples + " sequences of " + seqLen,
                    where,
                    "use a longer text, or smaller --samples or --seq-len");
        }
        List<Integer> order = new ArrayList<>();
        for (int w = 0; w < windows; w++) {
            order.add(w);
        }
        Collections.shuffle(order, random);
        return new Calibration(order.subList(0, samples).stream()
                .map(w -> window(ids, w * seqLen, seqLen))
                .toList());
    }

    private static int[] window(int[] ids, int start, int length) {
        return Arrays.copyOfRange(ids, start, start + length);
    }

    /** Ids in the longest sequence. */
    public int seqLen() {
        return sequences.stream().mapToInt(s -> s.length).max().orElse(0);
    }

    /** Hash of all ids as little-endian 32-bit numbers, sequence by sequence, each after its length. */
    public String sha256() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (int[] ids : sequences) {
                ByteBuffer bytes = ByteBuffer.allocate(4 * (ids.length + 1))
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(ids.length);
                Arrays.stream(ids).forEach(bytes::putInt);
                digest.update(bytes.array());
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
