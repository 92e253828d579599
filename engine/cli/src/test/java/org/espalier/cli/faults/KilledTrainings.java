package org.espalier.cli.faults;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.espalier.cli.Main;

/** Each training is a process of its own, which is killed. */
final class KilledTrainings implements Trainings {

    private final Path errors;

    /** The file {@code errors} gets what the last one said. */
    KilledTrainings(Path errors) {
        this.errors = errors;
    }

    @Override
    public boolean run(Writer writer, Path place, long millis) throws IOException, InterruptedException {
        Process process = java(Main.class, List.of(), List.of(writer.commandLine(place, false)))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(errors.toFile())
                .start();
        if (process.waitFor(millis, TimeUnit.MILLISECONDS)) {
            if (process.exitValue() != 0) {
                throw new IllegalStateException(writer.name() + " ended with " + process.exitValue());
            }
            return true;
        }
        // SIGKILL.
        process.destroyForcibly().waitFor();
        return false;
    }

    /** A JVM that runs a class as the program is run. */
    static ProcessBuilder java(Class<?> main, List<String> options, List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:-UsePerfData",
                "-Despalier.device=cpu",
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED"));
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(arguments);
        return new ProcessBuilder(command);
    }
}
