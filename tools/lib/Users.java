import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Finds the classes that use changed ones. A class file names whatever its source used, but for the values of constants,
 * which the compiler copies: when one of those changed, every class counts as its user.
 */
final class Users {

    /** Names with slashes of the classes (not nested ones) that look otherwise than before, and of their subclasses. */
    private final Set<String> changed = new TreeSet<>();

    private boolean constants;

    /** Adds the classes in {@code output} whose signature is another than that in {@code classes}. */
    void compare(Path output, Path classes) throws IOException {
        for (Path file : classFiles(output)) {
            Path before = classes.resolve(output.relativize(file));
            if (!isLocal(file) && Files.exists(before)) {
                String now = Signatures.of(file);
                String then = Signatures.of(before);
                if (!now.equals(then)) {
                    changed.add(name(output.relativize(file)));
                    constants |= !Signatures.constants(now).equals(Signatures.constants(then));
                }
            }
            for (Path nested : nestedClasses(before)) {
                if (!isLocal(nested) && !Files.exists(output.resolve(classes.relativize(nested)))) {
                    changed.add(name(classes.relativize(nested)));
                }
            }
        }
    }

    /** The names among {@code sources} of classes in {@code classes} that use what has changed. */
    Set<String> in(Path classes, Set<String> sources) throws IOException {
        if (constants) {
            return sources;
        }
        Set<String> users = new TreeSet<>();
        int before;
        do {
            before = changed.size();
            for (Path file : changed.isEmpty() ? List.<Path>of() : classFiles(classes)) {
                String bytes = Files.readString(file, StandardCharsets.ISO_8859_1);
                if (changed.stream().anyMatch(bytes::contains)) {
                    String name = name(classes.relativize(file));
                    users.add(name);
                    if (inherits(file)) {
                        changed.add(name);
                    }
                }
            }
        } while (changed.size() > before);
        users.retainAll(sources);
        return users;
    }

    private boolean inherits(Path file) throws IOException {
        ClassModel model = ClassFile.of().parse(file);
        return Stream.concat(model.superclass().stream(), model.interfaces().stream())
                .map(ClassEntry::asInternalName)
                .anyMatch(parent -> changed.contains(parent.replaceFirst("\\$.*", "")));
    }

    private static List<Path> classFiles(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith(".class")).toList();
        }
    }

    /** The class files beside {@code file} of the classes nested in its class. */
    static List<Path> nestedClasses(Path file) throws IOException {
        String outer = file.getFileName().toString().replaceFirst("\\.class$", "\\$");
        List<Path> nested = new ArrayList<>();
        if (Files.isDirectory(file.getParent())) {
            try (DirectoryStream<Path> beside = Files.newDirectoryStream(file.getParent())) {
                for (Path other : beside) {
                    if (other.getFileName().toString().startsWith(outer)) {
                        nested.add(other);
                    }
                }
            }
        }
        return nested;
    }

    /** Whether a class is local or anonymous, and so out of reach of other sources: its name has $ and a digit. */
    private static boolean isLocal(Path file) {
        return file.getFileName().toString().matches(".*\\$\\d.*");
    }

    /** The name, with slashes, of the class that is not nested and to which this source or class file belongs. */
    static String name(Path file) {
        return file.toString().replaceFirst("(\\$.*)?\\.(class|java)$", "");
    }
}
