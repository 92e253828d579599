package org.espalier.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.SequencedMap;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.espalier.error.Printable;
import org.espalier.job.DataFile;
import org.espalier.job.Destination;
import org.espalier.job.Listener;
import org.espalier.job.Settings;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What every command shares: help, one JSON object on request, and where to write. */
@Section(Topic.GENERAL)
abstract class EngineCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Option(names = "--json", description = "Print the result as one JSON object.")
    private boolean json;

    @Option(names = "--verbose", description = "Say more on stderr; a failure shows its stack trace.")
    private boolean verbose;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this text.")
    @SuppressWarnings("UnusedVariable") // picocli reads it
    private boolean help;

    /** Does the work; failures are exceptions. */
    abstract void run() throws IOException;

    @Override
    public final Integer call() throws IOException {
        requireInputsKept();
        run();
        return 0;
    }

    /** Whatever a command writes and reads: with --force, the one must not stand in the other's place. */
    private void requireInputsKept() {
        OptionSpec out = spec.findOption(OutputOptions.OUT);
        OptionSpec force = spec.findOption(OutputOptions.FORCE);
        if (out != null
                && force != null
                && out.getValue() instanceof Path place
                && Boolean.TRUE.equals(force.getValue())) {
            new Destination(place, true).requireFree(paths(out));
        }
    }

    /** Every file and folder that was named, but for the output. */
    private List<Path> paths(ArgSpec output) {
        return spec.args().stream()
                .filter(arg -> arg != output)
                .flatMap(arg -> arg.typedValues().stream())
                .flatMap(value -> value instanceof Collection<?> several ? several.stream() : Stream.of(value))
                .map(value -> value instanceof DataFile shared ? shared.path() : value)
                .filter(Path.class::isInstance)
                .map(Path.class::cast)
                .toList();
    }

    /** Prints the result: as one JSON object with its keys in order if asked for, else as text for people. */
    final void print(SequencedMap<String, ?> result, Supplier<String> text) {
        if (json) {
            printJson(result);
        } else {
            out().println(Printable.lines(text.get()));
        }
    }

    /** Prints the result as one JSON object with its keys in order. */
    final void printJson(SequencedMap<String, ?> result) {
        out().println(Printable.json(toJson(result)));
    }

    final boolean json() {
        return json;
    }

    /** The command line as it was typed, as far as it can be typed again. */
    final String typed() {
        return spec.root().commandLine().getParseResult().originalArgs().stream()
                .map(word -> word.matches("[\\w@%+=:,./-]+") ? word : "'" + word.replace("'", "'\\''") + "'")
                .collect(Collectors.joining(" ", "engine ", ""));
    }

    final PrintWriter out() {
        return spec.commandLine().getOut();
    }

    /** Shows on stderr what a job does. */
    final Listener listener() {
        return new Console(spec.commandLine().getErr(), verbose);
    }

    /**
     * Refuses settings that do not go together, as wrong usage.
     *
     * @throws ParameterException that says why
     */
    final void requireSound(Settings<?> settings) {
        settings.complaint().ifPresent(complaint -> {
            throw wrongUsage(complaint);
        });
    }

    /** What to throw for options that do not go together. */
    final ParameterException wrongUsage(String complaint) {
        return new ParameterException(spec.commandLine(), complaint);
    }

    private static String toJson(SequencedMap<String, ?> result) {
        try {
            return new ObjectMapper().writeValueAsString(result);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("the result is no JSON: " + result, e);
        }
    }
}
