package org.espalier.report;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import org.espalier.report.Comparison.Stage;

/**
 * One quantity at every stage of a run, ready to be read: what tables and pictures of all kinds are made from.
 *
 * @param label  what is measured
 * @param note   how, or empty
 * @param kind   how numbers and changes are written
 * @param values one a stage, null where it was not measured
 * @param ratios to the first stage, one a stage, where they were measured better than by dividing values; null elsewhere
 */
public record Measure(String label, String note, Kind kind, List<Double> values, List<Double> ratios) {

    /** Kinds of quantities. */
    public enum Kind {
        COUNT(Figures::count, Figures::change, false),
        OPERATIONS(Figures::compact, Figures::change, false),
        BYTES(Figures::bytes, Figures::change, false),
        SPEED(Figures::significant, Figures::times, true),
        PERPLEXITY(Figures::significant, Figures::times, false),
        LOSS(Figures::loss, null, false);

        private final Function<Double, String> value;
        private final Function<Double, String> change;
        private final boolean moreIsBetter;

        Kind(Function<Double, String> value, Function<Double, String> change, boolean moreIsBetter) {
            this.value = value;
            this.change = change;
            this.moreIsBetter = moreIsBetter;
        }

        boolean moreIsBetter() {
            return moreIsBetter;
        }
    }

    /** What stands where nothing was measured. */
    static final String NOTHING = "–";

    /** What was measured at one stage at least, in the order of the table. */
    public static List<Measure> of(Comparison run) {
        List<Measure> all = new ArrayList<>();
        all.add(of(run, "parameters", "", Kind.COUNT, s -> real(s.parameters()), s -> null));
        all.add(of(
                run,
                "MACs per token",
                note(run, "macs_per_token"),
                Kind.OPERATIONS,
                s -> real(s.macsPerToken()),
                s -> null));
        all.add(of(run, "weights", note(run, "weight_bytes"), Kind.BYTES, s -> real(s.weightBytes()), s -> null));
        all.add(of(run, "memory", note(run, "memory_bytes"), Kind.BYTES, s -> real(s.memoryBytes()), s -> null));
        all.add(of(
                run,
                "reading, tokens/s",
                note(run, "prefill_tokens_per_second"),
                Kind.SPEED,
                Stage::prefillTokensPerSecond,
                Stage::prefillRatio));
        all.add(of(
                run,
                "writing, tokens/s",
                note(run, "decode_tokens_per_second"),
                Kind.SPEED,
                Stage::decodeTokensPerSecond,
                Stage::decodeRatio));
        run.stages().stream()
                .flatMap(s -> s.perplexities().keySet().stream())
                .distinct()
                .forEach(text -> all.add(perplexity(run, text)));
        all.add(of(run, "held-out loss", note(run, "held_out_loss"), Kind.LOSS, Stage::heldOutLoss, s -> null));
        return all.stream()
                .filter(m -> m.values.stream().anyMatch(Objects::nonNull))
                .toList();
    }

    private static Measure perplexity(Comparison run, String text) {
        TreeSet<String> protocols = new TreeSet<>();
        run.stages().stream()
                .map(s -> s.perplexities().get(text))
                .filter(Objects::nonNull)
                .forEach(p -> protocols.add(protocol(p)));
        return of(
                run,
                "perplexity on " + text,
                String.join("; ", protocols),
                Kind.PERPLEXITY,
                s -> s.perplexities().containsKey(text)
                        ? s.perplexities().get(text).ppl()
                        : null,
                s -> null);
    }

    private static String protocol(Comparison.Perplexity measured) {
        return "%s, %,d × %,d ids, %,d predicted"
                .formatted(measured.protocol(), measured.windows(), measured.seqLen(), measured.predictions());
    }

    private static Measure of(
            Comparison run,
            String label,
            String note,
            Kind kind,
            Function<Stage, Double> value,
            Function<Stage, Double> ratio) {
        return new Measure(label, note, kind, list(run, value), list(run, ratio));
    }

    /** Lists of the library do not take null. */
    private static List<Double> list(Comparison run, Function<Stage, Double> of) {
        List<Double> list = new ArrayList<>();
        run.stages().forEach(s -> list.add(of.apply(s)));
        return Collections.unmodifiableList(list);
    }

    private static Double real(Long whole) {
        return whole == null ? null : whole.doubleValue();
    }

    private static String note(Comparison run, String key) {
        return run.protocols().getOrDefault(key, "");
    }

    /** The value at a stage as text. */
    public String value(int stage) {
        return values.get(stage) == null ? NOTHING : kind.value.apply(values.get(stage));
    }

    /** The value at a stage as short text. */
    String brief(int stage) {
        return kind == Kind.COUNT && values.get(stage) != null ? Figures.compact(values.get(stage)) : value(stage);
    }

    /** How far a stage is from the first, as text; empty for the first and where there is nothing to compare. */
    public String change(int stage) {
        if (stage == 0 || values.get(stage) == null || values.getFirst() == null) {
            return "";
        }
        return kind.change == null
                ? Figures.difference(values.get(stage) - values.getFirst())
                : ratio(stage).map(kind.change).orElse("");
    }

    /** A stage's value over the first's; empty where there is none. */
    Optional<Double> ratio(int stage) {
        if (ratios.get(stage) != null) {
            return Optional.of(ratios.get(stage));
        }
        Double first = values.getFirst();
        return first == null || values.get(stage) == null || first == 0
                ? Optional.empty()
                : Optional.of(values.get(stage) / first);
    }

    /** Whether this was measured at the first stage and a later one. */
    boolean compares() {
        return values.getFirst() != null && values.stream().skip(1).anyMatch(Objects::nonNull);
    }

    /** The first of {@code measures} that is wanted and compares stages. */
    static Optional<Measure> first(List<Measure> measures, Predicate<Measure> wanted) {
        return measures.stream().filter(wanted).filter(Measure::compares).findFirst();
    }
}
