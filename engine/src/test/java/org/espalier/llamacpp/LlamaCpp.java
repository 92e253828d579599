package org.espalier.llamacpp;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * A model that the real llama.cpp has opened: build b4916, as {@code de.kherud:llama} 4.2.0 brings it. Its structs are those of
 * that build alone.
 */
public final class LlamaCpp implements AutoCloseable {

    /** {@code llama_model_params}: nothing in it is looked at. */
    private static final StructLayout MODEL_PARAMETERS = MemoryLayout.structLayout(
            MemoryLayout.sequenceLayout(7, JAVA_LONG),
            JAVA_BOOLEAN,
            JAVA_BOOLEAN,
            JAVA_BOOLEAN,
            JAVA_BOOLEAN,
            JAVA_INT);

    private static final StructLayout CONTEXT_PARAMETERS = MemoryLayout.structLayout(
            JAVA_INT.withName("n_ctx"),
            JAVA_INT.withName("n_batch"),
            JAVA_INT.withName("n_ubatch"),
            MemoryLayout.sequenceLayout(14, JAVA_INT),
            MemoryLayout.paddingLayout(4),
            ADDRESS,
            ADDRESS,
            JAVA_INT.withName("type_k"),
            JAVA_INT.withName("type_v"),
            MemoryLayout.sequenceLayout(5, JAVA_BOOLEAN),
            MemoryLayout.paddingLayout(3),
            ADDRESS,
            ADDRESS);

    /** {@code llama_batch}: a number of tokens and six pointers. */
    private static final StructLayout BATCH = MemoryLayout.structLayout(
            JAVA_INT,
            MemoryLayout.paddingLayout(4),
            MemoryLayout.sequenceLayout(5, ADDRESS),
            ADDRESS.withName("logits"));

    private static final int LEAST_CONTEXT = 512;
    private static final int F32 = 0;
    private static final int HALF = 1;

    private final Arena arena = Arena.ofConfined();
    private final LlamaCppLibrary library = LlamaCppLibrary.instance();
    private final MemorySegment model;
    private final MemorySegment vocabulary;
    private final int vocabularySize;
    /** Null without one. */
    private MemorySegment adapter;

    private LlamaCpp(Path file) {
        MemorySegment parameters = (MemorySegment) library.call(
                library.function("llama_model_default_params", FunctionDescriptor.of(MODEL_PARAMETERS)), arena);
        this.model = (MemorySegment) library.call(
                library.function(
                        "llama_model_load_from_file", FunctionDescriptor.of(ADDRESS, ADDRESS, MODEL_PARAMETERS)),
                arena.allocateFrom(file.toString()),
                parameters);
        if (model.address() == 0) {
            arena.close();
            throw new IllegalStateException("llama.cpp does not open " + file + ":\n" + library.said());
        }
        this.vocabulary = (MemorySegment)
                library.call(library.function("llama_model_get_vocab", FunctionDescriptor.of(ADDRESS, ADDRESS)), model);
        this.vocabularySize = (int) library.call(
                library.function("llama_vocab_n_tokens", FunctionDescriptor.of(JAVA_INT, ADDRESS)), vocabulary);
    }

    /**
     * Opens a GGUF file; a test is skipped where the library cannot be there.
     *
     * @throws IllegalStateException if llama.cpp refuses it, with what it said
     */
    public static LlamaCpp open(Path file) {
        return new LlamaCpp(file);
    }

    /**
     * Adds a LoRA adapter to what is computed from now on.
     *
     * @throws IllegalStateException if llama.cpp refuses it, with what it said
     */
    public LlamaCpp with(Path adapterFile) {
        adapter = (MemorySegment) library.call(
                library.function("llama_adapter_lora_init", FunctionDescriptor.of(ADDRESS, ADDRESS, ADDRESS)),
                model,
                arena.allocateFrom(adapterFile.toString()));
        if (adapter.address() == 0) {
            throw new IllegalStateException("llama.cpp does not open " + adapterFile + ":\n" + library.said());
        }
        return this;
    }

    /** How many tokens it knows. */
    public int vocabulary() {
        return vocabularySize;
    }

    /** The ids of a text, with the begin token if the file asks for it; special tokens in the text are seen. */
    public int[] tokenize(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        int room = utf8.length + 16;
        MemorySegment ids = arena.allocate(JAVA_INT, room);
        MethodHandle tokenize = library.function(
                "llama_tokenize",
                FunctionDescriptor.of(
                        JAVA_INT, ADDRESS, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, JAVA_BOOLEAN, JAVA_BOOLEAN));
        int count = (int) library.call(
                tokenize, vocabulary, arena.allocateFrom(JAVA_BYTE, utf8), utf8.length, ids, room, true, true);
        return Arrays.copyOf(ids.toArray(JAVA_INT), count);
    }

