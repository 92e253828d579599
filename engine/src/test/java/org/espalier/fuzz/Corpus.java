package org.espalier.fuzz;

import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Inputs that once went wrong, kept beside this class: {@code corpus/TARGET/NAME/}, a folder for each. */
final class Corpus {

    private Corpus() {}

    static List<Input> of(String target) throws IOException {
        URL place = Corpus.class.getResource("corpus/" + target);
        List<Input> inputs = new ArrayList<>();
        if (place != null) {
            try (Stream<Path> folders = Files.list(Path.of(place.toURI()))) {
                for (Path folder : folders.sorted().toList()) {
                    inputs.add(Input.read(folder));
                }
            } catch (URISyntaxException e) {
                throw new IllegalStateException(e);
            }
        }
        return inputs;
    }
}
