package org.espalier.fuzz;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.espalier.error.Failure;

/** A tokenizer and texts for it, with the library that runs it: in a process of its own, which lives as long as it can. */
final class LibraryTarget implements Target {

    private volatile Process process;
    private DataOutputStream out;
    private DataInputStream in;

    @Override
    public String name() {
        return "tokenizer-library";
    }

    @Override
    public List<Input> seeds() {
        return TokenizerSeeds.all();
    }

    @Override
    public void read(Path folder, Input input) throws IOException, FoundElsewhere {
        start();
        try {
            LibraryChild.writeText(out, folder.toString());
            out.flush();
            answer();
        } catch (IOException e) {
            throw ended();
        }
    }

    private void answer() throws IOException, FoundElsewhere {
        switch (in.readByte()) {
            case LibraryChild.ACCEPTED -> {}
            case LibraryChild.REFUSED ->
                throw new Failure(LibraryChild.readText(in), LibraryChild.readText(in), LibraryChild.readText(in));
            default -> throw new FoundElsewhere(LibraryChild.readText(in), LibraryChild.readText(in));
        }
    }

    private FoundElsewhere ended() {
        Process ended = process;
        process = null;
        ended.destroyForcibly();
        try {
            return new FoundElsewhere("the process ended", "with status " + ended.waitFor());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new FoundElsewhere("the process ended", "with a status that nobody waited for");
        }
    }

    private void start() throws IOException {
        if (process != null) {
            return;
        }
        process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xms256m",
                        "-Xmx256m",
                        "-XX:+AlwaysPreTouch",
                        "-XX:+UseSerialGC",
                        // Most of its time it is in the library; the optimising compiler would take the other core.
                        "-XX:TieredStopAtLevel=1",
                        "-XX:-CreateCoredumpOnCrash",
                        "-XX:ErrorFile=/dev/null",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        LibraryChild.class.getName())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        out = new DataOutputStream(process.getOutputStream());
        in = new DataInputStream(process.getInputStream());
    }

    @Override
    public long computedElsewhere() {
        return Optional.ofNullable(process)
                .flatMap(child -> child.info().totalCpuDuration())
                .map(Duration::toNanos)
                .orElse(0L);
    }

    @Override
    public void interrupt() {
        Optional.ofNullable(process).ifPresent(Process::destroyForcibly);
    }

    @Override
    public void close() {
        interrupt();
    }
}
