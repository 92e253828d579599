package org.espalier.fuzz;

import java.nio.file.Path;
import java.util.List;
import org.espalier.error.Failure;

/**
 * What is asked for.
 *
 * @param seconds  for all targets together
 * @param inputs   most for each target
 * @param patience seconds that one input may take, on a machine that has other work or when it waits
 * @param targets  those to try
 * @param store    folder for findings
 * @param input    folder of one input to try again; null to make some
 * @param json     whether the result is printed as JSON
 */
record FuzzOptions(
        double seconds,
        long inputs,
        double patience,
        long seed,
        List<Target> targets,
        Path store,
        Path input,
        boolean json) {

    private static final String USAGE =
            "use --minutes N, --inputs N, --patience SECONDS, --target NAME, --seed S, --json, --input FOLDER";
    private static final double USUAL_PATIENCE = 30;

    static FuzzOptions parse(List<String> arguments) {
        double minutes = 1;
        boolean timed = false;
        long inputs = Long.MAX_VALUE;
        double patience = USUAL_PATIENCE;
        long seed = 1;
        String target = null;
        Path store = Path.of("target", "fuzz");
        Path input = null;
        boolean json = false;
        for (int i = 0; i < arguments.size(); i++) {
            String option = arguments.get(i);
            if (option.equals("--json")) {
                json = true;
                continue;
            }
            if (++i == arguments.size()) {
                throw usage(option + " needs a value, or is not known");
            }
            String value = arguments.get(i);
            switch (option) {
                case "--minutes" -> {
                    minutes = positive(option, value);
                    timed = true;
                }
                case "--inputs" -> inputs = (long) positive(option, value);
                case "--patience" -> patience = positive(option, value);
                case "--seed" -> seed = (long) positive(option, value);
                case "--target" -> target = value;
                case "--store" -> store = Path.of(value);
                case "--input" -> input = Path.of(value);
                default -> throw usage(option + " is not known");
            }
        }
        if (input != null && target == null) {
            throw usage("--input needs --target");
        }
        boolean endless = inputs < Long.MAX_VALUE && !timed;
        return new FuzzOptions(
                endless ? 1e9 : 60 * minutes, inputs, patience, seed, targets(target), store, input, json);
    }

    /** Those that are named, or all. */
    private static List<Target> targets(String names) {
        List<Target> all = Targets.all();
        if (names == null) {
            return all;
        }
        List<String> known = all.stream().map(Target::name).toList();
        List<String> wanted = List.of(names.split(","));
        for (String name : wanted) {
            if (!known.contains(name)) {
                throw new Failure("no target '" + name + "'", "--target", "use some of " + String.join(",", known));
            }
        }
        return all.stream().filter(target -> wanted.contains(target.name())).toList();
    }

    private static double positive(String option, String value) {
        try {
            double number = Double.parseDouble(value);
            if (number > 0 && number < 1e15) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw usage(option + " is '" + value + "', not a number");
        }
        throw usage(option + " is " + value + ", not a positive number");
    }

    private static Failure usage(String problem) {
        return new Failure(problem, "tools/fuzz", USAGE);
    }
}
