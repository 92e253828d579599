import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * Reads the surefire reports in the folders given: lists failed tests, skipped tests by reason, and prints the totals as
 * the last line. Exit status 1 if a test failed or none ran.
 */
final class TestTotals {

    private int passed;
    private final List<String> failed = new ArrayList<>();
    private final Map<String, List<String>> skippedByReason = new TreeMap<>();

    public static void main(String[] folders) throws Exception {
        TestTotals totals = new TestTotals();
        for (String folder : folders) {
            totals.addFolder(Path.of(folder));
        }
        System.exit(totals.print() ? 0 : 1);
    }

    private void addFolder(Path folder) throws Exception {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (DirectoryStream<Path> reports = Files.newDirectoryStream(folder, "TEST-*.xml")) {
            for (Path report : reports) {
                NodeList cases = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(report.toFile())
                        .getElementsByTagName("testcase");
                for (int i = 0; i < cases.getLength(); i++) {
                    add((Element) cases.item(i));
                }
            }
        }
    }

    private void add(Element test) {
        String className = test.getAttribute("classname");
        String name = className.substring(className.lastIndexOf('.') + 1) + "." + test.getAttribute("name");
        Element problem = first(test, "failure") == null ? first(test, "error") : first(test, "failure");
        Element skip = first(test, "skipped");
        if (problem != null) {
            failed.add(name + ": " + reason(problem));
        } else if (skip != null) {
            skippedByReason.computeIfAbsent(reason(skip), _ -> new ArrayList<>()).add(name);
        } else {
            passed++;
        }
    }

    private static Element first(Element test, String tag) {
        return (Element) test.getElementsByTagName(tag).item(0);
    }

    /** The first line of why a test failed or was skipped, without the exception's name. */
    private static String reason(Element outcome) {
        String text = outcome.getAttribute("message").isBlank() ? outcome.getTextContent() : outcome.getAttribute("message");
        return text.strip().lines().findFirst().orElse("no reason given")
                .replaceFirst("^[\\w.]+(Exception|Error): ", "").replaceFirst("^((Assumption failed|skipped): *)+", "");
    }

    private boolean print() {
        // Maven leaves colour codes behind on a line of its own.
        System.out.println();
        if (!failed.isEmpty()) {
            System.out.println("Failed:");
            failed.forEach(name -> System.out.println("  " + name));
        }
        if (!skippedByReason.isEmpty()) {
            System.out.println("Skipped:");
            skippedByReason.forEach((reason, names) -> {
                System.out.println("  " + reason + " (" + names.size() + ")");
                names.forEach(name -> System.out.println("    " + name));
            });
        }
        int skipped = skippedByReason.values().stream().mapToInt(List::size).sum();
        boolean ran = passed + failed.size() > 0;
        if (!ran) {
            System.out.println("No test ran.");
        }
        System.out.println(passed + " passed, " + failed.size() + " failed, " + skipped + " skipped");
        return ran && failed.isEmpty();
    }
}
