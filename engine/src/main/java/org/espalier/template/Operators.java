package org.espalier.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/** Python's arithmetic. */
final class Operators {

    private static final int LARGEST_EXPONENT = 1 << 16;

    private Operators() {}

    static Object apply(String operator, Object left, Object right, Budget budget) {
        if (Equality.isNumber(left) && Equality.isNumber(right)) {
            budget.steps(cost(left) + cost(right));
            return number(operator, left, right);
        }
        Object result = switch (operator) {
            case "+" -> add(left, right, budget);
            case "*" -> times(left, right, budget);
            case "%" -> Equality.isText(left) ? percent(left, right, budget) : Absent.VALUE;
            default -> Absent.VALUE;
        };
        if (result != Absent.VALUE) {
            return result;
        }
        if (left instanceof Undefined missing) {
            throw missing.used();
        }
        if (right instanceof Undefined missing) {
            throw missing.used();
        }
        throw new TemplateError(
                "'%s' and '%s' have no operator '%s'".formatted(Types.name(left), Types.name(right), operator));
    }

    private static long cost(Object number) {
        return number instanceof BigInteger big ? big.bitLength() / 64 : 0;
    }

    private static Object percent(Object format, Object values, Budget budget) {
        if (format instanceof SafeText safe) {
            return new SafeText(PercentFormat.format(safe.text(), values, Escaping::escape, budget));
        }
        return PercentFormat.format((String) format, values, text -> text, budget);
    }

    private static Object add(Object left, Object right, Budget budget) {
        if (left instanceof String a && right instanceof String b) {
            budget.characters((long) a.length() + b.length());
            return a + b;
        }
        if (Equality.isText(left) && Equality.isText(right)) {
            return new SafeText(budget.counted(
                    Escaping.escaped(left).text() + Escaping.escaped(right).text()));
        }
        if (left instanceof List<?> a && right instanceof List<?> b) {
            return joined(a, b, budget);
        }
        if (left instanceof Tuple a && right instanceof Tuple b) {
            return new Tuple(joined(a.items(), b.items(), budget));
        }
        return Absent.VALUE;
    }

    private static List<Object> joined(List<?> a, List<?> b, Budget budget) {
        budget.items((long) a.size() + b.size());
        List<Object> all = new ArrayList<>(a);
        all.addAll(b);
        return all;
    }

    private static Object times(Object left, Object right, Budget budget) {
        if (Integers.isInteger(left)) {
            return repeated(right, Integers.index(left), budget);
        }
        return Integers.isInteger(right) ? repeated(left, Integers.index(right), budget) : Absent.VALUE;
    }

    private static Object repeated(Object value, int count, Budget budget) {
        long times = Math.max(0, count);
        return switch (value) {
            case String text -> repeatedText(text, times, budget);
            case SafeText safe -> new SafeText(repeatedText(safe.text(), times, budget));
            case List<?> list -> repeatedItems(list, times, budget);
            case Tuple tuple -> new Tuple(repeatedItems(tuple.items(), times, budget));
            case null, default -> Absent.VALUE;
        };
    }

    private static String repeatedText(String text, long times, Budget budget) {
        budget.characters(text.length() * times);
        return text.isEmpty() ? "" : text.repeat((int) times);
    }

    private static List<Object> repeatedItems(List<?> items, long times, Budget budget) {
        budget.items(items.size() * times);
        List<Object> all = new ArrayList<>();
        for (int i = 0; i < times && !items.isEmpty(); i++) {
            all.addAll(items);
        }
        return all;
    }

    private static Object number(String operator, Object left, Object right) {
        boolean whole = Integers.isInteger(left) && Integers.isInteger(right);
        return switch (operator) {
            case "/" -> divide(left, right);
            case "**" -> power(left, right);
            default -> whole ? whole(operator, left, right) : fraction(operator, Floats.real(left), Floats.real(right));
        };
    }

    private static Object whole(String operator, Object left, Object right) {
        if (Integers.isSmall(left) && Integers.isSmall(right)) {
            long a = Integers.small(left);
            long b = Integers.small(right);
            switch (operator) {
                case "+" -> {
                    long sum = a + b;
                    if (((a ^ sum) & (b ^ sum)) >= 0) {
                        return sum;
                    }
                }
                case "-" -> {
                    long difference = a - b;
                    if (((a ^ b) & (a ^ difference)) >= 0) {
                        return difference;
                    }
                }
                default -> {}
            }
        }
        BigInteger a = Integers.big(left);
        BigInteger b = Integers.big(right);
        return Integers.of(
                switch (operator) {
                    case "+" -> a.add(b);
                    case "-" -> a.subtract(b);
                    case "*" -> a.multiply(b);
                    case "//" -> floor(a, b);
                    case "%" -> a.subtract(floor(a, b).multiply(b));
                    default -> throw new IllegalArgumentException(operator);
                });
    }

    private static BigInteger floor(BigInteger a, BigInteger b) {
        requireNonZero(b.signum() != 0);
        BigInteger[] parts = a.divideAndRemainder(b);
        return parts[1].signum() != 0 && parts[1].signum() != b.signum() ? parts[0].subtract(BigInteger.ONE) : parts[0];
    }

