package org.espalier.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import org.espalier.error.Failure;
import org.espalier.error.Printable;
import org.espalier.file.MappedFile;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Says on stderr, in one line, what failed, where, and what to do; the stack trace only for those who ask for it. */
final class Failures {

    static final int FAILED = 1;
    static final int WRONG_USAGE = 2;

    private final PrintStream err;
    private final boolean verbose;

    Failures(PrintStream err, boolean verbose) {
        this.err = err;
        this.verbose = verbose;
    }

    /** Reports what ended a command; returns the exit status. */
    int report(Throwable thrown) {
        line(MappedFile.shortened(thrown).orElseGet(() -> describe(thrown)));
        if (verbose) {
            StringWriter trace = new StringWriter();
            thrown.printStackTrace(new PrintWriter(trace));
            trace.toString()
                    .lines()
                    .map(Printable::lines)
                    .map(Printable::shortened)
                    .forEach(err::println);
        }
        return FAILED;
    }

    /** Reports a command line that cannot be understood; returns the exit status. */
    int usage(ParameterException e) {
        String command = e.getCommandLine().getCommandSpec().qualifiedName();
        line(new Failure(complaint(e), command, "see '" + command + " --help'"));
        return WRONG_USAGE;
    }

    /** Reports that stdout did not take the result; returns the exit status. */
    int resultNotWritten() {
        line(new Failure("the result could not be written", "stdout", "check the disk or pipe it goes to"));
        return FAILED;
    }

    private void line(Failure failure) {
        err.println("engine: " + failure.oneLine());
    }

    private static String complaint(ParameterException e) {
        if (e instanceof UnmatchedArgumentException unmatched
                && !unmatched.getUnmatched().isEmpty()) {
            String word = unmatched.getUnmatched().getFirst();
            boolean command = !unmatched.isUnknownOption()
                    && !e.getCommandLine().getSubcommands().isEmpty();
            String kind = unmatched.isUnknownOption()
                    ? "unknown option"
                    : command ? "unknown command" : "unexpected argument";
            return kind + " '" + word + "'";
        }
        String message = e.getMessage().strip().replaceFirst("^Error: ", "");
        return Character.toLowerCase(message.charAt(0)) + message.substring(1);
    }

    private static Failure describe(Throwable thrown) {
        return switch (thrown) {
            case Failure failure -> failure;
            case UncheckedIOException wrapped -> describe(wrapped.getCause());
            case NoSuchFileException e -> new Failure("no such file or folder", e.getFile(), "check the path");
            case AccessDeniedException e -> new Failure("access denied", e.getFile(), "check its permissions");
            case FileSystemException e ->
                new Failure(
                        reason(e.getReason(), "cannot be read or written"),
                        reason(e.getFile(), "a file"),
                        "check the path and the disk");
            case IOException e ->
                new Failure(
                        "input or output failed", reason(e.getMessage(), e.toString()), "check the file and the disk");
            case OutOfMemoryError e ->
                new Failure(
                        "out of memory",
                        reason(e.getMessage(), "Java heap"),
                        "give Java more, for example ESPALIER_JAVA_OPTS=-Xmx8g, or use less data");
            case InternalError e
            when reason(e.getMessage(), "").contains("unsafe memory access") ->
                new Failure(
                        "a file was shortened while it was in use, or its disk failed",
                        "the model's weights",
                        "write it anew, and replace files by renaming while they are in use");
            case StackOverflowError e -> new Failure("out of stack", "nested too deeply", "check the input files");
            case NoClassDefFoundError e
            when reason(e.getMessage(), "").contains("jdk/incubator/vector") ->
                new Failure(
                        "Java's Vector API is not loaded",
                        "jdk.incubator.vector",
                        "start with tools/engine, or add --add-modules jdk.incubator.vector");
            default -> new Failure("internal error", thrown.toString(), "report it, --verbose shows the details");
        };
    }

    private static String reason(String given, String otherwise) {
        return given == null || given.isBlank() ? otherwise : given;
    }
}
