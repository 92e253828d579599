package org.espalier.tune;

import java.nio.file.Path;
import java.util.function.Supplier;
import org.espalier.error.Failure;
import org.espalier.file.PlainText;
import org.espalier.file.SeparatedTexts;
import org.espalier.text.ChatTemplate;

/** Reads a file of texts to learn from. */
public final class ExampleFile {

    private ExampleFile() {}

    /** As below, in the format that the file's name suggests, if it is JSON or plain text. */
    public static Examples read(Path file, RecordFields fields, Supplier<ChatTemplate> template, BrokenRecords broken) {
        ExampleFormat format = ExampleFormat.of(file);
        if (format == ExampleFormat.TEXT) {
            PlainText.require(
                    file,
                    "write it as JSON lines (prompt and completion, or text) and add --format jsonl; "
                            + "--format text reads it as it is");
        }
        return read(file, format, fields, template, broken);
    }

    /**
     * Reads a file. Its texts stay where they are, so that it must not be changed before what is returned is closed.
     *
     * @param fields   of JSON records
     * @param broken   what to do with records that are no examples
     * @param template of the model, asked for only if it is needed
     * @throws Failure if it is missing, damaged or empty
     */
    public static Examples read(
            Path file,
            ExampleFormat format,
            RecordFields fields,
            Supplier<ChatTemplate> template,
            BrokenRecords broken) {
        if (format == ExampleFormat.TEXT) {
            return notEmpty(new PlainExamples(SeparatedTexts.open(file)), file);
        }
        Examples examples =
                RecordExamples.open(file, format, fields, format == ExampleFormat.CHAT ? template.get() : null, broken);
        broken.summarise(file.toString());
        return notEmpty(examples, file);
    }

    private static Examples notEmpty(Examples examples, Path file) {
        if (examples.size() == 0) {
            examples.close();
            throw new Failure(
                    examples.broken() > 0
                            ? "none of the " + examples.broken() + " records can be read"
                            : "file holds no texts",
                    file.toString(),
                    "name a file with texts, and its --format");
        }
        return examples;
    }
}
