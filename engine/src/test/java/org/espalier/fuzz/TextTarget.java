package org.espalier.fuzz;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.espalier.eval.TextFormat;

/** A text to measure perplexity on, in every form that it may have. */
final class TextTarget implements Target {

    private static final String FILE = "x.txt";

    @Override
    public String name() {
        return "data-text-to-measure";
    }

    @Override
    public List<Input> seeds() {
        return List.of(
                Input.of(FILE, " \n = Title = \n \n The <unk> text of WikiText . \n \n = = Part = = \n"),
                Input.of(FILE, "a row\n b row \n\nlast"),
                Input.of(FILE, "\ufeffa text\r\nof lines\r\n"));
    }

    /** Whether it is UTF-8 and more than white space. */
    static boolean isText(byte[] content) {
        try {
            return !StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(content))
                    .toString()
                    .isBlank();
        } catch (CharacterCodingException e) {
            return false;
        }
    }

    @Override
    public boolean passesFirstCheck(Input input) {
        return isText(input.file(FILE));
    }

    @Override
    public void read(Path folder, Input input) {
        for (TextFormat format : TextFormat.values()) {
            format.read(folder.resolve(FILE));
        }
        TextFormat.LINES.readPlain(folder.resolve(FILE), "use another");
    }
}
