package org.espalier.plan;

import org.espalier.couple.Group.Role;
import org.espalier.couple.Units;
import org.espalier.model.Architectures;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;

/** What the widths of one model are multiples of when units of it go. */
public final class RoundWidths {

    /** A multiple that is more than a tenth of a width is coarse: the ratio that is asked for could not be met. */
    private static final int FINE = 10;
    /** What programs fill up a vocabulary to, so that the product with the head is fast. */
    private static final int TOKENS = 64;

    private final Rounding rounding;
    /** What channels must be a multiple of so that the family's stock class takes them; 1 if anything will do. */
    private final long heads;

    /** Of a model. */
    public RoundWidths(ModelConfig config, Rounding rounding) {
        this.rounding = rounding;
        long[] heads = config.layers().stream()
                .mapToLong(LayerConfig::heads)
                .distinct()
                .toArray();
        boolean divide = Architectures.of(config).headsDivideChannels(config) && heads.length == 1;
        this.heads = divide ? Math.max(1, heads[0]) : 1;
    }

    /** Entries that the width which is left of a group is a multiple of. */
    public int multiple(Units units) {
        if (units.group().role() == Role.EXPERTS) {
            return 1; // Their number is no width of a matrix product.
        }
        long width = (long) units.perSet() * units.width();
        if (units.group().role() == Role.TOKENS) {
            return rounding.yielding() ? largest(TOKENS, 1, width) : rounding.multiple();
        }
        long whole = units.group().role() == Role.CHANNELS ? heads : units.width();
        if (rounding.yielding()) {
            return largest(rounding.multiple(), whole, width);
        }
        long both = multiple(rounding.multiple(), whole);
        boolean headsToo = units.group().role() == Role.CHANNELS && !rounding.anyWidth() && both <= width / FINE;
        return headsToo ? Math.toIntExact(both) : rounding.multiple();
    }

    /** Units of each set of which every number makes a width that is a multiple. */
    static int step(Units units, int multiple) {
        return Math.toIntExact(multiple / gcd(multiple, units.width()));
    }

    /** The least multiple of {@code whole} and of the largest power of two that leaves it fine enough, if any does. */
    private static int largest(int multiple, long whole, long width) {
        long fine = Math.max(whole, width / FINE);
        long power = Integer.highestOneBit(multiple);
        while (multiple(power, whole) > fine) {
            power /= 2;
        }
        return Math.toIntExact(multiple(power, whole));
    }

    private static long multiple(long a, long b) {
        return a / gcd(a, b) * b;
    }

    private static long gcd(long a, long b) {
        return b == 0 ? a : gcd(b, a % b);
    }
}
