package org.espalier.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Files that lie, each in one way. */
public final class HostileFiles {

    /** A file that must be refused. */
    record Case(String name, String file, byte[] content) {

        @Override
        public String toString() {
            return file + ": " + name;
        }
    }

    static final String SAFETENSORS = "model.safetensors";
    static final String GGUF = "model.gguf";
    static final String CONFIG = "config.json";
    static final String INDEX = "model.safetensors.index.json";
    /** Where {@link #INDEX} cases find their one shard, holding the tensor {@code x}. */
    static final String SHARD = "model-00001-of-00001.safetensors";

    private static final long HUGE = 1L << 60;
    private static final String TWO = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
            + "\"b\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[24,40]}}";

    private final List<Case> cases = new ArrayList<>();

    private HostileFiles() {}

    static List<Case> all() {
        HostileFiles files = new HostileFiles();
        files.safetensorsLengths();
        files.safetensorsHeaders();
        files.safetensorsTensors();
        files.cases.addAll(HostileGguf.all());
        files.configs();
        files.indices();
        return files.cases;
    }

    /** A true safetensors file of two tensors. */
    static byte[] trueSafetensors() {
        return safetensors(TWO + " ".repeat(8), 40);
    }

    /** A file with this header, whether it is true or not. */
    public static byte[] safetensors(String header, int dataBytes) {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer file = ByteBuffer.allocate(8 + json.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(json.length).put(json);
        for (byte i = 0; i < dataBytes; i++) {
            file.put(i);
        }
        return file.array();
    }

    private void safetensorsLengths() {
        byte[] whole = trueSafetensors();
        int header = whole.length - 40;
        for (int size : new int[] {
            0, 1, 7, 8, 9, 10, header / 2, header - 9, header - 1, header, header + 1, header + 24, whole.length - 1
        }) {
            add("cut to " + size + " bytes", SAFETENSORS, Arrays.copyOf(whole, size));
        }
        add("one byte too many", SAFETENSORS, Arrays.copyOf(whole, whole.length + 1));
        for (long length : new long[] {
            0,
            1,
            header - 7,
            header,
            whole.length - 8,
            whole.length - 7,
            100_000_000,
            100_000_001,
            1L << 31,
            1L << 32,
            HUGE,
            Long.MAX_VALUE,
            Long.MIN_VALUE,
            -1
        }) {
            byte[] lie = whole.clone();
            ByteBuffer.wrap(lie).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
            add("header length " + length, SAFETENSORS, lie);
        }
    }

    private void safetensorsHeaders() {
        header("array", "[]");
        header("leading space", " " + TWO);
        header("leading byte order mark", "\uFEFF" + TWO);
        header("text after the end", TWO + "x");
        header("second object", TWO + "{}");
        header("zeros after the end", TWO + "\0\0");
        header("unclosed", TWO.substring(0, TWO.length() - 1));
        header("trailing comma", TWO.replace("}}", "},}"));
        header("single quotes", TWO.replace('"', '\''));
        header("tensor twice", TWO.replace("\"b\"", "\"a\""));
        header("tensor twice, once escaped", TWO.replace("\"b\"", "\"\\u0061\""));
        header("dtype twice", TWO.replace("\"shape\":[2]", "\"dtype\":\"I64\",\"shape\":[2]"));
        header("metadata twice", "{\"__metadata__\":{},\"__metadata__\":{}," + TWO.substring(1));
        header("metadata is an array", "{\"__metadata__\":[]," + TWO.substring(1));
        header("metadata holds a number", "{\"__metadata__\":{\"x\":1}," + TWO.substring(1));
        header("tensor is a number", "{\"z\":1," + TWO.substring(1));
        header("nested 100,000 deep", "{\"a\":" + "[".repeat(100_000));
        header(
                "nested 100,000 deep in an unknown key",
                TWO.replace("\"dtype\":\"I64\"", "\"x\":" + "[".repeat(100_000)));
        header("name of 1,000,000 characters", TWO.replace("\"b\"", "\"" + "b".repeat(1_000_000) + "\""));
        header("string never closed", "{\"" + "a".repeat(1_000_000));
        header("number of 100,000 digits", TWO.replace("40]", "4" + "0".repeat(100_000) + "]"));
        header(
                "control characters in a name",
                TWO.replace("\"b\"", "\"b\\n\\u2028\"").replace("24,40", "23,40"));
        StringBuilder many = new StringBuilder("{");
        for (int i = 0; i < 30_000; i++) {
            many.append("\"").append(i).append("\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},");
        }
        header("30,000 tensors, then a lie", many + TWO.substring(1).replace("[24,40]", "[24,39]"));
        byte[] notUtf8 = trueSafetensors();
        notUtf8[10] = (byte) 0xFF;
        add("not UTF-8", SAFETENSORS, notUtf8);
    }

    private void safetensorsTensors() {
        tensor("unknown type", "\"I64\"", "\"F8_E4M3\"");
        tensor("type in lower case", "\"I64\"", "\"i64\"");
        tensor("type is a number", "\"I64\"", "64");
        tensor("block type", "\"I64\"", "\"Q8_0\"");
        tensor("no type", "\"dtype\":\"I64\",", "");
        tensor("no shape", "\"shape\":[2],", "");
        tensor("no offsets", ",\"data_offsets\":[24,40]", "");
        tensor("narrower type", "\"I64\"", "\"I32\"");
        tensor("larger shape", "[2]", "[3]");
        tensor("negative shape", "[2]", "[-2]");
        tensor("two negative extents", "[2]", "[-1,-2]");
        tensor("fraction in a shape", "[2]", "[2.0]");
        tensor("exponent in a shape", "[2]", "[2e0]");
        tensor("string in a shape", "[2]", "[\"2\"]");
        tensor("null in a shape", "[2]", "[null]");
        tensor("array in a shape", "[2]", "[[2]]");
        tensor("shape is a number", "[2]", "2");
        tensor("shape product overflows to the true size", "[2]", "[4611686018427387906,4]");
        tensor("shape product overflows to zero", "[2]", "[4294967296,4294967296]");
        tensor("size in bytes overflows", "[2]", "[2305843009213693954]");
        tensor("extent beyond 64 bits", "[2]", "[18446744073709551618]");
        tensor("100 extents", "[2]", "[2" + ",1".repeat(99) + "]");
        tensor("100,000 extents", "[2]", "[2" + ",1".repeat(100_000) + "]");
        tensor("one offset", "[24,40]", "[24]");
        tensor("three offsets", "[24,40]", "[24,40,40]");
        tensor("offsets reversed", "[24,40]", "[40,24]");
        tensor("negative offset", "[24,40]", "[-16,0]");
        tensor("offsets beyond the file", "[24,40]", "[40,56]");
        tensor("end of 2^60", "[24,40]", "[24," + HUGE + "]");
        tensor("offsets of 2^63", "[24,40]", "[9223372036854775808,9223372036854775824]");
        tensor("overlap", "[24,40]", "[16,32]");
        tensor(
                "same place",
                "\"I64\",\"shape\":[2],\"data_offsets\":[24,40]",
                "\"I64\",\"shape\":[3],\"data_offsets\":[0,24]");
        tensor("hole at the front", "[0,24]", "[1,25]");
        tensor("offsets are an object", "[24,40]", "{\"begin\":24,\"end\":40}");
        add("hole between tensors", SAFETENSORS, safetensors(TWO.replace("24,40", "32,48"), 48));
        add("bytes that belong to no tensor", SAFETENSORS, safetensors("{}", 40));
    }

    private void configs() {
        config("empty", "");
        config("blank", "  \n ");
        config("array", "[1]");
        config("number", "1");
        config("cut", "{\"hidden_size\": 8");
        config("text after the end", "{} x");
        config("second object", "{}{}");
        config("key twice", "{\"a\": 1, \"a\": 2}");
        config("key twice inside", "{\"a\": {\"b\": 1, \"b\": 2}}");
        config("nested 100,000 deep", "{\"a\":" + "[".repeat(100_000));
        config("objects nested 100,000 deep", "{\"a\":".repeat(100_000));
        config("number of 100,000 digits", "{\"a\": 1" + "0".repeat(100_000) + "}");
        config("string of 20,000,000 characters", "{\"a\": \"" + "x".repeat(20_000_000) + "\"}");
        config("key of 1,000,000 characters", "{\"" + "k".repeat(1_000_000) + "\": 1}");
        config("not a number", "{\"a\": NaN}");
        config("comment", "{/* x */}");
        config("zeros", "\0\0\0\0");
        add("not UTF-8", CONFIG, new byte[] {'{', '"', (byte) 0xC3, 0x28, '"', ':', '1', '}'});
    }

    private void indices() {
        index("empty", "");
        index("no weight_map", "{\"metadata\": {}}");
        index("weight_map is an array", "{\"weight_map\": []}");
        index("weight_map is empty", "{\"weight_map\": {}}");
        index("shard that is not there", "{\"weight_map\": {\"x\": \"other.safetensors\"}}");
        index("shard outside the folder", "{\"weight_map\": {\"x\": \"../" + SHARD + "\"}}");
        index("shard by absolute path", "{\"weight_map\": {\"x\": \"/" + SHARD + "\"}}");
        index("shard with a zero in its name", "{\"weight_map\": {\"x\": \"a\\u0000.safetensors\"}}");
        index("shard with letters no file system may know", "{\"weight_map\": {\"x\": \"\uD83D\uDE00.safetensors\"}}");
        index("shard of another kind", "{\"weight_map\": {\"x\": \"pytorch_model.bin\"}}");
        index("shard is a number", "{\"weight_map\": {\"x\": 1}}");
        index("tensor that the index lacks", "{\"weight_map\": {\"y\": \"" + SHARD + "\"}}");
        index("tensor twice", "{\"weight_map\": {\"x\": \"" + SHARD + "\", \"x\": \"" + SHARD + "\"}}");
    }

    private void header(String name, String json) {
        add(name, SAFETENSORS, safetensors(json, 40));
    }

    private void tensor(String name, String from, String to) {
        header(name, TWO.replace(from, to));
    }

    private void config(String name, String json) {
        add(name, CONFIG, json.getBytes(StandardCharsets.UTF_8));
    }

    private void index(String name, String json) {
        add(name, INDEX, json.getBytes(StandardCharsets.UTF_8));
    }

    private void add(String name, String file, byte[] content) {
        cases.add(new Case(name, file, content));
    }
}
