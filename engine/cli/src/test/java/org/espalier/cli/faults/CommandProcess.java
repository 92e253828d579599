package org.espalier.cli.faults;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.espalier.cli.Main;

/**
 * A process that runs one command after another, so that only the first of them starts cold, and that can be stopped in the middle
 * of one.
 */
public final class CommandProcess implements AutoCloseable {

    private final Process process;
    private final BufferedReader answers;
    private final PrintWriter commands;
    private CompletableFuture<Integer> status = CompletableFuture.completedFuture(0);

    /**
     * Starts it.
     *
     * @param main    what it runs, which calls {@link #serve}
     * @param errors  a file; at its end stands what the commands say
     * @param options further ones of Java
     */
    public CommandProcess(Class<?> main, Path errors, String... options) throws IOException {
        process = KilledTrainings.java(main, List.of(options), List.of())
                .redirectError(ProcessBuilder.Redirect.appendTo(errors.toFile()))
                .start();
        answers = process.inputReader(StandardCharsets.UTF_8);
        commands = new PrintWriter(process.outputWriter(StandardCharsets.UTF_8), true);
    }

    public static void main(String[] none) throws IOException {
        PrintStream silent = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
        serve(words -> Main.run(words, silent, System.err));
    }

    /** What such a process does: each line is a command, its words parted by tabs, and is answered by its exit status. */
    public static void serve(ToIntFunction<String[]> command) throws IOException {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                System.out.println(command.applyAsInt(line.split("\t")));
            }
        }
    }

    /** Runs a command to its end; its exit status. */
    public int run(String... words) throws InterruptedException {
        begin(words);
        await(Long.MAX_VALUE);
        return status();
    }

    /** Begins a command. */
    void begin(String... words) {
        commands.println(String.join("\t", words));
        status = CompletableFuture.supplyAsync(this::answer);
    }

    private int answer() {
        try {
            String line = answers.readLine();
            if (line == null) {
                throw new IllegalStateException("the process ended in the middle of a command");
            }
            return Integer.parseInt(line);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits for the end of the command, for so long at most; whether it came. */
    boolean await(long millis) throws InterruptedException {
        try {
            status.get(millis, TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The exit status of the command, after its end. */
    int status() {
        return status.join();
    }

    /** Stops every thread of it, wherever it is. */
    void stop() throws IOException, InterruptedException {
        signal("STOP");
        while (process.isAlive() && !stopped()) {
            TimeUnit.MILLISECONDS.sleep(1);
        }
    }

    /** Lets its threads go on. */
    void goOn() throws IOException, InterruptedException {
        signal("CONT");
    }

    private void signal(String name) throws IOException, InterruptedException {
        new ProcessBuilder("/bin/kill", "-" + name, Long.toString(process.pid()))
                .start()
                .waitFor();
    }

    private boolean stopped() throws IOException {
        try (Stream<Path> threads = Files.list(Path.of("/proc/" + process.pid() + "/task"))) {
            return threads.allMatch(CommandProcess::isStopped);
        }
    }

    /** The state stands behind the name, which ends with the last bracket. */
    private static boolean isStopped(Path thread) {
        try {
            String line = Files.readString(thread.resolve("stat"));
            return line.charAt(line.lastIndexOf(')') + 2) == 'T';
        } catch (NoSuchFileException e) {
            return true;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