    private static void requireNonZero(boolean nonZero) {
        if (!nonZero) {
            throw new TemplateError("something is divided by 0");
        }
    }

    private static Object fraction(String operator, double a, double b) {
        return switch (operator) {
            case "+" -> a + b;
            case "-" -> a - b;
            case "*" -> a * b;
            case "//" -> floorQuotient(a, b);
            case "%" -> remainder(a, b);
            default -> throw new IllegalArgumentException(operator);
        };
    }

    /** The remainder has the sign of the divisor. */
    private static double remainder(double a, double b) {
        requireNonZero(b != 0);
        double rest = a % b;
        if (rest == 0) {
            return Math.copySign(0.0, b);
        }
        return rest < 0 != b < 0 ? rest + b : rest;
    }

    /** As Python computes it: from the remainder, rounded to the nearest whole number. */
    private static double floorQuotient(double a, double b) {
        requireNonZero(b != 0);
        double rest = a % b;
        double quotient = (a - rest) / b;
        if (rest != 0 && rest < 0 != b < 0) {
            quotient -= 1;
        }
        if (quotient == 0) {
            return Math.copySign(0.0, a / b);
        }
        double floor = Math.floor(quotient);
        return quotient - floor > 0.5 ? floor + 1 : floor;
    }

    private static double divide(Object left, Object right) {
        if (left instanceof Double || right instanceof Double) {
            double divisor = Floats.real(right);
            requireNonZero(divisor != 0);
            return Floats.real(left) / divisor;
        }
        BigInteger a = Integers.big(left);
        BigInteger b = Integers.big(right);
        requireNonZero(b.signum() != 0);
        double quotient =
                a.bitLength() <= 53 && b.bitLength() <= 53 ? a.doubleValue() / b.doubleValue() : exactQuotient(a, b);
        if (Double.isInfinite(quotient)) {
            throw new TemplateError("a quotient is too large");
        }
        return quotient;
    }

    /** Cut far behind what a double holds, with a last digit that says whether something was cut. */
    private static double exactQuotient(BigInteger a, BigInteger b) {
        int shift = Math.max(0, b.bitLength() - a.bitLength() + 80);
        BigInteger[] parts = a.shiftLeft(shift).divideAndRemainder(b);
        BigInteger digits = parts[0].shiftLeft(1);
        if (parts[1].signum() != 0) {
            digits = digits.add(BigInteger.valueOf(a.signum() == b.signum() ? 1 : -1));
        }
        return new BigDecimal(digits)
                .divide(new BigDecimal(BigInteger.TWO.pow(shift + 1)))
                .doubleValue();
    }

    private static Object power(Object left, Object right) {
        if (Integers.isInteger(left) && Integers.isInteger(right)) {
            BigInteger base = Integers.big(left);
            BigInteger exponent = Integers.big(right);
            if (exponent.signum() >= 0) {
                return wholePower(base, exponent);
            }
        }
        double base = Floats.real(left);
        double exponent = Floats.real(right);
        if (base == 0 && exponent < 0) {
            throw new TemplateError("0 is raised to a negative power");
        }
        if (base < 0 && !Double.isInfinite(base) && !Double.isInfinite(exponent) && exponent != Math.rint(exponent)) {
            throw new TemplateError("a negative number is raised to a fraction");
        }
        if (base == 1 || exponent == 0) {
            return 1.0;
        }
        if (base == -1 && Double.isInfinite(exponent)) {
            return 1.0;
        }
        double result = Math.pow(base, exponent);
        if (Double.isInfinite(result) && !Double.isInfinite(base) && !Double.isInfinite(exponent)) {
            throw new TemplateError("a power is too large");
        }
        return result;
    }

    private static Object wholePower(BigInteger base, BigInteger exponent) {
        boolean trivial = base.bitLength() <= 1 && base.abs().compareTo(BigInteger.ONE) <= 0;
        if (trivial) {
            int parity = exponent.testBit(0) ? 1 : 2;
            return Integers.of(base.pow(exponent.signum() == 0 ? 0 : parity));
        }
        if (exponent.bitLength() > 31 || (long) base.bitLength() * exponent.intValue() > 2L * LARGEST_EXPONENT) {
            throw new TemplateError("a number is too large");
        }
        return Integers.of(base.pow(exponent.intValue()));
    }

    static Object negated(Object value) {
        return switch (value) {
            case Double number -> -number;
            case Undefined missing -> throw missing.used();
            case null, default -> Integers.of(requireInteger(value, "-").negate());
        };
    }

    static Object plus(Object value) {
        return switch (value) {
            case Double number -> number;
            case Undefined missing -> throw missing.used();
            case null, default -> Integers.of(requireInteger(value, "+"));
        };
    }

    private static BigInteger requireInteger(Object value, String operator) {
        if (!Integers.isInteger(value)) {
            throw new TemplateError("'" + Types.name(value) + "' has no operator '" + operator + "'");
        }
        return Integers.big(value);
    }
}
