package org.espalier.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.espalier.file.Output;
import org.espalier.file.Records;

/** Comparisons on disk. */
public final class ComparisonFile {

    /** The file's name in the folder of a run. */
    public static final String NAME = "comparison.json";

    private static final ObjectMapper MAPPER = new ObjectMapper()
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_NUMBERS_FOR_ENUMS);

    private static final StageKeys KEYS = new StageKeys(MAPPER);

    /** Makes a record of a tree. */
    @FunctionalInterface
    private interface Parsing<T> {
        T parse() throws JsonProcessingException;
    }

    private ComparisonFile() {}

    /**
     * Reads a comparison.
     *
     * @throws Failure if the file is no comparison of this version
     */
    public static Comparison read(Path file) {
        ObjectNode tree = Json.readObject(file);
        Comparison comparison = parse(file, "comparison", () -> {
            KEYS.gather(tree);
            return Records.read(MAPPER, tree, Comparison.class);
        });
        if (comparison.formatVersion() != Comparison.FORMAT_VERSION) {
            throw new Failure(
                    "comparison has format version " + comparison.formatVersion(),
                    file.toString(),
                    "make it again; this engine reads version " + Comparison.FORMAT_VERSION);
        }
        return comparison;
    }

    /** The comparison as a tree of JSON. */
    public static JsonNode tree(Comparison comparison) {
        ObjectNode tree = MAPPER.valueToTree(comparison);
        KEYS.spread(tree, comparison);
        return tree;
    }

    /** Writes {@link #NAME} into a folder that exists, whole or not at all. */
    public static void write(Comparison comparison, Path folder, boolean force) {
        Output.writeFile(folder.resolve(NAME), force, path -> Files.write(path, Json.toBytes(tree(comparison))));
    }

    static <T extends Record> T read(Path file, Class<T> type, String kind) {
        ObjectNode tree = Json.readObject(file);
        return parse(file, kind, () -> Records.read(MAPPER, tree, type));
    }

    private static <T> T parse(Path file, String kind, Parsing<T> parsing) {
        try {
            return parsing.parse();
        } catch (JsonProcessingException e) {
            throw new Failure("not a " + kind + ": " + Json.reason(e), file.toString(), "write the file again", e);
        }
    }
}
