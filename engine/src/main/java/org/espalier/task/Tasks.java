package org.espalier.task;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.espalier.file.Records;

/** The tasks that there are, and those of a file of one's own. */
public final class Tasks {

    /** The seven of LLM-Pruner's table, in its order. */
    public static final List<String> PAPER =
            List.of("boolq", "piqa", "hellaswag", "winogrande", "arc_easy", "arc_challenge", "openbookqa");

    /** Those that come with the program. */
    public static final List<String> KNOWN = List.of(
            "boolq",
            "piqa",
            "hellaswag",
            "winogrande",
            "arc_easy",
            "arc_challenge",
            "openbookqa",
            "mmlu",
            "lambada_openai",
            "copa");

    private static final String ENDING = ".json";
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private Tasks() {}

    /**
     * A task.
     *
     * @param name one that comes with the program, or the path of a task's file
     * @throws Failure if there is no such task, or its file declares none
     */
    public static Task named(String name, Harness harness) {
        if (name.endsWith(ENDING)) {
            Path path = Path.of(name);
            return task(Json.readObject(path), harness, path.toString());
        }
        if (!KNOWN.contains(name)) {
            throw new Failure(
                    "there is no task '" + name + "'",
                    String.join(", ", KNOWN),
                    "name one of these, or the .json file of your own");
        }
        String resource = name + ENDING;
        try (InputStream in = Tasks.class.getResourceAsStream(resource)) {
            return task((ObjectNode) MAPPER.readTree(in), harness, resource);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Several tasks, each once.
     *
     * @param names as those of {@link #named(String, Harness)}
     * @throws Failure if there is no such task, or two have one name
     */
    public static List<Task> named(List<String> names, Harness harness) {
        Set<String> there = new HashSet<>();
        List<Task> tasks = new ArrayList<>();
        for (String name : names) {
            Task task = named(name, harness);
            if (!there.add(task.name())) {
                throw new Failure(
                        "two tasks have the name '" + task.name() + "'",
                        String.join(", ", names),
                        "name each task once, and give one of your own a name of its own");
            }
            tasks.add(task);
        }
        return tasks;
    }

    private static void merge(ObjectNode tree, ObjectNode own) {
        own.properties().forEach(entry -> {
            if (entry.getValue() instanceof ObjectNode inner && tree.get(entry.getKey()) instanceof ObjectNode there) {
                there.setAll(inner);
            } else {
                tree.set(entry.getKey(), entry.getValue());
            }
        });
    }

    /** What a harness asks in another way stands under its name. */
    private static Task task(ObjectNode tree, Harness harness, String place) {
        for (Harness other : Harness.values()) {
            if (tree.remove(other.toString().toLowerCase(Locale.ROOT)) instanceof ObjectNode own && other == harness) {
                merge(tree, own);
            }
        }
        try {
            return new Task(Records.read(MAPPER, tree, TaskFile.class), harness);
        } catch (JsonProcessingException e) {
            throw new Failure("declares no task: " + Json.reason(e), place, "correct the file", e);
        } catch (RuntimeException e) {
            throw new Failure("declares no task: " + e.getMessage(), place, "correct the file", e);
        }
    }
}
