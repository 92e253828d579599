package org.espalier.tools;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** A small repository with the real scripts of tools/, but a Maven and JDKs that only say how they were called. */
final class Sandbox implements AutoCloseable {

    private static final List<String> COMMANDS = List.of(
            "bash",
            "env",
            "find",
            "sort",
            "cksum",
            "tr",
            "dirname",
            "readlink",
            "flock",
            "mkdir",
            "rm",
            "mv",
            "sed",
            "grep",
            "tail",
            "cat",
            "sleep",
            "touch");

    final Path root;
    private final Path commands;
    private final Path jdks;

    /** What a script gave. */
    record Result(int status, String out, String err) {}

    Sandbox(Path folder) throws IOException {
        root = Files.createDirectories(folder.resolve("my repository"));
        commands = Files.createDirectories(folder.resolve("bin"));
        jdks = Files.createDirectories(folder.resolve("jvm"));
        copy(repository().resolve("tools"), root.resolve("tools"));
        write("pom.xml", "<project/>");
        write("native/src/main/java/N.java", "class N { }");
        write("kernels/cuda/k.cu", "// kernel");
        write("engine/src/main/java/E.java", "class E { }");
        write("engine/cli/src/main/java/C.java", "class C { }");
        write("engine/cli/src/test/java/CTest.java", "class CTest { }");
        for (String command : COMMANDS) {
            Files.createSymbolicLink(commands.resolve(command), which(command));
        }
    }

    /** The repository that these tests belong to. */
    static Path repository() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(folder.resolve("kernels"))) {
            folder = folder.getParent();
        }
        return folder;
    }

    /** Puts a JDK of this version where the scripts look; its java prints its arguments. */
    Sandbox withJdk(String version) throws IOException {
        Path home = Files.createDirectories(jdks.resolve("jdk " + version));
        Files.writeString(home.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\n");
        script(home.resolve("bin/java"), """
                for a in "$@"; do
                    [[ $a == *AOTCacheOutput=* ]] || continue
                    echo "${a##*/}" >>"${0%/*}/../caches"
                    echo cache >"${a#*=}"
                    exit
                done
                printf '%s\\n' "$@\"""");
        script(home.resolve("bin/javac"), "exit 1");
        return this;
    }

    /**
     * Puts a Maven on the PATH that counts its runs, fails while the file {@code broken} exists, and prints what the file
     * {@code said} holds.
     */
    Sandbox withMaven() throws IOException {
        script(commands.resolve("mvn"), """
                echo run >>runs
                sleep 0.2
                if [[ -e broken ]]; then
                    echo '[ERROR] /E.java:[1,7] cannot find symbol'
                    echo '[ERROR] Re-run Maven using the -X switch to enable full debug logging.'
                    exit 1
                fi
                [[ ! -e said ]] || cat said
                mkdir -p engine/cli/target/lib
                touch engine/cli/target/espalier-cli-1-tests.jar engine/cli/target/espalier-cli-1.jar""");
        return this;
    }

    /** How often the JDK of a version was asked for a start cache. */
    int startCaches(String version, String name) throws IOException {
        Path made = jdks.resolve("jdk " + version + "/caches");
        return Files.exists(made) ? Collections.frequency(Files.readAllLines(made), name + ".new.aot") : 0;
    }

    /** Puts another build of a version where the one was. */
    void replaceJdk(String version) throws IOException {
        Files.writeString(jdks.resolve("jdk " + version + "/release"), "JAVA_VERSION=\"" + version + "\"\n");
    }

    int mavenRuns() throws IOException {
        Path runs = root.resolve("runs");
        return Files.exists(runs) ? Files.readAllLines(runs).size() : 0;
    }

    Path write(String file, String text) throws IOException {
        Path path = root.resolve(file);
        Files.createDirectories(path.getParent());
        return Files.writeString(path, text);
    }

    Result engine(String... arguments) throws IOException, InterruptedException {
        return finish(start(root.resolve("tools/engine"), arguments));
    }

    Process start(Path script, String... arguments) throws IOException {
        List<String> line = new ArrayList<>(List.of(script.toString()));
        line.addAll(List.of(arguments));
        ProcessBuilder builder =
                new ProcessBuilder(line).directory(root.getParent().toFile());
        Map<String, String> environment = builder.environment();
        environment.clear();
        environment.put("PATH", commands.toString());
        environment.put("ESPALIER_JVM_DIR", jdks.toString());
        return builder.start();
    }

    static Result finish(Process process) throws IOException, InterruptedException {
        process.getOutputStream().close();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("script did not end: " + out + err);
        }
        return new Result(process.exitValue(), out, err);
    }

    /** Takes the links away, about which JUnit would warn. */
    @Override
    public void close() throws IOException {
        for (String command : COMMANDS) {
            Files.deleteIfExists(commands.resolve(command));
        }
    }

    private static void script(Path path, String body) throws IOException {
        Files.createDirectories(path.getParent());
        Files.writeString(path, "#!/usr/bin/env bash\n" + body + "\n");
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private static Path which(String command) {
        Path path = Stream.of("/usr/bin", "/bin")
                .map(f -> Path.of(f, command))
                .filter(Files::exists)
                .findFirst()
                .orElse(null);
        Assumptions.assumeTrue(path != null, () -> "the command '" + command + "' is not installed");
        return path;
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            files.forEach(file -> {
                try {
                    Files.copy(file, to.resolve(from.relativize(file).toString()));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }
}
