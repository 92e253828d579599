package org.espalier.spark;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.spark.api.java.JavaSparkContext;

/** Models that Spark copies to every worker, once: packed, and unpacked again. */
final class Copies {

    private final JavaSparkContext spark;
    private final Map<String, String> names = new HashMap<>();

    Copies(JavaSparkContext spark) {
        this.spark = spark;
    }

    /** The name under which workers have a model. */
    String name(String path) {
        return names.computeIfAbsent(path, this::add);
    }

    private String add(String path) {
        Path model = Path.of(path);
        try {
            Path folder = Files.createTempDirectory("engine-spark");
            folder.toFile().deleteOnExit();
            String name = "model-" + names.size();
            Path packed = folder.resolve(name + ".zip");
            boolean whole = Files.isDirectory(model);
            // Spark would name a single file as it is named here, and refuses a second one of that name.
            pack(
                    whole ? model : model.toAbsolutePath().getParent(),
                    whole ? files(model) : List.of(model.toAbsolutePath()),
                    packed);
            packed.toFile().deleteOnExit();
            spark.sc().addArchive(packed + "#" + name);
            return whole ? name : name + "/" + model.getFileName();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Not compressed: weights hardly shrink. */
    private static void pack(Path folder, List<Path> files, Path packed) throws IOException {
        try (ZipOutputStream zip = new ZipOutputStream(new BufferedOutputStream(Files.newOutputStream(packed)))) {
            zip.setLevel(Deflater.NO_COMPRESSION);
            for (Path file : files) {
                zip.putNextEntry(new ZipEntry(folder.relativize(file).toString()));
                Files.copy(file, zip);
                zip.closeEntry();
            }
        }
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).sorted().toList();
        }
    }
}
