package org.espalier.task;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * A task as its file declares it. Texts are Jinja templates that see the fields of a record.
 *
 * @param name  as it is asked for
 * @param title as it is shown
 * @param shots questions with their answers that stand before each question, if there are any
 */
record TaskFile(String name, String title, Data data, Form prompt, Marks measures, Shots shots) {

    private static final Pattern NAME = Pattern.compile("[\\p{L}\\p{N}_][\\p{L}\\p{N}_.+-]*");

    TaskFile {
        requireThere(
                name != null && title != null && data != null && prompt != null && measures != null,
                "name, title, data, prompt and measures");
        requireThere(
                NAME.matcher(name).matches() && isPath(name),
                "a name of letters, digits, '_', '-', '+' and '.', as its folder has");
    }

    /**
     * Where its records are.
     *
     * @param files   names that its data may have in its folder; one {@code *} in them stands for a {@code subject}, a file each
     * @param columns names of the fields of a CSV file, which has no line of names
     * @param fields  what a record must have; {@code a.b} is {@code b} in {@code a}
     */
    record Data(List<String> files, List<String> columns, List<String> fields) {

        Data {
            requireThere(files != null && !files.isEmpty(), "files");
            requireWhole(files, columns, fields);
            requirePaths(files);
            columns = columns == null ? List.of() : columns;
            fields = fields == null ? columns : fields;
        }
    }

    /**
     * What a record becomes.
     *
     * @param instruction what stands before everything
     * @param context     what stands before each choice
     * @param contexts    instead of {@code context}: a JSON list, one for each choice
     * @param delimiter   what stands between a context and a choice
     * @param choices     the choices
     * @param choiceList  instead of {@code choices}: a JSON list of them
     * @param labels      a JSON list of what the choices are called, where the answer is one of these
     * @param answer      index of the right choice, or its label
     * @param edits       replacements in every context and choice: a regular expression and a text, in turns
     */
    record Form(
            String instruction,
            String context,
            String contexts,
            String delimiter,
            List<String> choices,
            @JsonProperty("choice_list") String choiceList,
            String labels,
            String answer,
            List<String> edits) {

        Form {
            requireThere((choices == null) != (choiceList == null), "either choices or choice_list");
            requireThere(answer != null, "answer");
            requireWhole(choices, edits);
            requireThere((context == null) != (contexts == null), "either context or contexts");
            requireThere(edits == null || edits.size() % 2 == 0, "edits in pairs");
            instruction = instruction == null ? "" : instruction;
            delimiter = delimiter == null ? " " : delimiter;
            edits = edits == null ? List.of() : edits;
        }
    }

    /**
     * What is reported.
     *
     * @param average      which measure goes into the average of tasks
     * @param lastOfEquals whether the last of equally likely choices is taken, not the first
     */
    record Marks(
            List<TaskMeasure> reported,
            TaskMeasure average,
            @JsonProperty("last_of_equals") boolean lastOfEquals) {

        Marks {
            requireThere(
                    average != null && reported != null && reported.contains(average),
                    "reported measures, and one of them as average");
            requireWhole(reported);
        }
    }

    /**
     * Questions with answers.
     *
     * @param files     as those of the task; a {@code *} is the same subject
     * @param count     so many, from the first record on
     * @param separator what stands between them
     */
    record Shots(List<String> files, int count, String separator) {

        Shots {
            requireThere(
                    files != null && !files.isEmpty() && count > 0 && separator != null, "files, count and separator");
            requireWhole(files);
            requirePaths(files);
        }
    }

    private static void requirePaths(List<String> files) {
        requireThere(files.stream().allMatch(TaskFile::isPath), "files that a system can name");
        requireThere(
                files.stream().allMatch(file -> file.indexOf('*') == file.lastIndexOf('*')),
                "files with no more than one '*' in a name");
    }

    private static boolean isPath(String file) {
        try {
            Path _ = Path.of(file);
            return true;
        } catch (InvalidPathException e) {
            return false;
        }
    }

    /** Lists, where they are there, of which every item is there. */
    private static void requireWhole(List<?>... lists) {
        for (List<?> list : lists) {
            requireThere(list == null || list.stream().noneMatch(Objects::isNull), "lists without null");
        }
    }

    private static void requireThere(boolean there, String needed) {
        if (!there) {
            throw new IllegalArgumentException("it needs " + needed);
        }
    }
}
