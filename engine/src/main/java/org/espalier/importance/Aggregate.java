package org.espalier.importance;

import java.util.Locale;

/** How the scores of a group's members become one. */
public enum Aggregate {
    /** The sum of all. */
    SUM,
    /** The sum over their number. */
    MEAN,
    /** The largest. */
    MAX,
    /** The product of all. */
    PROD,
    /** That of the first member. */
    FIRST,
    /** That of the second member, or of the first where it is the only one. */
    SECOND,
    /** That of the member that is executed last. */
    LAST;

    /** One number from the members' numbers, in the members' order. */
    public double of(double[] members) {
        return switch (this) {
            case SUM -> sum(members);
            case MEAN -> sum(members) / members.length;
            case MAX -> max(members);
            case PROD -> product(members);
            case FIRST -> members[0];
            case SECOND -> members[Math.min(1, members.length - 1)];
            case LAST -> members[members.length - 1];
        };
    }

    private static double sum(double[] numbers) {
        double sum = 0;
        for (double number : numbers) {
            sum += number;
        }
        return sum;
    }

    private static double max(double[] numbers) {
        double max = numbers[0];
        for (double number : numbers) {
            max = Math.max(max, number);
        }
        return max;
    }

    private static double product(double[] numbers) {
        double product = 1;
        for (double number : numbers) {
            product *= number;
        }
        return product;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