    /** The logits after each of some tokens, {@code [tokens][vocabulary]}, computed with a cache of float32. */
    public float[][] logits(int[] tokens) {
        MemorySegment context = context(Math.max(LEAST_CONTEXT, tokens.length), F32);
        try {
            byte[] wanted = new byte[tokens.length];
            Arrays.fill(wanted, (byte) 1);
            decode(arena, context, tokens, arena.allocateFrom(JAVA_BYTE, wanted));
            MemorySegment all = (MemorySegment) library.call(
                    library.function("llama_get_logits", FunctionDescriptor.of(ADDRESS, ADDRESS)), context);
            float[] flat = all.reinterpret(4L * tokens.length * vocabularySize).toArray(JAVA_FLOAT);
            float[][] logits = new float[tokens.length][];
            for (int i = 0; i < tokens.length; i++) {
                logits[i] = Arrays.copyOfRange(flat, i * vocabularySize, (i + 1) * vocabularySize);
            }
            return logits;
        } finally {
            free(context);
        }
    }

    /**
     * A text with a key/value cache as llama.cpp keeps it by default, of 16 bits.
     *
     * @param tokens that it holds at most
     */
    public Text text(int tokens, int threads) {
        MemorySegment context = context(Math.max(LEAST_CONTEXT, tokens), HALF);
        library.call(
                library.function("llama_set_n_threads", FunctionDescriptor.ofVoid(ADDRESS, JAVA_INT, JAVA_INT)),
                context,
                threads,
                threads);
        return new Text(context);
    }

    /** Tokens that are read one after the other or many at once. */
    public final class Text implements AutoCloseable {

        private final MemorySegment context;

        private Text(MemorySegment context) {
            this.context = context;
        }

        /** Forgets what was read. */
        public void clear() {
            library.call(library.function("llama_kv_self_clear", FunctionDescriptor.ofVoid(ADDRESS)), context);
        }

        /** Reads tokens; returns the likeliest one after the last. */
        public int next(int... tokens) {
            try (Arena call = Arena.ofConfined()) {
                decode(call, context, tokens, MemorySegment.NULL);
            }
            MemorySegment logits = ((MemorySegment) library.call(
                            library.function("llama_get_logits_ith", FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_INT)),
                            context,
                            -1))
                    .reinterpret(4L * vocabularySize);
            int best = 0;
            for (int i = 1; i < vocabularySize; i++) {
                best = logits.getAtIndex(JAVA_FLOAT, i) > logits.getAtIndex(JAVA_FLOAT, best) ? i : best;
            }
            return best;
        }

        @Override
        public void close() {
            free(context);
        }
    }

    /** @param wanted a byte a token that says whether its logits are wanted, or null for those of the last alone */
    private void decode(Arena call, MemorySegment context, int[] tokens, MemorySegment wanted) {
        MemorySegment batch = (MemorySegment) library.call(
                library.function("llama_batch_get_one", FunctionDescriptor.of(BATCH, ADDRESS, JAVA_INT)),
                call,
                call.allocateFrom(JAVA_INT, tokens),
                tokens.length);
        batch.set(ADDRESS, BATCH.byteOffset(MemoryLayout.PathElement.groupElement("logits")), wanted);
        int status = (int) library.call(
                library.function("llama_decode", FunctionDescriptor.of(JAVA_INT, ADDRESS, BATCH)), context, batch);
        if (status != 0) {
            throw new IllegalStateException("llama_decode gave " + status + ":\n" + library.said());
        }
    }

    private void free(MemorySegment context) {
        library.call(library.function("llama_free", FunctionDescriptor.ofVoid(ADDRESS)), context);
    }

    private MemorySegment context(int tokens, int cacheType) {
        MemorySegment parameters = (MemorySegment) library.call(
                library.function("llama_context_default_params", FunctionDescriptor.of(CONTEXT_PARAMETERS)), arena);
        requireLayout(parameters);
        for (String size : new String[] {"n_ctx", "n_batch", "n_ubatch"}) {
            parameters.set(JAVA_INT, offset(size), tokens);
        }
        parameters.set(JAVA_INT, offset("type_k"), cacheType);
        parameters.set(JAVA_INT, offset("type_v"), cacheType);
        MemorySegment context = (MemorySegment) library.call(
                library.function("llama_init_from_model", FunctionDescriptor.of(ADDRESS, ADDRESS, CONTEXT_PARAMETERS)),
                model,
                parameters);
        if (context.address() == 0) {
            throw new IllegalStateException("llama.cpp makes no context:\n" + library.said());
        }
        if (adapter != null) {
            library.call(
                    library.function(
                            "llama_set_adapter_lora", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_FLOAT)),
                    context,
                    adapter,
                    1f);
        }
        return context;
    }

    /** The defaults of this build stand where the layout says: another build would be misread. */
    private static void requireLayout(MemorySegment parameters) {
        if (parameters.get(JAVA_INT, offset("n_ctx")) != 512
                || parameters.get(JAVA_INT, offset("n_batch")) != 2048
                || parameters.get(JAVA_INT, offset("type_k")) != HALF
                || parameters.get(JAVA_INT, offset("type_v")) != HALF) {
            throw new IllegalStateException("this is another build of llama.cpp");
        }
    }

    private static long offset(String field) {
        return CONTEXT_PARAMETERS.byteOffset(MemoryLayout.PathElement.groupElement(field));
    }

    @Override
    public void close() {
        library.call(library.function("llama_model_free", FunctionDescriptor.ofVoid(ADDRESS)), model);
        arena.close();
    }
}
