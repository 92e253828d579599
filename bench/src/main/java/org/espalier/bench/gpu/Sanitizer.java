package org.espalier.bench.gpu;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** NVIDIA's compute-sanitizer, which comes with the toolkit, over another run of this program. */
final class Sanitizer {

    private static final String NAME = "compute-sanitizer";
    private static final int FOUND_SOMETHING = 9;
    private static final int MOST_LINES = 100;

    private Sanitizer() {}

    /**
     * Checks memory accesses, then races in shared memory, of a program run with these arguments; {@code heard} is told what
     * begins and what was found.
     */
    static void run(Map<String, String> environment, List<String> arguments, CheckTable table, Consumer<String> heard) {
        Optional<Path> program = find(environment);
        for (String tool : List.of("memcheck", "racecheck")) {
            if (program.isEmpty()) {
                table.add("sanitizer", tool, "not run: no " + NAME + " on the PATH or in a toolkit");
            } else {
                heard.accept(NAME + " --tool " + tool + " ...");
                run(program.get(), tool, arguments, table, heard);
            }
        }
    }

    /** On the PATH, in the toolkit that is named, in those that are installed. */
    static Optional<Path> find(Map<String, String> environment) {
        Stream<Path> path = Stream.of(environment.getOrDefault("PATH", "").split(File.pathSeparator))
                .filter(f -> !f.isEmpty())
                .map(Path::of);
        Stream<Path> named = Stream.of("CUDA_HOME", "CUDA_PATH")
                .map(environment::get)
                .filter(v -> v != null && !v.isBlank())
                .map(Path::of);
        Stream<Path> toolkits =
                Stream.concat(named, installed()).flatMap(t -> Stream.of(t.resolve("bin"), t.resolve(NAME)));
        return Stream.concat(path, toolkits)
                .map(folder -> folder.resolve(NAME))
                .filter(Files::isRegularFile)
                .filter(Files::isExecutable)
                .findFirst();
    }

    private static Stream<Path> installed() {
        List<Path> folders = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(Path.of("/usr/local"), "cuda*")) {
            entries.forEach(folders::add);
        } catch (IOException e) {
            // As good as no folder: that it is not run is said.
            return Stream.empty();
        }
        return folders.stream().sorted();
    }

    private static void run(
            Path program, String tool, List<String> arguments, CheckTable table, Consumer<String> heard) {
        List<String> command = new ArrayList<>(
                List.of(program.toString(), "--tool", tool, "--error-exitcode", Integer.toString(FOUND_SOMETHING)));
        command.addAll(java());
        command.addAll(arguments);
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            List<String> lines = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
            int status = process.waitFor();
            String summary = lines.stream()
                    .filter(l -> l.contains("SUMMARY"))
                    .reduce((first, last) -> last)
                    .map(l -> l.replaceFirst("^=*\\s*", ""))
                    .orElse("no summary, status " + status);
            if (status == 0 && summary.contains("SUMMARY")) {
                table.add("sanitizer", tool, summary);
            } else {
                lines.stream()
                        .filter(l -> l.startsWith("====="))
                        .limit(MOST_LINES)
                        .forEach(heard);
                table.fail("sanitizer", tool, summary);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(program + " cannot be run", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** This Java, with its flags and class path. */
    private static List<String> java() {
        List<String> java = new ArrayList<>();
        java.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        java.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        java.addAll(List.of("-cp", System.getProperty("java.class.path")));
        return java;
    }
}
