package org.espalier.text;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.espalier.error.Failure;

/**
 * The library in a process of its own, for tokenizers whose expressions are not known: what ends that process, or takes it
 * too long, is one line here.
 */
final class TokenizerProcess implements TokenCodec {

    private static final int LONGEST_WAIT_SECONDS = 20;
    private static final String HEAP = "-Xmx512m";

    private final Process process;
    private final DataOutputStream out;
    private final DataInputStream in;
    private final String place;

    private TokenizerProcess(Process process, String place) {
        this.process = process;
        this.place = place;
        this.out = new DataOutputStream(process.getOutputStream());
        this.in = new DataInputStream(process.getInputStream());
    }

    /**
     * Starts a process, and opens the tokenizer in it.
     *
     * @throws Failure if it does not open
     */
    static TokenizerProcess open(String json, String place) {
        try {
            Process process = new ProcessBuilder(command())
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            TokenizerProcess tokenizer = new TokenizerProcess(process, place);
            try {
                tokenizer.ask("tokenizer cannot be opened", () -> {
                    TokenizerMessages.writeText(tokenizer.out, json);
                    TokenizerMessages.writeText(tokenizer.out, place);
                });
                return tokenizer;
            } catch (Failure e) {
                tokenizer.close();
                throw e;
            }
        } catch (IOException e) {
            throw new Failure(
                    "a process for the tokenizer cannot be started: " + e.getMessage(),
                    place,
                    "use a model with another tokenizer",
                    e);
        }
    }

    private static List<String> command() {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        // No core, no report of a crash: that it ends is expected.
        command.addAll(List.of(HEAP, "-XX:-CreateCoredumpOnCrash", "-XX:ErrorFile=/dev/null", "-XX:+UseSerialGC"));
        command.addAll(List.of("-XX:TieredStopAtLevel=1", "--enable-native-access=ALL-UNNAMED"));
        System.getProperties().stringPropertyNames().stream()
                .filter(name -> name.startsWith("espalier."))
                .forEach(name -> command.add("-D" + name + "=" + System.getProperty(name)));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), TokenizerChild.class.getName()));
        return command;
    }

    @Override
    public synchronized int[] encode(String text) {
        ask("text cannot be encoded", () -> {
            out.writeByte(TokenizerMessages.ENCODE);
            TokenizerMessages.writeText(out, text);
        });
        return answer(() -> TokenizerMessages.readInts(in));
    }

    @Override
    public synchronized String decode(int[] ids, boolean skipSpecial) {
        ask("ids cannot be decoded", () -> {
            out.writeByte(TokenizerMessages.DECODE);
            TokenizerMessages.writeInts(out, ids);
            out.writeBoolean(skipSpecial);
        });
        return answer(() -> TokenizerMessages.readText(in));
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    private interface Writing {
        void run() throws IOException;
    }

    private interface Reading<T> {
        T run() throws IOException;
    }

    /** Sends a message, and waits for the sign that it was understood; the process is ended if that takes too long. */
    private void ask(String failure, Writing message) {
        CompletableFuture<Void> patience = new CompletableFuture<>();
        CompletableFuture<Void> _ = patience.completeOnTimeout(null, LONGEST_WAIT_SECONDS, TimeUnit.SECONDS)
                .thenRun(process::destroyForcibly);
        try {
            message.run();
            out.flush();
            if (!in.readBoolean()) {
                throw new Failure(failure + ": " + TokenizerMessages.readText(in), place, TokenizerJson.ADVICE);
            }
        } catch (IOException e) {
            throw ended(failure, e);
        } finally {
            patience.cancel(false);
        }
    }

    private <T> T answer(Reading<T> reading) {
        try {
            return reading.run();
        } catch (IOException e) {
            throw ended("the tokenizer gave no answer", e);
        }
    }

    private Failure ended(String failure, IOException e) {
        return new Failure(
                failure + ": its expressions ended the process that tried them, or took it more than "
                        + LONGEST_WAIT_SECONDS + " s",
                place,
                "use a model with another tokenizer",
                e);
    }
}
