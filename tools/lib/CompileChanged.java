import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.StandardLocation;
import javax.tools.ToolProvider;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * Compiles the sources that are newer than their classes, with the flags of the root pom, in the modules given (in the
 * order of their dependencies; each was compiled by Maven before, which left its class path in target). When what other
 * sources see of a class has changed, those that use it are compiled too. Classes are put in place only when everything
 * compiled, so that a failure leaves the next run the same work.
 *
 * <p>usage: java CompileChanged.java REPOSITORY MODULE...; exit status 1 when a source does not compile.
 */
final class CompileChanged {

    private static final JavaCompiler JAVAC = ToolProvider.getSystemJavaCompiler();

    private final Path root;
    private final Path staging;
    private final List<String> flags;
    /** Staged folder of classes, and where they belong, in pairs. */
    private final List<Path[]> staged = new ArrayList<>();
    /** What changed for the sources that use it, in the folders so far. */
    private final Users users = new Users();

    private CompileChanged(Path root, Path staging) throws Exception {
        this.root = root;
        this.staging = staging;
        this.flags = flags(root.resolve("pom.xml"));
    }

    public static void main(String[] arguments) throws Exception {
        Path root = Path.of(arguments[0]);
        Path staging = Files.createTempDirectory("espalier-classes-");
        boolean compiled = true;
        try {
            CompileChanged compile = new CompileChanged(root, staging);
            for (int i = 1; compiled && i < arguments.length; i++) {
                compiled = compile.module(root.resolve(arguments[i]));
            }
            if (compiled) {
                compile.putInPlace();
            }
        } finally {
            delete(staging);
        }
        System.exit(compiled ? 0 : 1);
    }

    private boolean module(Path module) throws IOException {
        Path target = module.resolve("target");
        String entries = Files.readString(target.resolve("test-classpath.txt")).strip();
        List<Path> classPath = new ArrayList<>();
        Stream.of(entries.split(File.pathSeparator)).map(Path::of).forEach(classPath::add);
        Path source = module.resolve("src");
        return folder(
                        List.of(source.resolve("main/java"), source.resolve("generated/java")),
                        target.resolve("classes"),
                        classPath)
                && folder(List.of(source.resolve("test/java")), target.resolve("test-classes"), classPath);
    }

    /** Compiles what is to be compiled for one folder of classes, which is then in front of {@code classPath}. */
    private boolean folder(List<Path> sourceRoots, Path classes, List<Path> classPath) throws IOException {
        classPath.addFirst(classes);
        Map<String, Path> sources = sources(sourceRoots);
        Set<String> names = new TreeSet<>();
        for (Map.Entry<String, Path> source : sources.entrySet()) {
            Path compiled = classes.resolve(source.getKey() + ".class");
            // A package-info without annotations need not leave a class.
            if (Files.exists(compiled)
                    ? isNewer(source.getValue(), compiled)
                    : !source.getKey().endsWith("package-info")) {
                names.add(source.getKey());
            }
        }
        names.addAll(users.in(classes, sources.keySet()));
        Path output = Files.createTempDirectory(staging, "classes-");
        staged.add(new Path[] {output, classes});
        int before;
        do {
            before = names.size();
            if (!javac(names.stream().map(sources::get).toList(), output, classPath)) {
                return false;
            }
            users.compare(output, classes);
            names.addAll(users.in(classes, sources.keySet()));
        } while (names.size() > before);
        return true;
    }

    /** The source of each class that is not nested, by its name with slashes. */
    private static Map<String, Path> sources(List<Path> roots) throws IOException {
        Map<String, Path> sources = new TreeMap<>();
        for (Path root : roots) {
            if (Files.isDirectory(root)) {
                try (Stream<Path> files = Files.walk(root)) {
                    files.filter(file -> file.toString().endsWith(".java"))
                            .forEach(file -> sources.put(Users.name(root.relativize(file)), file));
                }
            }
        }
        return sources;
    }

    /** Compiles against the classes staged so far, which hide those that they will replace. */
    private boolean javac(List<Path> sources, Path output, List<Path> classPath) throws IOException {
        if (sources.isEmpty()) {
            return true;
        }
        try (StandardJavaFileManager files = JAVAC.getStandardFileManager(null, null, null)) {
            List<Path> search = staged.stream().map(pair -> pair[0]).collect(Collectors.toCollection(ArrayList::new));
            search.addAll(classPath);
            files.setLocationFromPaths(StandardLocation.CLASS_PATH, search);
            files.setLocationFromPaths(StandardLocation.CLASS_OUTPUT, List.of(output));
            return JAVAC.getTask(null, files, null, flags, null, files.getJavaFileObjectsFromPaths(sources)).call();
        }
    }

    private void putInPlace() throws IOException {
        for (Path[] pair : staged) {
            List<Path> compiled;
            try (Stream<Path> classes = Files.walk(pair[0])) {
                compiled = classes.filter(Files::isRegularFile).toList();
            }
            for (Path file : compiled) {
                Path place = pair[1].resolve(pair[0].relativize(file));
                Files.createDirectories(place.getParent());
                for (Path old : Users.nestedClasses(place)) {
                    Files.delete(old);
                }
            }
            for (Path file : compiled) {
                Files.move(file, pair[1].resolve(pair[0].relativize(file)), StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    /** What Maven hands to javac, without the checks of the build of a change. */
    private static List<String> flags(Path pom) throws Exception {
        Document document = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(pom.toFile());
        String release = document.getElementsByTagName("maven.compiler.release").item(0).getTextContent();
        List<String> flags = new ArrayList<>(List.of("--release", release, "-encoding", "UTF-8", "-g", "-proc:none"));
        Element compilerArguments = (Element) document.getElementsByTagName("compilerArgs").item(0);
        NodeList arguments = compilerArguments.getElementsByTagName("arg");
        for (int i = 0; i < arguments.getLength(); i++) {
            flags.add(arguments.item(i).getTextContent());
        }
        return flags;
    }

    private static boolean isNewer(Path file, Path other) throws IOException {
        return Files.getLastModifiedTime(file).compareTo(Files.getLastModifiedTime(other)) > 0;
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.toList().reversed()) {
                Files.delete(file);
            }
        }
    }
}
