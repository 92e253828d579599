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

/** Models that Spark copies to every worker, once: a file as it is, a folder packed and unpacked again. */
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
            if (Files.isDirectory(model)) {
                Path packed = folder.resolve(name + ".zip");
                pack(model, packed);
                packed.toFile().deleteOnExit();
                spark.sc().addArchive(packed + "#" + name);
                return name;
            }
            Path link = folder.resolve(name + "-" + model.getFileName());
            Files.createSymbolicLink(link, model.toRealPath());
            link.toFile().deleteOnExit();
            spark.addFile(link.toString());
            return link.getFileName().toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Not compressed: weights hardly shrink. */
    private static void pack(Path folder, Path packed) throws IOException {
        try (ZipOutputStream zip = new ZipOutputStream(new BufferedOutputStream(Files.newOutputStream(packed)))) {
            zip.setLevel(Deflater.NO_COMPRESSION);
            for (Path file : files(folder)) {
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
