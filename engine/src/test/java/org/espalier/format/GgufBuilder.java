package org.espalier.format;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Writes small GGUF files for tests, true or lying: every field can be set to what it must not be. */
public final class GgufBuilder {

    public static final int UINT8 = 0;
    public static final int UINT32 = 4;
    public static final int INT32 = 5;
    public static final int FLOAT32 = 6;
    public static final int BOOL = 7;
    public static final int STRING = 8;
    public static final int ARRAY = 9;
    public static final int UINT64 = 10;
    public static final int FLOAT64 = 12;
    static final int F32 = 0;
    static final int Q8_0 = 8;

    private record TensorInfo(String name, long[] dims, int type, Long offset, byte[] bytes) {}

    private final List<byte[]> keys = new ArrayList<>();
    private final List<TensorInfo> infos = new ArrayList<>();
    private int magic = 0x46554747;
    private int version = 3;
    private Long tensorCount;
    private Long keyCount;
    private int alignment = 32;

    /** A llama of one layer: hidden 8, 2 heads of 4, 1 key/value head, 16 neurons, 5 tokens. */
    public static GgufBuilder tinyLlama(String arch) {
        GgufBuilder gguf = sizes(arch)
                .put(arch + ".attention.head_count", UINT32, 2)
                .put(arch + ".attention.head_count_kv", UINT32, 1)
                .put(arch + ".feed_forward_length", UINT32, 16)
                .put(arch + ".block_count", UINT32, 1);
        return gguf.layer(0, 2, 1, 16);
    }

    /** Everything of {@link #tinyLlama} but the per-layer sizes and the layer. */
    static GgufBuilder sizes(String arch) {
        return new GgufBuilder()
                .putString("general.architecture", arch)
                .put(arch + ".embedding_length", UINT32, 8)
                .put(arch + ".context_length", UINT32, 64)
                .put(arch + ".attention.key_length", UINT32, 4)
                .putFloat(arch + ".attention.layer_norm_rms_epsilon", 1e-5f)
                .put("tokenizer.ggml.bos_token_id", UINT32, 1)
                .tensor("token_embd.weight", 8, 5)
                .tensor("output_norm.weight", 8);
    }

    GgufBuilder layer(int layer, int heads, int kvHeads, int intermediate) {
        String block = "blk." + layer + ".";
        return tensor(block + "attn_norm.weight", 8)
                .tensor(block + "attn_q.weight", 8, 4L * heads)
                .tensor(block + "attn_k.weight", 8, 4L * kvHeads)
                .tensor(block + "attn_v.weight", 8, 4L * kvHeads)
                .tensor(block + "attn_output.weight", 4L * heads, 8)
                .tensor(block + "ffn_norm.weight", 8)
                .tensor(block + "ffn_gate.weight", 8, intermediate)
                .tensor(block + "ffn_up.weight", 8, intermediate)
                .tensor(block + "ffn_down.weight", intermediate, 8);
    }

    GgufBuilder magic(int value) {
        magic = value;
        return this;
    }

    GgufBuilder version(int value) {
        version = value;
        return this;
    }

    GgufBuilder tensorCount(long value) {
        tensorCount = value;
        return this;
    }

    GgufBuilder keyCount(long value) {
        keyCount = value;
        return this;
    }

    /** Lays tensors out at multiples of this, without saying so. */
    GgufBuilder layOutAt(int value) {
        alignment = value;
        return this;
    }

    public GgufBuilder put(String key, int type, long value) {
        return raw(
                key,
                type,
                switch (type) {
                    case UINT8, BOOL -> new byte[] {(byte) value};
                    case UINT64 -> little(8).putLong(value).array();
                    default -> little(4).putInt((int) value).array();
                });
    }

    public GgufBuilder putFloat(String key, float value) {
        return raw(key, FLOAT32, little(4).putFloat(value).array());
    }

    public GgufBuilder putString(String key, String value) {
        return raw(key, STRING, string(value));
    }

    public GgufBuilder putStrings(String key, String... values) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (String value : values) {
            all.writeBytes(string(value));
        }
        return putArray(key, STRING, values.length, all.toByteArray());
    }

    public GgufBuilder putInts(String key, int... values) {
        ByteBuffer bytes = little(4 * values.length);
        for (int value : values) {
            bytes.putInt(value);
        }
        return putArray(key, INT32, values.length, bytes.array());
    }

    /** An array of any announced element type and count. */
    public GgufBuilder putArray(String key, int elementType, long count, byte[] elements) {
        return raw(
                key, ARRAY, concat(little(12).putInt(elementType).putLong(count).array(), elements));
    }

    GgufBuilder raw(String key, int type, byte[] value) {
        keys.add(concat(string(key), concat(little(4).putInt(type).array(), value)));
        return this;
    }

    /** Bytes among the metadata keys, as they are. */
    GgufBuilder rawKey(byte[] bytes) {
        keys.add(bytes);
        return this;
    }

    /** A float32 tensor of zeros; dimensions in the file's order, innermost first. */
    GgufBuilder tensor(String name, long... dims) {
        long elements = 1;
        for (long dim : dims) {
            elements *= dim;
        }
        return tensor(name, dims, F32, null, new byte[(int) (4 * elements)]);
    }

    /** Any tensor; {@code offset} null for the right one. */
    GgufBuilder tensor(String name, long[] dims, int type, Long offset, byte[] bytes) {
        infos.add(new TensorInfo(name, dims, type, offset, bytes));
        return this;
    }

    /** As {@link #tensor(String, long[], int, Long, byte[])}, in place of the first tensor. */
    GgufBuilder firstTensor(String name, long[] dims, int type, Long offset, byte[] bytes) {
        infos.removeFirst();
        infos.addFirst(new TensorInfo(name, dims, type, offset, bytes));
        return this;
    }

    /** The header: everything before the tensors' bytes, unpadded. */
    byte[] header() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(little(24)
                .putInt(magic)
                .putInt(version)
                .putLong(tensorCount == null ? infos.size() : tensorCount)
                .putLong(keyCount == null ? keys.size() : keyCount)
                .array());
        keys.forEach(out::writeBytes);
        long offset = 0;
        for (TensorInfo info : infos) {
            out.writeBytes(string(info.name()));
            ByteBuffer fields = little(16 + 8 * info.dims().length).putInt(info.dims().length);
            for (long dim : info.dims()) {
                fields.putLong(dim);
            }
            out.writeBytes(fields.putInt(info.type())
                    .putLong(info.offset() == null ? offset : info.offset())
                    .array());
            offset = padded(offset + info.bytes().length);
        }
        return out.toByteArray();
    }

    /** The whole file. */
    public byte[] build() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(header());
        for (TensorInfo info : infos) {
            out.writeBytes(new byte[(int) (padded(out.size()) - out.size())]);
            out.writeBytes(info.bytes());
        }
        return out.toByteArray();
    }

    public static byte[] string(String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        return concat(little(8).putLong(utf8.length).array(), utf8);
    }

    static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    static byte[] concat(byte[] first, byte[] second) {
        return ByteBuffer.allocate(first.length + second.length)
                .put(first)
                .put(second)
                .array();
    }

    private long padded(long size) {
        return (size + alignment - 1) / alignment * alignment;
    }
}
