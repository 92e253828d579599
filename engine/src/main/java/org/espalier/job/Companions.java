package org.espalier.job;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.espalier.format.Checkpoint;
import org.espalier.format.ModelContent;
import org.espalier.model.Architectures;
import org.espalier.model.RemoteCode;
import org.espalier.text.TokenizerFiles;

/** What goes with the weights of a model that is made of another: its tokenizer, its licence, code that opens it. */
final class Companions {

    private static final Pattern LICENCE = Pattern.compile("(?i)(licen[cs]e|notice|copying|use_policy)(\\.(txt|md))?");

    private Companions() {}

    /**
     * {@code content} with all of these.
     *
     * @param model      that it is made of: a checkpoint folder or a GGUF file
     * @param checkpoint the same, opened
     */
    static ModelContent with(ModelContent content, Path model, Checkpoint checkpoint) {
        ObjectNode config = content.config().deepCopy();
        RemoteCode.remove(config);
        Optional<RemoteCode> code = RemoteCode.of(Architectures.read(config, model.toString()));
        code.ifPresent(_ -> RemoteCode.enter(config));
        return TokenizerFiles.beside(content.withConfig(config), model, checkpoint)
                .withFiles(licences(model))
                .withFiles(code.map(c -> Map.of(RemoteCode.FILE, c.file())).orElse(Map.of()));
    }

    /** Whatever a folder says of its licence, by the files' names. */
    static Map<String, byte[]> licences(Path model) {
        Map<String, byte[]> found = new TreeMap<>();
        if (!Files.isDirectory(model)) {
            return found;
        }
        try (Stream<Path> files = Files.list(model)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String name = file.getFileName().toString();
                if (LICENCE.matcher(name).matches()) {
                    found.put(name, Json.readFile(file, Json.LARGEST_FILE));
                }
            }
            return found;
        } catch (IOException e) {
            throw new Failure("folder cannot be read: " + e.getMessage(), model.toString(), "check its permissions", e);
        }
    }
}
