package org.espalier.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.random.RandomGenerator;

/** Numbers and texts that readers forget. */
final class OddValues {

    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private static final long[] WHOLE = {
        0,
        1,
        -1,
        2,
        3,
        7,
        8,
        64,
        127,
        128,
        255,
        256,
        4096,
        65535,
        65536,
        1 << 20,
        1 << 24,
        (1 << 24) + 1,
        Integer.MAX_VALUE,
        Integer.MIN_VALUE,
        1L << 31,
        1L << 32,
        (1L << 32) + 1,
        1L << 53,
        1L << 60,
        1L << 62,
        Long.MAX_VALUE,
        Long.MIN_VALUE
    };
    private static final String[] OTHERS = {
        "0.5",
        "-0.0",
        "1e-320",
        "3.5e38",
        "1e308",
        "1e309",
        "-1e400",
        "1e999999999",
        "1e-999999999",
        "2.0",
        "0.1e1",
        "18446744073709551616",
        "99999999999999999999999999999999999999"
    };
    private static final String[] TEXTS = {
        "",
        " ",
        "\0",
        "\n",
        "\r\n",
        "\u001b[31m",
        "\u2028",
        "\u202e",
        "\ud83d\ude00",
        "\ud800",
        "\udc00x",
        "\ufeff",
        "a\u0301",
        "\ufffd",
        "../x",
        "/etc/passwd",
        "a/b",
        "con",
        "null",
        "true",
        "-1",
        "1e9",
        "%s%n",
        "{}",
        "[]",
        "'",
        "\"",
        "\\",
        "$1",
        "(((",
        "[a",
        "(a+)+b",
        "a{1000000}",
        "<b>&",
        "__proto__",
        "ß",
        "İ",
        "\u0130I\u0131i",
        "\u2581",
        "<0x00>"
    };

    private OddValues() {}

    static long whole(RandomGenerator random) {
        return random.nextInt(6) == 0 ? random.nextLong() >> random.nextInt(64) : WHOLE[random.nextInt(WHOLE.length)];
    }

    static JsonNode number(RandomGenerator random) {
        if (random.nextInt(3) > 0) {
            return NODES.numberNode(whole(random));
        }
        String other = OTHERS[random.nextInt(OTHERS.length)];
        return other.matches("[0-9]+")
                ? NODES.numberNode(new BigInteger(other))
                : NODES.numberNode(new BigDecimal(other));
    }

    /** Now and then a long one. */
    static String text(RandomGenerator random) {
        String text = TEXTS[random.nextInt(TEXTS.length)];
        return switch (random.nextInt(20)) {
            case 0 -> text.repeat(1 + random.nextInt(3000));
            case 1, 2 -> "x" + text + "y";
            case 3 -> Character.toString(randomCharacter(random)).repeat(1 + random.nextInt(5));
            default -> text;
        };
    }

    private static int randomCharacter(RandomGenerator random) {
        int point = random.nextInt(random.nextBoolean() ? 0x3000 : Character.MAX_CODE_POINT + 1);
        return Character.getType(point) == Character.SURROGATE ? 'x' : point;
    }

    /** A value of any kind. */
    static JsonNode any(RandomGenerator random) {
        return switch (random.nextInt(8)) {
            case 0 -> NODES.nullNode();
            case 1 -> NODES.booleanNode(random.nextBoolean());
            case 2, 3 -> number(random);
            case 4 -> NODES.arrayNode();
            case 5 -> NODES.objectNode();
            default -> NODES.textNode(text(random));
        };
    }
}
