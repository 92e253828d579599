package org.espalier.report;

import java.util.Locale;

/** Numbers as people read them: grouped by thousands, with as many digits as mean something, and a real minus sign. */
public final class Figures {

    private static final String[] PREFIXES = {"", "k", "M", "G", "T", "P"};
    private static final double LARGEST_PLAIN = 1e6;

    private Figures() {}

    /** {@code 134,515,008}. */
    static String count(double number) {
        // A page may have ten thousands of these: a formatter takes most of its time.
        if (isSmallCount(number)) {
            return Integer.toString((int) number);
        }
        return String.format(Locale.ROOT, "%,.0f", number);
    }

    /** Whether a number is whole and has at most three digits and no sign: they are all that is written of it. */
    static boolean isSmallCount(double number) {
        return Double.compare(number, 0.0) >= 0 && number < 1000 && number == (int) number;
    }

    /** {@code 106.2 M}. */
    static String compact(double number) {
        return scaled(number, "").stripTrailing();
    }

    /** {@code 269.0 MB}; a megabyte is a million bytes. */
    public static String bytes(double number) {
        return scaled(number, "B");
    }

    private static String scaled(double number, String unit) {
        int prefix = 0;
        double rest = number;
        while (rest >= 999.5 && prefix < PREFIXES.length - 1) {
            rest /= 1000;
            prefix++;
        }
        return (prefix == 0 ? count(rest) : significant(rest)) + " " + PREFIXES[prefix] + unit;
    }

    /** Four digits that mean something: {@code 53.91}, {@code 184.6}, {@code 1,501}. */
    static String significant(double number) {
        double size = Math.abs(number);
        if (size >= LARGEST_PLAIN || size > 0 && size < 1e-3) {
            return minus(String.format(Locale.ROOT, "%.2e", number));
        }
        int decimals = size >= 999.5 ? 0 : size >= 99.95 ? 1 : size >= 9.995 ? 2 : 3;
        return minus(String.format(Locale.ROOT, "%,." + decimals + "f", number));
    }

    /** {@code 20.0}. */
    static String decimal(double number) {
        return minus(String.format(Locale.ROOT, "%,.1f", number));
    }

    /** {@code 2.012}. */
    static String loss(double number) {
        return minus(String.format(Locale.ROOT, "%.3f", number));
    }

    /** {@code +1.268}. */
    static String difference(double number) {
        return minus(String.format(Locale.ROOT, "%+.3f", number));
    }

    /** {@code 63.2 %} of a share of 0.632. */
    static String share(double share) {
        return minus(String.format(Locale.ROOT, "%.1f %%", 100 * share));
    }

    /** {@code +1.5 points}: how far two shares are apart, in hundredths. */
    static String points(double difference) {
        return minus(String.format(Locale.ROOT, "%+.1f points", 100 * difference));
    }

    /** {@code −20.0 %}. */
    static String change(double ratio) {
        return minus(String.format(Locale.ROOT, "%+.1f %%", 100 * (ratio - 1)));
    }

    /** {@code 1.25 ×}. */
    static String times(double ratio) {
        return (ratio < 9.995 ? String.format(Locale.ROOT, "%.2f", ratio) : significant(ratio)) + " ×";
    }

    /** {@code 12.35 ms}, {@code 1.235 s}. */
    static String duration(double seconds) {
        return seconds < 0.9995 ? significant(1000 * seconds) + " ms" : significant(seconds) + " s";
    }

    /** {@code 76.57} of a share of 0.7657: per cent as tables of papers have it. */
    static String perCent(double share) {
        return minus(String.format(Locale.ROOT, "%.2f", 100 * share));
    }

    /** {@code 8.4 s}, {@code 12 min 5 s}. */
    static String seconds(double seconds) {
        if (seconds < 59.95) {
            return String.format(Locale.ROOT, "%.1f s", seconds);
        }
        long whole = Math.round(seconds);
        return whole < 3600
                ? whole / 60 + " min " + whole % 60 + " s"
                : whole / 3600 + " h " + whole % 3600 / 60 + " min";
    }

    /** At most so many characters of a text, of which the last then says that there are more. */
    static String shortened(String text, int most) {
        return text.codePointCount(0, text.length()) <= most
                ? text
                : text.substring(0, text.offsetByCodePoints(0, most - 1)) + "…";
    }

    private static String minus(String number) {
        return number.replace('-', '\u2212');
    }
}
