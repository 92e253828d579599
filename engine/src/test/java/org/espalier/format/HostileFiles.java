package org.espalier.format;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Files that lie, each in one way. */
final class HostileFiles {

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
        files.ggufHeaders();
        files.ggufValues();
        files.ggufTensors();
        files.ggufModels();
        files.configs();
        files.indices();
        return files.cases;
    }

    /** A true safetensors file of two tensors. */
    static byte[] trueSafetensors() {
        return safetensors(TWO + " ".repeat(8), 40);
    }

    static byte[] safetensors(String header, int dataBytes) {
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

    private void ggufHeaders() {
        GgufBuilder llama = GgufBuilder.tinyLlama("llama");
        byte[] whole = llama.build();
        int header = llama.header().length;
        for (int size : new int[] {
            0,
            1,
            3,
            4,
            7,
            8,
            15,
            16,
            23,
            24,
            25,
            31,
            32,
            40,
            60,
            header / 2,
            header - 100,
            header - 8,
            header - 1,
            header,
            header + 40,
            whole.length - 1
        }) {
            add("cut to " + size + " bytes", GGUF, Arrays.copyOf(whole, size));
        }
        gguf("other magic", llama().magic(0x46554748));
        for (int version : new int[] {0, 1, 4, 0x0300_0000, -1}) {
            gguf("version " + version, llama().version(version));
        }
        for (long count : new long[] {HUGE, 1L << 31, 1L << 32, 100_000, -1, Long.MIN_VALUE}) {
            gguf(count + " tensors", llama().tensorCount(count));
            gguf(count + " keys", llama().keyCount(count));
        }
        gguf("a tensor fewer than there are keys for", llama().keyCount(1));
        gguf("key twice", llama().put("llama.block_count", GgufBuilder.UINT32, 1));
        gguf(
                "key of 2^60 bytes",
                llama().rawKey(GgufBuilder.little(8).putLong(HUGE).array()));
        gguf("key of -1 bytes", llama().rawKey(GgufBuilder.little(8).putLong(-1).array()));
        gguf("key that is not UTF-8", llama().rawKey(new byte[] {1, 0, 0, 0, 0, 0, 0, 0, (byte) 0xFF, 0, 0, 0, 0, 0}));
    }

    private void ggufValues() {
        for (int type : new int[] {13, 255, -1, 1 << 30}) {
            gguf("value type " + type, llama().raw("x", type, new byte[8]));
            gguf("array of type " + type, llama().putArray("x", type, 1, new byte[8]));
        }
        for (int type : new int[] {
            GgufBuilder.UINT8,
            GgufBuilder.INT32,
            GgufBuilder.BOOL,
            GgufBuilder.STRING,
            GgufBuilder.ARRAY,
            GgufBuilder.UINT64,
            GgufBuilder.FLOAT64
        }) {
            gguf("array of 2^60 of type " + type, llama().putArray("x", type, HUGE, new byte[16]));
            gguf("array of -1 of type " + type, llama().putArray("x", type, -1, new byte[16]));
            gguf("array of 2^31 of type " + type, llama().putArray("x", type, 1L << 31, new byte[16]));
        }
        gguf(
                "string of 2^60 bytes",
                llama().raw(
                                "x",
                                GgufBuilder.STRING,
                                GgufBuilder.little(8).putLong(HUGE).array()));
        gguf(
                "string that is not UTF-8",
                llama().raw("x", GgufBuilder.STRING, new byte[] {2, 0, 0, 0, 0, 0, 0, 0, (byte) 0xC3, 0x28}));
        gguf(
                "array of strings of 2^60 bytes",
                llama().putArray(
                                "x",
                                GgufBuilder.STRING,
                                1,
                                GgufBuilder.little(8).putLong(HUGE).array()));
        ByteArrayOutputStream words = new ByteArrayOutputStream();
        for (int i = 0; i < 300_000; i++) {
            words.writeBytes(GgufBuilder.string("w"));
        }
        gguf(
                "300,000 words, then a lie",
                llama().putArray("x", GgufBuilder.STRING, 300_000, words.toByteArray())
                        .put("general.alignment", GgufBuilder.UINT32, 3));
        GgufBuilder keys = llama().put("general.alignment", GgufBuilder.UINT32, 3);
        GgufBuilder tensors = llama();
        for (int i = 0; i < 100_000; i++) {
            keys.put(Integer.toString(i), GgufBuilder.UINT8, 1);
            tensors.tensor(Integer.toString(i), 0);
        }
        gguf("100,000 keys and a lie", keys);
        gguf(
                "100,000 empty tensors and a lie",
                tensors.tensor("x", new long[] {1}, GgufBuilder.F32, HUGE, new byte[4]));
        ByteArrayOutputStream nest = new ByteArrayOutputStream();
        for (int i = 0; i < 100_000; i++) {
            nest.writeBytes(
                    GgufBuilder.little(12).putInt(GgufBuilder.ARRAY).putLong(1).array());
        }
        gguf("arrays nested 100,000 deep", llama().putArray("x", GgufBuilder.ARRAY, 1, nest.toByteArray()));
        for (long alignment : new long[] {0, 3, 1L << 31}) {
            gguf("alignment " + alignment, llama().put("general.alignment", GgufBuilder.UINT32, alignment));
        }
        gguf("alignment of 2^63", llama().put("general.alignment", GgufBuilder.UINT64, Long.MIN_VALUE));
        gguf("alignment is a string", llama().putString("general.alignment", "32"));
    }

    private void ggufTensors() {
        gguf("tensor twice", llama().tensor("output_norm.weight", 8));
        gguf("tensor without a place", llama().tensor("blk.0.ffn_gate_exps.weight", 8, 8));
        gguf("tensor of a layer that is not there", llama().tensor("blk.1.attn_norm.weight", 8));
        gguf("name with line breaks", llama().tensor("a\nb\u2028c", 8));
        first("five dimensions", new long[] {8, 5, 1, 1, 1}, GgufBuilder.F32, null);
        first("dimensions overflow", new long[] {1L << 32, 1L << 32}, GgufBuilder.F32, null);
        first("bytes overflow", new long[] {1L << 62, 1}, GgufBuilder.F32, null);
        first("dimension of 2^60", new long[] {HUGE}, GgufBuilder.F32, null);
        first("negative dimension", new long[] {-8, 5}, GgufBuilder.F32, null);
        first("two negative dimensions", new long[] {-8, -5}, GgufBuilder.F32, null);
        first("rows that are not whole blocks", new long[] {8, 4}, GgufBuilder.Q8_0, null);
        first("larger than what follows", new long[] {8, 9}, GgufBuilder.F32, null);
        for (int type : new int[] {4, 5, 10, 11, 16, 29, 31, 34, 39, 1000, -1}) {
            first("tensor type " + type, new long[] {8, 5}, type, null);
        }
        for (long offset : new long[] {1, 32, 64, HUGE, -32, Long.MIN_VALUE}) {
            first("offset " + offset, new long[] {8, 5}, GgufBuilder.F32, offset);
        }
        gguf("overlap", llama().tensor("blk.0.attn_q.bias", new long[] {8}, GgufBuilder.F32, 0L, new byte[32]));
        gguf("hole", llama().tensor("blk.0.attn_q.bias", new long[] {8}, GgufBuilder.F32, 8192L, new byte[32]));
        gguf("other alignment than it says", llama().put("general.alignment", GgufBuilder.UINT32, 64));
        gguf("query rows that are not whole heads", llama().tensor("blk.0.attn_q.bias", 7));
    }

    private void ggufModels() {
        gguf("no architecture", new GgufBuilder().tensor("token_embd.weight", 8, 5));
        gguf("architecture is a number", new GgufBuilder().put("general.architecture", GgufBuilder.UINT32, 1));
        gguf("another architecture", GgufBuilder.tinyLlama("falcon"));
        gguf("no sizes", new GgufBuilder().putString("general.architecture", "llama"));
        gguf("no embedding", new GgufBuilder().rawKey(sizesOnly()).keyCount(8));
        gguf("no layers", sized(0, 2, 4));
        gguf("2^32 - 1 layers", sized(0xFFFF_FFFFL, 2, 4));
        gguf("a million layers", sized(1_000_000, 2, 4));
        gguf("2^31 heads", sized(1, 1L << 31, 4));
        gguf("more heads than rows", sized(1, 4, 4));
        gguf("heads of odd size", sized(1, 2, 3));
        gguf("heads of size 0", sized(1, 2, 0));
        gguf(
                "heads for two layers of one",
                GgufBuilder.sizes("llama")
                        .put("llama.block_count", GgufBuilder.UINT32, 1)
                        .putInts("llama.attention.head_count", 2, 2)
                        .put("llama.feed_forward_length", GgufBuilder.UINT32, 16));
        gguf(
                "negative heads",
                GgufBuilder.sizes("llama")
                        .put("llama.block_count", GgufBuilder.UINT32, 1)
                        .putInts("llama.attention.head_count", -2)
                        .put("llama.feed_forward_length", GgufBuilder.UINT32, 16));
        gguf(
                "heads as text",
                GgufBuilder.sizes("llama")
                        .put("llama.block_count", GgufBuilder.UINT32, 1)
                        .putString("llama.attention.head_count", "2")
                        .put("llama.feed_forward_length", GgufBuilder.UINT32, 16));
        gguf("values of another size than keys", llama().put("llama.attention.value_length", GgufBuilder.UINT32, 8));
        gguf("partial rotation", llama().put("llama.rope.dimension_count", GgufBuilder.UINT32, 2));
        gguf("frequency base is not a number", llama().putFloat("llama.rope.freq_base", Float.NaN));
        gguf("frequency base as text", llama().putString("llama.rope.freq_base", "1e4"));
        gguf("unknown rotary scaling", llama().putString("llama.rope.scaling.type", "yarn"));
        gguf("linear scaling by nothing", llama().putString("llama.rope.scaling.type", "linear"));
        gguf("frequencies of the wrong number", llama().tensor("rope_freqs.weight", 3));
        gguf("frequencies of zero", llama().tensor("rope_freqs.weight", 2));
        gguf("token id as text", llama().putString("tokenizer.ggml.eos_token_id", "2"));
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
        index("tensor that the shard lacks", "{\"weight_map\": {\"x\": \"" + SHARD + "\", \"y\": \"" + SHARD + "\"}}");
        index("tensor that the index lacks", "{\"weight_map\": {\"y\": \"" + SHARD + "\"}}");
        index("tensor twice", "{\"weight_map\": {\"x\": \"" + SHARD + "\", \"x\": \"" + SHARD + "\"}}");
    }

    private static GgufBuilder llama() {
        return GgufBuilder.tinyLlama("llama");
    }

    private static GgufBuilder sized(long layers, long heads, int headDim) {
        return new GgufBuilder()
                .putString("general.architecture", "llama")
                .put("llama.embedding_length", GgufBuilder.UINT32, 8)
                .put("llama.context_length", GgufBuilder.UINT32, 64)
                .putFloat("llama.attention.layer_norm_rms_epsilon", 1e-5f)
                .put("llama.attention.key_length", GgufBuilder.UINT32, headDim)
                .put("llama.block_count", GgufBuilder.UINT32, layers)
                .put("llama.attention.head_count", GgufBuilder.UINT32, heads)
                .put("llama.feed_forward_length", GgufBuilder.UINT32, 16)
                .tensor("token_embd.weight", 8, 5)
                .layer(0, 2, 1, 16);
    }

    /** The metadata of {@link #sized}, eight keys, with no tensor to go with them. */
    private static byte[] sizesOnly() {
        byte[] header = sized(1, 2, 4).header();
        int tensors = header.length;
        byte[] mark = GgufBuilder.string("token_embd.weight");
        for (int i = 0; i < header.length - mark.length; i++) {
            if (Arrays.equals(header, i, i + mark.length, mark, 0, mark.length)) {
                tensors = i;
            }
        }
        return Arrays.copyOfRange(header, 24, tensors);
    }

    private void gguf(String name, GgufBuilder builder) {
        add(name, GGUF, builder.build());
    }

    private void first(String name, long[] dims, int type, Long offset) {
        gguf(name, llama().firstTensor("token_embd.weight", dims, type, offset, new byte[160]));
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
