package org.espalier.cli.faults;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.espalier.cli.Main;

/**
 * A command that writes something.
 *
 * @param name      for the table
 * @param arguments without {@code --out}
 * @param out       the name of what it writes
 * @param folder    whether that is a folder
 * @param saves     whether it leaves its state there from time to time, which {@code --resume} goes on from
 */
record Writer(String name, List<String> arguments, String out, boolean folder, boolean saves) {

    /** How a run ended. */
    record Ran(int status, String out, String err) {

        /** The last line, which says why it failed. */
        String lastLine() {
            return err.lines().reduce("", (_, line) -> line);
        }
    }

    /** Every command that writes, with inputs that lie in a folder. */
    static List<Writer> all(Path model, Path inputs) {
        String given = model.toString();
        String plan = inputs.resolve("plan.json").toString();
        String scores = inputs.resolve("scores.json").toString();
        String text = inputs.resolve("text.txt").toString();
        return List.of(
                file("score", "scores.json", "score", given, "--criterion", "l1"),
                file("plan", "plan.json", everywhere("0.3", "plan", given, "--scores", scores)),
                file(
                        "widths",
                        "widths.json",
                        "widths",
                        given,
                        "--scores",
                        scores,
                        "--calibration",
                        text,
                        "--samples",
                        "2",
                        "--seq-len",
                        "16"),
                file("plan show", "plan.svg", "plan", "show", plan),
                file("logits", "logits.safetensors", "logits", given, "--ids", "1,2,3"),
                file("report", "report.html", "report", inputs.resolve("pruned").toString()),
                folder("convert", "convert", given),
                file(
                        "convert an adapter",
                        "adapter.gguf",
                        "convert",
                        inputs.resolve("adapter").toString(),
                        "--base",
                        given),
                file("convert to gguf", "out.gguf", "convert", given, "--dtype", "q8_0"),
                folder("quantize", "quantize", given, "--dtype", "int8-row"),
                file(
                        "quantize to gguf",
                        "out.gguf",
                        "quantize",
                        given,
                        "--dtype",
                        "q4_k_m",
                        "--calibration",
                        text,
                        "--samples",
                        "2",
                        "--seq-len",
                        "16"),
                folder("compact", "compact", given, "--plan", plan),
                folder("prune", everywhere("0.25", "prune", given, "--criterion", "l2")),
                folder("merge", "merge", given, inputs.resolve("adapter").toString()),
                folder("random", "random", given),
                tuned("tune", given, text),
                tuned("tune --full", given, text, "--full"),
                new Writer(
                        "tune --save-every", tuned("", given, text, "--save-every", "1").arguments, "out", true, true));
    }

    /** The commands that make the inputs of the others. */
    static List<Writer> inputs(Path model, Path inputs) {
        String given = model.toString();
        String scores = inputs.resolve("scores.json").toString();
        return List.of(
                file("scores", "scores.json", "score", given, "--criterion", "l1"),
                file("plan", "plan.json", everywhere("0.25", "plan", given, "--scores", scores)),
                new Writer(
                        "prune",
                        List.of(everywhere("0.2", "prune", given, "--criterion", "l2")),
                        "pruned",
                        true,
                        false),
                tuned("adapter", given, inputs.resolve("text.txt").toString()).into("adapter"));
    }

    /** Cuts every layer, so that a model of one layer is enough. */
    private static String[] everywhere(String ratio, String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--ratio", ratio, "--keep-first", "0", "--keep-last", "0"));
        return all.toArray(String[]::new);
    }

    private static Writer file(String name, String out, String... arguments) {
        return new Writer(name, List.of(arguments), out, false, false);
    }

    private static Writer folder(String name, String... arguments) {
        return new Writer(name, List.of(arguments), "out", true, false);
    }

    private static Writer tuned(String name, String model, String text, String... further) {
        List<String> arguments = new ArrayList<>(
                List.of("tune", model, "--data", text, "--format", "text", "--max-samples", "2", "--epochs", "1"));
        arguments.addAll(List.of("--batch-size", "1", "--micro-batch-size", "1", "--cutoff", "16", "--rank", "2"));
        arguments.addAll(List.of(further));
        return new Writer(name, arguments, "out", true, false);
    }

    private Writer into(String other) {
        return new Writer(name, arguments, other, folder, saves);
    }

    /** The same, going on from the state that it left. */
    Writer resumed() {
        List<String> more = new ArrayList<>(arguments);
        more.add("--resume");
        return new Writer(name, more, out, folder, saves);
    }

    /** The whole command line, writing into a folder. */
    String[] commandLine(Path folder, boolean force) {
        List<String> all = new ArrayList<>(arguments);
        all.add("--out");
        all.add(folder.resolve(out).toString());
        if (force) {
            all.add("--force");
        }
        return all.toArray(new String[0]);
    }

    /** Runs in this process. */
    Ran run(Path folder, boolean force) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int status = Main.run(
                commandLine(folder, force),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8));
        return new Ran(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }
}
