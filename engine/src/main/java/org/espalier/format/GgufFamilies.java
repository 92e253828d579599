package org.espalier.format;

import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;
import org.espalier.error.Failure;
import org.espalier.error.Printable;

/** The families of models that GGUF files are read of, each found by the names of its architectures. */
final class GgufFamilies {

    private static final String ARCHITECTURE = "general.architecture";
    private static final Map<String, GgufFamily> BY_ARCHITECTURE = byArchitecture();

    private GgufFamilies() {}

    private static Map<String, GgufFamily> byArchitecture() {
        Map<String, GgufFamily> families = new TreeMap<>();
        for (GgufFamily family : ServiceLoader.load(GgufFamily.class, GgufFamilies.class.getClassLoader())) {
            family.architectures().forEach(name -> families.put(name, family));
        }
        return families;
    }

    /**
     * What a file says of its model.
     *
     * @throws Failure if its architecture is none that can be read, or its metadata make no sense
     */
    static GgufModel read(GgufFile file) {
        GgufMetadata metadata = new GgufMetadata(file.path(), file.metadata());
        String architecture = metadata.string(ARCHITECTURE);
        GgufFamily family = BY_ARCHITECTURE.get(architecture);
        if (family == null) {
            throw new Failure(
                    "architecture " + Printable.quoted(architecture) + " cannot be read",
                    file.path().toString(),
                    "use a model of one of the architectures " + String.join(", ", BY_ARCHITECTURE.keySet()));
        }
        return family.read(metadata, file.tensors());
    }

    /**
     * A model as a file has it.
     *
     * @throws Failure if no family has such models, or files have no way to say what this one is
     */
    static GgufContent write(ModelContent model) {
        return BY_ARCHITECTURE.values().stream()
                .distinct()
                .flatMap(family -> family.write(model).stream())
                .findFirst()
                .orElseThrow(() -> new Failure(
                        "no GGUF architecture is known for models of the class "
                                + Printable.quoted(model.config()
                                        .path("architectures")
                                        .path(0)
                                        .asText()),
                        "the model",
                        "write it as a folder of safetensors"));
    }
}
