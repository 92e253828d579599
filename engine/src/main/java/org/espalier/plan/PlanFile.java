package org.espalier.plan;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.espalier.error.Failure;
import org.espalier.error.Printable;
import org.espalier.file.Json;
import org.espalier.file.Output;
import org.espalier.file.Records;
import org.espalier.file.Sha256;

/** Plans and scores on disk. */
public final class PlanFile {

    private static final ObjectMapper MAPPER =
            new ObjectMapper().enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES);

    private static final int LONGEST_NAME = 4096;

    private PlanFile() {}

    /**
     * Reads a plan.
     *
     * @throws Failure if the file is no plan of this version
     */
    public static Plan read(Path file) {
        return read(Json.readObject(file), file.toString());
    }

    /**
     * Reads a plan.
     *
     * @param json  that {@link #bytes} gave
     * @param where it is from, for messages
     * @throws Failure if it is no plan of this version
     */
    public static Plan read(byte[] json, String where) {
        try {
            return read((ObjectNode) Json.only(Json.parser(json)), where);
        } catch (IOException e) {
            throw new Failure("not a plan", where, "make it again with 'engine plan'", e);
        }
    }

    private static Plan read(ObjectNode tree, String file) {
        try {
            requirePrintable(tree, file);
            Plan plan = Records.read(MAPPER, tree, Plan.class);
            if (plan.formatVersion() < 1 || plan.formatVersion() > Plan.FORMAT_VERSION) {
                throw new Failure(
                        "plan has format version " + plan.formatVersion(),
                        file,
                        "make it again with 'engine plan'; this engine reads versions 1 to " + Plan.FORMAT_VERSION);
            }
            return plan;
        } catch (JsonProcessingException e) {
            throw new Failure("not a plan: " + Json.reason(e), file, "make it again with 'engine plan'", e);
        }
    }

    /**
     * Reads a table that plans are made by.
     *
     * @param kind what it is, for messages
     * @param made the command that writes it
     * @throws Failure if the file is none
     */
    static <T extends Record> T read(Path file, Class<T> type, String kind, String made) {
        try {
            ObjectNode tree = Json.readObject(file);
            requirePrintable(tree, file.toString());
            return Records.read(MAPPER, tree, type);
        } catch (JsonProcessingException e) {
            throw new Failure(
                    "not a %s: %s".formatted(kind, Json.reason(e)), file.toString(), "make it with '" + made + "'", e);
        }
    }

    /** Names from a plan are shown on terminals and in pages. */
    private static void requirePrintable(JsonNode node, String file) {
        if (node.isTextual()
                && (node.textValue().length() > LONGEST_NAME
                        || node.textValue().chars().anyMatch(Character::isISOControl))) {
            throw new Failure(
                    "not a plan: " + Printable.quoted(node.textValue()) + " is no name",
                    file,
                    "make it again with 'engine plan'");
        }
        node.forEach(inner -> requirePrintable(inner, file));
    }

    /** The hash of the file that is written of a table or of scores. */
    public static String sha256(Object table) {
        return Sha256.ofBytes(bytes(table));
    }

    /** The same model and choices as JSON. */
    public static byte[] bytes(Object planOrScores) {
        return Json.toBytes(MAPPER.valueToTree(planOrScores));
    }

    /** Writes a plan or scores, whole or not at all. */
    public static void write(Object planOrScores, Path file, boolean force) {
        Output.writeFile(file, force, path -> Files.write(path, bytes(planOrScores)));
    }
}
