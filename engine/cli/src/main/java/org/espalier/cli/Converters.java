package org.espalier.cli;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.espalier.job.BudgetSettings;
import org.espalier.job.ComputeSettings.Device;
import org.espalier.job.GroupShare;
import org.espalier.job.LayerRange;
import org.espalier.job.ServeSettings;
import org.espalier.job.Target;
import org.espalier.plan.LatencyTable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Option values with bounds, refused before a command starts. */
final class Converters {

    private Converters() {}

    /** A whole number from 1. */
    static final class Positive implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String value) {
            return whole(value, 1, Integer.MAX_VALUE);
        }
    }

    /** A whole number from 1 that may be larger than any array. */
    static final class Count implements ITypeConverter<Long> {
        @Override
        public Long convert(String value) {
            try {
                long number = Long.parseLong(value);
                if (number > 0) {
                    return number;
                }
            } catch (NumberFormatException e) {
                // Said below.
            }
            throw new TypeConversionException("'" + value + "' is not a whole number from 1 to " + Long.MAX_VALUE);
        }
    }

    /** A number of threads. */
    static final class Threads implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String value) {
            return whole(value, 1, 1024);
        }
    }

    /** A port to listen on; 0 stands for any. */
    static final class Port implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String value) {
            return whole(value, 0, 65535);
        }
    }

    /** Answers that are written at once. */
    static final class Together implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String value) {
            return whole(value, 1, ServeSettings.MOST_TOGETHER);
        }
    }

    /** The size of something that is kept in memory whole. */
    static final class Body implements ITypeConverter<Integer> {

        private static final long MOST = 1L << 30;

        @Override
        public Integer convert(String value) {
            long bytes = new Bytes().convert(value);
            if (bytes < 1 || bytes > MOST) {
                throw new TypeConversionException("'" + value + "' is not a size from 1 to 1g");
            }
            return (int) bytes;
        }
    }

    /** The rank of an adapter. */
    static final class Rank implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String value) {
            return whole(value, 1, 4096);
        }
    }

    /** Tokens of a sample: one to read and one to learn at least. */
    static final class Cutoff implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String value) {
            return whole(value, 2, Integer.MAX_VALUE);
        }
    }

    /** A whole number from 0. */
    static final class NotNegative implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String value) {
            return whole(value, 0, Integer.MAX_VALUE);
        }
    }

    /** A finite number from 0. */
    static final class Temperature implements ITypeConverter<Double> {
        @Override
        public Double convert(String value) {
            return within(value, 0, true, Float.MAX_VALUE);
        }
    }

    /** A finite number above 0. */
    static final class AboveZero implements ITypeConverter<Double> {
        @Override
        public Double convert(String value) {
            return within(value, 0, false, Float.MAX_VALUE);
        }
    }

    /** A number above 0, at most 1. */
    static final class Probability implements ITypeConverter<Double> {
        @Override
        public Double convert(String value) {
            return within(value, 0, false, 1);
        }
    }

    /** A share that can be removed. */
    static final class Share implements ITypeConverter<Double> {
        @Override
        public Double convert(String value) {
            return within(value, 0, true, BudgetSettings.MOST);
        }
    }

    /** The share of everything to remove, or {@code NAME=R}, that of a group. */
    static final class Shares implements ITypeConverter<GroupShare> {
        @Override
        public GroupShare convert(String value) {
            int equals = value.lastIndexOf('=');
            if (equals == 0) {
                throw new TypeConversionException(
                        "'" + value + "' names no group: write layers.5.mlp=0.3, for example");
            }
            return new GroupShare(
                    value.substring(0, Math.max(0, equals)),
                    within(value.substring(equals + 1), 0, true, BudgetSettings.MOST));
        }
    }

    /** What a pruned model is to need at most. */
    static final class Targets implements ITypeConverter<Target> {
        @Override
        public Target convert(String value) {
            try {
                return Target.of(value);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    /** What is to be fast. */
    static final class Use implements ITypeConverter<LatencyTable.Use> {

        private static final Pattern BOTH = Pattern.compile("(\\d{1,9})\\+(\\d{1,9})");

        @Override
        public LatencyTable.Use convert(String value) {
            Matcher both = BOTH.matcher(value);
            if (both.matches()) {
                int prompt = Integer.parseInt(both.group(1));
                int generate = Integer.parseInt(both.group(2));
                if (prompt > 0 || generate > 0) {
                    return new LatencyTable.Use(prompt, generate, true);
                }
            }
            return switch (value) {
                case "decode" -> LatencyTable.Use.DECODE;
                case "prefill" -> LatencyTable.Use.PREFILL;
                default ->
                    throw new TypeConversionException("'" + value + "' is not decode, prefill or such as 512+128");
            };
        }
    }

    /** A size in bytes: a whole number, alone or with k, m, g or t for powers of 1024. */
    static final class Bytes implements ITypeConverter<Long> {

        private static final Pattern SIZE = Pattern.compile("(\\d{1,18})([kmgt]?)b?");
        /** By their place the powers of 1024, from the 0th, which has no letter. */
        private static final String LETTERS = " kmgt";

        @Override
        public Long convert(String value) {
            Matcher size = SIZE.matcher(value.toLowerCase(Locale.ROOT));
            if (!size.matches()) {
                throw new TypeConversionException("'" + value + "' is not a size such as 800m or 6g");
            }
            int power = size.group(2).isEmpty() ? 0 : LETTERS.indexOf(size.group(2));
            long unit = 1L << 10 * power;
            long number = Long.parseLong(size.group(1));
            if (number > Long.MAX_VALUE / unit) {
                throw new TypeConversionException("'" + value + "' is more bytes than can be counted");
            }
            return number * unit;
        }
    }

    /** Layers such as {@code 4-27}, {@code 5} or {@code none}. */
    static final class Layers implements ITypeConverter<LayerRange> {
        @Override
        public LayerRange convert(String value) {
            if (value.equals("none")) {
                return LayerRange.NONE;
            }
            if (!value.matches("\\d{1,4}(-\\d{1,4})?")) {
                throw new TypeConversionException("'" + value + "' is not a range of layers such as 4-27, or none");
            }
            String[] ends = value.split("-");
            LayerRange range = new LayerRange(Integer.parseInt(ends[0]), Integer.parseInt(ends[ends.length - 1]));
            if (range.last() < range.first()) {
                throw new TypeConversionException("'" + value + "' ends before it begins");
            }
            return range;
        }
    }

    /** What computes, as far as people choose it. */
    static final class DeviceName implements ITypeConverter<Device> {
        @Override
        public Device convert(String value) {
            return Stream.of(Device.CPU, Device.CUDA, Device.AUTO)
                    .filter(device -> device.name().equalsIgnoreCase(value))
                    .findFirst()
                    .orElseThrow(() -> new TypeConversionException("'" + value + "' is not cpu, cuda or auto"));
        }
    }

    private static int whole(String value, int least, int most) {
        try {
            int number = Integer.parseInt(value);
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        throw new TypeConversionException("'" + value + "' is not a whole number from " + least + " to " + most);
    }

    private static double within(String value, double least, boolean including, double most) {
        try {
            double number = Double.parseDouble(value);
            if ((including ? number >= least : number > least) && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        String bounds = including ? "from 0" : "above 0";
        String end =
                most < Float.MAX_VALUE ? ", at most " + new BigDecimal(Double.toString(most)).stripTrailingZeros() : "";
        throw new TypeConversionException("'" + value + "' is not a number " + bounds + end);
    }
}
