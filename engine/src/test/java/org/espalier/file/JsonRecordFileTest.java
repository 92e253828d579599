package org.espalier.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.espalier.error.Failure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonRecordFileTest {

    private static final List<String> OBJECTS = List.of(
            "{\"a\":1}",
            "{ \"a\" : \"}{\\\"\\\\\" , \"b\" : {\"c\": [{}, {\"d\": \"\\\\\"}]} }",
            "{\"\u65e5\":\"\uD83D\uDE00é\"}",
            "{}",
            "{\"a\":\"\\u0022}\"}");

    @TempDir
    private Path folder;

    @Test
    void recordsAreReadAgainWhereTheyStand() throws IOException {
        for (String mark : List.of("", "\uFEFF")) {
            for (String end : List.of("\n", "\r\n", "\r", "\n\n  \n")) {
                compare(mark + String.join(end, OBJECTS));
                compare(mark + end + String.join(end, OBJECTS) + end);
            }
            for (String between : List.of(",", " ,\n ", "\r\n,\t")) {
                compare(mark + "[" + String.join(between, OBJECTS) + "]");
                compare(mark + " \n[ " + String.join(between, OBJECTS) + "\n]\n");
            }
        }
    }

    @Test
    void whatIsLeftOutStandsBetween() throws IOException {
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        lines.writeBytes("{\"a\":1}\nno\n{\"b\":\n".getBytes(StandardCharsets.UTF_8));
        lines.writeBytes(new byte[] {'{', (byte) 0xFF, '\n'});
        lines.writeBytes("7\n{\"a\":2}\n{\"a\":3}\n{\"x\":3}".getBytes(StandardCharsets.UTF_8));
        Path file = Files.write(folder.resolve("some.jsonl"), lines.toByteArray());
        List<Failure> broken = new ArrayList<>();
        try (JsonRecordFile records =
                JsonRecordFile.open(file, broken::add, e -> e.object().has("a"))) {
            assertEquals(4, broken.size());
            assertEquals(3, records.size());
            for (int i = 0; i < 3; i++) {
                assertEquals(i + 1, records.get(i).get("a").asInt());
            }
            assertTrue(records.place(1).endsWith(", line 6"), records.place(1));
        }
        Path array = Files.writeString(folder.resolve("some.json"), "[{\"a\":1},\n 5,{\"a\":2}]");
        try (JsonRecordFile records = JsonRecordFile.open(array, broken::add, _ -> true)) {
            assertEquals(2, records.get(1).get("a").asInt());
            assertTrue(records.place(1).endsWith(", line 2, entry 3"), records.place(1));
        }
    }

    @Test
    void aRecordThatWasChangedIsRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("some.jsonl"), "{\"a\":1}\n{\"a\":2}\n");
        try (JsonRecordFile records = JsonRecordFile.open(file, _ -> {}, _ -> true)) {
            Files.writeString(file, "{\"a\":1}\n{\"a\":2,\n");
            Failure failure = assertThrows(Failure.class, () -> records.get(1));
            assertTrue(failure.oneLine().contains("record 2 is not the one"), failure.oneLine());
        }
    }

    private void compare(String content) throws IOException {
        Path file = Files.writeString(folder.resolve("all.json"), content);
        List<JsonRecords.Entry> expected = JsonRecords.read(file, broken -> {
            throw broken;
        });
        assertEquals(OBJECTS.size(), expected.size());
        try (JsonRecordFile records = JsonRecordFile.open(file, _ -> {}, _ -> true)) {
            assertEquals(
                    expected.stream().map(JsonRecords.Entry::object).toList(),
                    IntStream.range(0, records.size()).mapToObj(records::get).toList());
            assertEquals(
                    expected.stream().map(JsonRecords.Entry::place).toList(),
                    IntStream.range(0, records.size()).mapToObj(records::place).toList());
        }
    }
}
