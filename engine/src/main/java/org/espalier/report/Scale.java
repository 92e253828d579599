package org.espalier.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.stream.DoubleStream;

/**
 * Where numbers lie along an axis.
 *
 * @param low         number at its start
 * @param high        number at its end
 * @param logarithmic whether equal distances are equal ratios
 * @param ticks       round numbers to mark, all within
 */
record Scale(double low, double high, boolean logarithmic, List<Double> ticks) {

    private static final double WIDE = 30;
    private static final double[] STEPS = {1, 2, 2.5, 5, 10};
    private static final int MOST_POWERS = 7;

    /**
     * Equal distances, from about {@code low} to about {@code high}, with at most so many ticks: none where the distance is
     * beyond what a double can hold, or next to nothing.
     */
    static Scale linear(double low, double high, int ticks) {
        double room = high > low ? 0 : Math.max(1e-3, Math.abs(high) * 0.05);
        double begin = low - room;
        double end = high + room;
        double rough = (end - begin) / ticks;
        double power = Math.pow(10, Math.floor(Math.log10(rough)));
        OptionalDouble step = DoubleStream.of(STEPS)
                .map(s -> s * power)
                .filter(s -> s >= rough * (1 - 1e-9) && s > 0 && Double.isFinite(s))
                .findFirst();
        return new Scale(
                begin, end, false, step.isPresent() ? marks(begin, end, step.getAsDouble(), ticks) : List.of());
    }

    /** Multiples of {@code step}. Far from zero the next number may be the same one: there is an end to them all the same. */
    private static List<Double> marks(double begin, double end, double step, int most) {
        double first = Math.ceil(begin / step - 1e-9);
        List<Double> marks = new ArrayList<>();
        for (int i = 0; i <= most && (first + i) * step <= end + step * 1e-9; i++) {
            marks.add((first + i) * step);
        }
        return marks;
    }

    /** As {@link #linear}, with room beyond the least and the greatest number. */
    static Scale padded(double... numbers) {
        double least = DoubleStream.of(numbers).min().orElseThrow();
        double most = DoubleStream.of(numbers).max().orElseThrow();
        double room = (most - least) * 0.08;
        return linear(least - room, most + room, 6);
    }

    /** As {@link #linear}, for whole numbers that are counted. */
    static Scale counts(int low, int high, int ticks) {
        Scale scale = linear(low, high, ticks);
        return new Scale(
                scale.low,
                scale.high,
                false,
                scale.ticks.stream().filter(t -> t == Math.rint(t)).toList());
    }

    /** Numbers of importance: logarithmic where they spread widely and none is negative, else from zero. */
    static Scale spread(double... numbers) {
        double least = DoubleStream.of(numbers).filter(n -> n > 0).min().orElse(0);
        double most = DoubleStream.of(numbers).max().orElse(1);
        boolean negative = DoubleStream.of(numbers).anyMatch(n -> n < 0);
        if (negative || least == 0 || most < least * WIDE) {
            return linear(negative ? DoubleStream.of(numbers).min().orElseThrow() : 0, Math.max(most, 0), 5);
        }
        return powers(least, most);
    }

    private static Scale powers(double least, double most) {
        int first = (int) Math.floor(Math.log10(least));
        int last = (int) Math.ceil(Math.log10(most));
        int stride = Math.ceilDiv(last - first, MOST_POWERS);
        List<Double> marks = new ArrayList<>();
        for (int power = first; power <= last; power += stride) {
            marks.add(Math.pow(10, power));
        }
        return new Scale(Math.pow(10, first), Math.pow(10, last), true, marks);
    }

    /** From 0 at the start to 1 at the end; what lies beyond is put at the nearer end, zero on a logarithmic axis too. */
    double at(double number) {
        double share = logarithmic
                ? Math.log(Math.max(number, low) / low) / Math.log(high / low)
                : (number - low) / (high - low);
        return Math.clamp(share, 0, 1);
    }

    /** A tick's number as text. */
    String text(double tick) {
        if (logarithmic) {
            return "10" + superscript(Math.round(Math.log10(tick)));
        }
        double step = ticks.size() > 1 ? ticks.get(1) - ticks.get(0) : Math.abs(tick);
        int decimals = step == 0 ? 0 : (int) Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
        boolean half = Math.abs(step * Math.pow(10, decimals) - Math.rint(step * Math.pow(10, decimals))) > 1e-6;
        double shown = Math.abs(tick) < Math.abs(step) / 2 ? 0 : tick;
        return String.format(Locale.ROOT, "%,." + (half ? decimals + 1 : decimals) + "f", shown)
                .replace('-', '\u2212');
    }

    private static String superscript(long power) {
        StringBuilder raised = new StringBuilder();
        Long.toString(power).chars().forEach(c -> raised.append(c == '-' ? '\u207B' : "⁰¹²³⁴⁵⁶⁷⁸⁹".charAt(c - '0')));
        return raised.toString();
    }
}
