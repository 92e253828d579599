package org.espalier.report;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * One measure at every stage of a run, ready to be read: what tables and pictures of all kinds are made from.
 *
 * @param name      what is measured
 * @param unit      how numbers and changes are written
 * @param direction which way it gets better
 * @param stages    the measure of each, null where it was not measured
 */
public record MeasureSeries(String name, Unit unit, Direction direction, List<Measure> stages) {

    /** What stands where nothing was measured. */
    static final String NOTHING = "–";

    /** What makes measures of several stages one. */
    private record Identity(String name, Unit unit, Direction direction) {

        static Identity of(Measure measure) {
            return new Identity(measure.name(), measure.unit(), measure.direction());
        }
    }

    /** What was measured at one stage at least, in the order of the stages' measures. */
    public static List<MeasureSeries> of(Comparison run) {
        int count = run.stages().size();
        Map<Identity, List<Measure>> all = new LinkedHashMap<>();
        for (int stage = 0; stage < count; stage++) {
            for (Measure measure : run.stages().get(stage).measures()) {
                all.computeIfAbsent(Identity.of(measure), identity -> new ArrayList<>(Collections.nCopies(count, null)))
                        .set(stage, measure);
            }
        }
        List<MeasureSeries> series = new ArrayList<>();
        all.forEach((identity, stages) -> series.add(new MeasureSeries(
                identity.name(), identity.unit(), identity.direction(), Collections.unmodifiableList(stages))));
        return series.stream()
                .filter(s -> s.stages.stream().anyMatch(MeasureSeries::hasValue))
                .toList();
    }

    boolean is(StandardMeasure standard) {
        return standard.is(name, unit, direction);
    }

    /** The name, with the unit where the numbers do not carry it. */
    public String label() {
        return unit.symbol().isEmpty() ? name : name + ", " + unit.symbol();
    }

    /** How it was measured, or empty; several ways if stages differ. */
    String protocol() {
        Collection<String> protocols = new TreeSet<>();
        stages.stream()
                .filter(Objects::nonNull)
                .map(Measure::protocol)
                .filter(how -> !how.isEmpty())
                .forEach(protocols::add);
        return String.join("; ", protocols);
    }

    /** The value at a stage; empty where none was measured. */
    Optional<Double> number(int stage) {
        return Optional.ofNullable(stages.get(stage)).map(Measure::value);
    }

    /** The value at a stage as text, with its standard error where that is known. */
    public String value(int stage) {
        String error =
                error(stage).map(deviation -> " ± " + unit.text(deviation)).orElse("");
        return number(stage).map(unit::text).map(text -> text + error).orElse(NOTHING);
    }

    /** The standard error at a stage; empty where it is not known. */
    Optional<Double> error(int stage) {
        return Optional.ofNullable(stages.get(stage)).map(Measure::error);
    }

    /** The value at a stage as short text. */
    String brief(int stage) {
        return number(stage)
                .map(unit == Unit.COUNT ? Figures::compact : unit::text)
                .orElse(NOTHING);
    }

    /** How far a stage is from the first, as text; empty for the first and where there is nothing to compare. */
    public String change(int stage) {
        if (stage == 0 || number(stage).isEmpty() || number(0).isEmpty()) {
            return "";
        }
        return unit.change(number(stage).get() - number(0).get(), ratio(stage));
    }

    /** A stage's value over the first's; empty where there is none. */
    Optional<Double> ratio(int stage) {
        if (stages.get(stage) != null && stages.get(stage).ratio() != null) {
            return Optional.of(stages.get(stage).ratio());
        }
        Optional<Double> first = number(0).filter(value -> value != 0);
        return first.flatMap(divisor -> number(stage).map(value -> value / divisor));
    }

    /** Whether this was measured at the first stage and a later one. */
    boolean compares() {
        return hasValue(stages.getFirst()) && stages.stream().skip(1).anyMatch(MeasureSeries::hasValue);
    }

    /** The standard measure among {@code all}, if it compares stages. */
    static Optional<MeasureSeries> first(List<MeasureSeries> all, StandardMeasure standard) {
        return first(all, series -> series.is(standard));
    }

    /** The first of {@code all} that is wanted and compares stages. */
    static Optional<MeasureSeries> first(List<MeasureSeries> all, Predicate<MeasureSeries> wanted) {
        return all.stream().filter(wanted).filter(MeasureSeries::compares).findFirst();
    }

    private static boolean hasValue(Measure measure) {
        return measure != null && measure.value() != null;
    }
}
