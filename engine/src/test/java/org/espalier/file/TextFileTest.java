package org.espalier.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.espalier.error.Failure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Texts, and what is given in the place of one. */
class TextFileTest {

    private static final String SENTENCE = "Once upon a time there was a hedge.\n";

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({
        "5041523115, a Parquet file",
        "4152524f57310000, an Arrow file",
        "ffffffff1000, an Arrow stream",
        "4f626a01, an Avro file",
        "53514c69746520666f726d6174203300, an SQLite database",
        "894844460d0a, an HDF5 file",
        "28b52ffd, a Zstandard file",
        "425a6839314159265359, a bzip2 file",
        "fd377a585a00, an xz file",
        "377abcaf271c, a 7z archive",
        "04224d18, an LZ4 file",
        "255044462d312e37, a PDF document",
        "d0cf11e0a1b11ae1, an old Office document",
        "7b5c72746631, an RTF document",
        "4747554603000000, a GGUF model",
        "7f454c46, a program",
        "80049500, a Python pickle",
        "61000000, 'a binary file, with zero bytes'"
    })
    void whatItIsIsNamed(String hex, String kind) throws IOException {
        Path file = Files.write(folder.resolve("x.txt"), HexFormat.of().parseHex(hex));
        Failure failure = assertThrows(Failure.class, () -> TextFile.read(file));
        assertEquals("this is " + kind + ", not text", failure.problem());
        assertThrows(Failure.class, () -> JsonRecords.read(file, broken -> {}));
        assertThrows(Failure.class, () -> Json.readObject(file));
    }

    @Test
    void archivesThatJavaWritesAreNamed() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            gzip.write(SENTENCE.getBytes(StandardCharsets.UTF_8));
        }
        assertKind("a gzip file", bytes.toByteArray());
        bytes.reset();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.putNextEntry(new ZipEntry("a.txt"));
        }
        assertKind("a zip archive, such as a DOCX, XLSX or PyTorch file", bytes.toByteArray());
        byte[] tar = new byte[512];
        System.arraycopy("ustar".getBytes(StandardCharsets.US_ASCII), 0, tar, 257, 5);
        assertKind("a tar archive", tar);
    }

    @ParameterizedTest
    @CsvSource({
        "UTF-16, UTF-16",
        "UTF-16LE, UTF-16LE",
        "UTF-16BE, UTF-16BE",
        "x-UTF-16LE-BOM, UTF-16",
        "X-UTF-32LE-BOM, UTF-32"
    })
    void otherEncodingsAreNamedWithTheWayToConvertThem(String charset, String name) throws IOException {
        Path file = Files.write(folder.resolve("x.txt"), SENTENCE.getBytes(Charset.forName(charset)));
        Failure failure = assertThrows(Failure.class, () -> TextFile.read(file));
        assertTrue(failure.problem().contains(name.substring(0, 6) + " text"), failure.oneLine());
        assertTrue(failure.advice().endsWith("iconv -t UTF-8 -f " + name + "'"), failure.oneLine());
    }

    @Test
    void aPointerToALargeFileIsNoText() throws IOException {
        assertKind(
                "a pointer of Git LFS to a file that is elsewhere",
                "version https://git-lfs.github.com/spec/v1\noid sha256:0\n".getBytes(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "a",
                "ORCHARDS grow",
                "GGUF is a format",
                "PAR1 is written at both ends",
                "BZh9 is how it begins",
                "# text,label\n",
                "\u00e4\u00f6\u00fc \u4e2d\u6587"
            })
    void textIsRead(String text) throws IOException {
        Path file = Files.writeString(folder.resolve("x.txt"), text);
        assertEquals(text, TextFile.read(file));
        assertEquals(text, PlainText.read(file, ""));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "x.csv|Once.|a CSV table",
                "x.TSV|Once.|a table with tabs",
                "x.json|Once.|JSON",
                "x.jsonl|Once.|JSON lines",
                "x.html|Once.|an HTML page",
                "x.xml|Once.|XML",
                "x.txt|{\"text\": \"Once.\"}|JSON",
                "x.txt|[ { \"text\": \"Once.\" } ]|JSON",
                "x.txt|<!DOCTYPE html><title>404</title>|an HTML page",
                "x|text,label|a table, by its first line",
                "x|\"id\";\"Review_Text\"|a table, by its first line"
            })
    void whatIsTextButNotPlainIsNamed(String name, String text, String kind) throws IOException {
        Path file = Files.writeString(folder.resolve(name), text);
        Failure failure = assertThrows(Failure.class, () -> PlainText.read(file, "do this"));
        assertEquals("this is " + kind + ", not plain text", failure.problem());
        assertEquals("do this", failure.advice());
        assertEquals(text, TextFile.read(file));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Hello,World",
                "Yes, text, label",
                "[Verse 1]\nOnce",
                "{% if a %}",
                "{a: 1}",
                "text",
                "text, and more",
                "<p>a</p>",
                "a,b,c\n1,2,3"
            })
    void plainTextIsNotMistaken(String text) throws IOException {
        assertEquals(text, PlainText.read(Files.writeString(folder.resolve("x.txt"), text), ""));
    }

    @Test
    void aByteOrderMarkIsSkippedEverywhere() throws IOException {
        Path file = Files.writeString(folder.resolve("x.json"), "\uFEFF{\"a\": 1}");
        assertEquals("{\"a\": 1}", TextFile.read(file));
        assertEquals("{\"a\": 1}", TextFile.read(file, 100));
        assertEquals(1, Json.readObject(file).get("a").intValue());
        assertEquals(1, JsonRecords.read(file, broken -> {}).size());
        Path array = Files.writeString(folder.resolve("y.json"), "\uFEFF [{\"a\": 1}, {}]");
        assertEquals(2, JsonRecords.read(array, broken -> {}).size());
        assertEquals("\uFEFFa", TextFile.read(Files.writeString(folder.resolve("z"), "\uFEFF\uFEFFa")));
    }

    private void assertKind(String kind, byte[] content) throws IOException {
        Path file = Files.write(folder.resolve("x.txt"), content);
        assertEquals(
                "this is " + kind + ", not text",
                assertThrows(Failure.class, () -> TextFile.read(file)).problem());
    }
}
