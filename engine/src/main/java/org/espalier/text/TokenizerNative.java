package org.espalier.text;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import org.espalier.error.Failure;
import org.espalier.ffi.JniLibrary;
import org.espalier.ffi.NativeMemory;

/**
 * Hugging Face's tokenizers library, through the native methods that DJL declares. None of DJL's other classes runs: they
 * look for GPUs, can fetch libraries and report to their makers. What is handed over here must have been checked, because
 * the library ends the process where it meets a contradiction.
 */
final class TokenizerNative implements TokenCodec {

    private static final TokenizersLibrary LIBRARY = library();

    private final AtomicLong handle;
    private final String place;
    /** Counts the library's own memory among what must be freed; its size is not known. */
    private final NativeMemory entry;

    private TokenizerNative(long handle, String place) {
        this.handle = new AtomicLong(handle);
        this.place = place;
        this.entry = NativeMemory.allocate(0, "tokenizer " + place);
    }

    /** @param json checked by {@link TokenizerJson} */
    static TokenizerNative open(String json, String place) {
        try {
            long handle = LIBRARY.createTokenizerFromString(json);
            return new TokenizerNative(handle, place);
        } catch (RuntimeException e) {
            throw new Failure("tokenizer cannot be opened: " + e.getMessage(), place, TokenizerJson.ADVICE, e);
        }
    }

    @Override
    public int[] encode(String text) {
        long encoding = start(text);
        try {
            long[] ids = LIBRARY.getTokenIds(encoding);
            int[] narrow = new int[ids.length];
            for (int i = 0; i < ids.length; i++) {
                narrow[i] = Math.toIntExact(ids[i]);
            }
            return narrow;
        } finally {
            LIBRARY.deleteEncoding(encoding);
        }
    }

    @Override
    public String decode(int[] ids, boolean skipSpecial) {
        long[] wide = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            wide[i] = ids[i];
        }
        long open = handle();
        try {
            return LIBRARY.decode(open, wide, skipSpecial);
        } catch (RuntimeException e) {
            throw new Failure("ids cannot be decoded: " + e.getMessage(), place, TokenizerJson.ADVICE, e);
        }
    }

    @Override
    public void close() {
        long open = handle.getAndSet(0);
        if (open != 0) {
            LIBRARY.deleteTokenizer(open);
            entry.close();
        }
    }

    private long start(String text) {
        long open = handle();
        try {
            return LIBRARY.encode(open, text, false);
        } catch (RuntimeException e) {
            throw new Failure("text cannot be encoded: " + e.getMessage(), place, TokenizerJson.ADVICE, e);
        }
    }

    private long handle() {
        long open = handle.get();
        if (open == 0) {
            throw new IllegalStateException("the tokenizer was used after it was closed");
        }
        return open;
    }

    private static TokenizersLibrary library() {
        // Should any other class of DJL be loaded after all, it finds that it may not call home or fetch.
        System.setProperty("OPT_OUT_TRACKING", "true");
        System.setProperty("ai.djl.offline", "true");
        JniLibrary.load("native/lib/" + platform() + "/cpu/" + System.mapLibraryName("tokenizers"));
        return TokenizersLibrary.LIB;
    }

    private static String platform() {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String processor = System.getProperty("os.arch");
        return (system.startsWith("mac") ? "osx" : system.startsWith("win") ? "win" : "linux") + "-"
                + (processor.equals("amd64") ? "x86_64" : processor);
    }
}
