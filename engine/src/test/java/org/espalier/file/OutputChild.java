package org.espalier.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.espalier.error.Failure;

/** Writes outputs in a process of its own, to be killed or to run into a limit. Arguments: what to do, the target. */
final class OutputChild {

    private static final int SIZE = 1 << 16;

    private OutputChild() {}

    public static void main(String[] arguments) throws Exception {
        Path target = Path.of(arguments[1]);
        switch (arguments[0]) {
            case "replace-folders" -> {
                for (int generation = 1; ; generation++) {
                    int number = generation;
                    Output.writeFolder(target, true, path -> fillFolder(path, number));
                    System.out.println(number);
                }
            }
            case "replace-files" -> {
                for (int generation = 1; ; generation++) {
                    int number = generation;
                    Output.writeFile(target, true, path -> Files.write(path, generation(number)));
                    System.out.println(number);
                }
            }
            case "hang" ->
                Output.writeFolder(target, true, path -> {
                    Files.write(path.resolve("config.json"), generation(1));
                    System.out.println("half");
                    sleep();
                });
            case "too-much" -> tooMuch(target);
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    static void fillFolder(Path folder, int generation) throws IOException {
        Files.write(folder.resolve("config.json"), generation(generation));
        Files.write(folder.resolve("model.safetensors"), generation(generation));
    }

    /** A content that shows which generation it is, and whether it is whole. */
    static byte[] generation(int number) {
        byte[] bytes = new byte[SIZE];
        Arrays.fill(bytes, (byte) number);
        return bytes;
    }

    private static void tooMuch(Path target) {
        try {
            Output.writeFolder(target, true, path -> Files.write(path.resolve("config.json"), new byte[4 << 20]));
            System.out.println("written");
        } catch (Failure failure) {
            System.out.println(failure.oneLine());
        }
    }

    private static void sleep() {
        try {
            Thread.sleep(600_000);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
