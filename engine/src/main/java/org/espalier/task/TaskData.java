package org.espalier.task;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.espalier.error.Failure;
import org.espalier.file.JsonRecords;

/** The records of a task: JSON objects, or a CSV file's rows. */
final class TaskData {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final TaskFile task;
    private final Path folder;

    /**
     * A record.
     *
     * @param place its file and line
     */
    record Entry(Map<String, Object> fields, String place) {}

    TaskData(TaskFile task, Path data) {
        this.task = task;
        this.folder = data.resolve(task.name());
    }

    /** One data file, and the subject that its name says, if the task has such. */
    record Subject(TaskData data, Path file, String name) {

        List<Entry> entries(int most) {
            return data.read(file, name, most);
        }

        List<Entry> shots(int count) {
            List<Path> files = data.named(data.task.shots().files().stream()
                    .map(pattern -> pattern.replace("*", name))
                    .toList());
            List<Entry> shots = data.read(files.getFirst(), name, count);
            if (shots.size() < count) {
                throw new Failure(
                        "has " + shots.size() + " questions, fewer than the " + count
                                + " that stand before each question",
                        files.getFirst().toString(),
                        "fetch the file again");
            }
            return shots;
        }
    }

    /** The data files there are. */
    List<Path> files() {
        return named(task.data().files());
    }

    List<Subject> subjects() {
        return files().stream()
                .map(file -> new Subject(this, file, subject(file)))
                .toList();
    }

    private String subject(Path file) {
        return task.data().files().stream()
                .flatMap(pattern -> subject(pattern, file).stream())
                .findFirst()
                .orElse("");
    }

    /** What the {@code *} of a pattern stands for in a file's name; nothing if the pattern has none, or not this file. */
    private Optional<String> subject(String pattern, Path file) {
        Path wanted = folder.resolve(pattern);
        String form = String.valueOf(wanted.getFileName());
        String name = String.valueOf(file.getFileName());
        int star = form.indexOf('*');
        int after = form.length() - star - 1;
        return star >= 0
                        && Objects.equals(wanted.getParent(), file.getParent())
                        && name.length() >= star + after
                        && name.startsWith(form.substring(0, star))
                        && name.endsWith(form.substring(star + 1))
                ? Optional.of(name.substring(star, name.length() - after))
                : Optional.empty();
    }

    /** The files of the first pattern that there are any of. */
    private List<Path> named(List<String> patterns) {
        for (String pattern : patterns) {
            List<Path> files = pattern.contains("*") ? matching(pattern) : List.of(folder.resolve(pattern));
            if (!files.isEmpty() && Files.isRegularFile(files.getFirst())) {
                return files;
            }
        }
        throw new Failure(
                "no data of the task " + task.name(),
                folder + " (" + String.join(" or ", patterns) + ")",
                "put the task's file there, or name its folder's parent with --data-dir");
    }

    private List<Path> matching(String pattern) {
        Path parent = folder.resolve(pattern).getParent();
        if (!Files.isDirectory(parent)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(parent)) {
            return files.filter(file -> subject(pattern, file).isPresent())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new Failure(
                    "folder cannot be read: " + e.getMessage(), parent.toString(), "check its permissions", e);
        }
    }

    private List<Entry> read(Path file, String subject, int most) {
        List<Entry> entries = new ArrayList<>();
        if (task.data().columns().isEmpty()) {
            for (JsonRecords.Entry entry : first(file, most)) {
                entries.add(new Entry(
                        with(subject, MAPPER.convertValue(entry.object(), new TypeReference<Map<String, Object>>() {})),
                        entry.place()));
            }
        } else {
            for (CsvRows.Row row : CsvRows.read(file, task.data().columns().size(), most)) {
                Map<String, Object> fields = new LinkedHashMap<>();
                for (int i = 0; i < task.data().columns().size(); i++) {
                    fields.put(task.data().columns().get(i), row.cells().get(i));
                }
                entries.add(new Entry(with(subject, fields), row.place()));
            }
        }
        return entries;
    }

    private static List<JsonRecords.Entry> first(Path file, int most) {
        List<JsonRecords.Entry> all = JsonRecords.read(file, broken -> {
            throw broken;
        });
        return all.subList(0, Math.min(all.size(), most));
    }

    private static Map<String, Object> with(String subject, Map<String, Object> fields) {
        Map<String, Object> all = new LinkedHashMap<>(fields);
        all.putIfAbsent("subject", subject);
        return all;
    }
}
