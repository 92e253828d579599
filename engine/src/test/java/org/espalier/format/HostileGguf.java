package org.espalier.format;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** GGUF files that lie, each in one way. */
final class HostileGguf {

    private static final long HUGE = 1L << 60;

    private final List<HostileFiles.Case> cases = new ArrayList<>();

    private HostileGguf() {}

    static List<HostileFiles.Case> all() {
        HostileGguf files = new HostileGguf();
        files.headers();
        files.values();
        files.tensors();
        files.models();
        return files.cases;
    }

    private void headers() {
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
            add("cut to " + size + " bytes", Arrays.copyOf(whole, size));
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

    private void values() {
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

    private void tensors() {
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

    private void models() {
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
        add(name, builder.build());
    }

    private void first(String name, long[] dims, int type, Long offset) {
        gguf(name, llama().firstTensor("token_embd.weight", dims, type, offset, new byte[160]));
    }

    private void add(String name, byte[] content) {
        cases.add(new HostileFiles.Case(name, HostileFiles.GGUF, content));
    }
}
