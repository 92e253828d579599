package org.espalier;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The arrows between the rooms: which package may know which. */
class ArchitectureTest {

    private static final String ROOT = "org.espalier.";
    /** Each room, and the rooms that it may know besides itself, {@code ffi} and {@code error}. */
    private static final Map<String, Set<String>> ARROWS = Map.ofEntries(
            Map.entry("error", Set.of()),
            Map.entry("ffi", Set.of()),
            Map.entry("tensor", Set.of()),
            Map.entry("backend", Set.of("tensor")),
            Map.entry("backend.cpu", Set.of("backend", "tensor")),
            Map.entry("backend.cuda", Set.of("backend", "tensor")),
            Map.entry("backend.reference", Set.of("backend", "tensor")),
            Map.entry("tape", Set.of("backend", "tensor")),
            Map.entry("couple", Set.of("tape", "tensor")),
            Map.entry("file", Set.of()),
            Map.entry("format", Set.of("file", "tensor")),
            Map.entry("template", Set.of()),
            Map.entry("text", Set.of("template", "format", "file")),
            Map.entry("model", Set.of("couple", "tape", "backend", "format", "file", "tensor")),
            // Of the backend it knows how operations are told what they are to do.
            Map.entry("model.arch", Set.of("model", "tape", "backend", "format", "file", "tensor")),
            Map.entry("importance", Set.of("model", "couple", "tape", "backend", "format", "file", "tensor")),
            Map.entry("score", Set.of("importance", "model", "couple", "tape", "backend", "format", "tensor")),
            Map.entry("plan", Set.of("importance", "model", "couple", "tape", "format", "file", "tensor")),
            Map.entry("cut", Set.of("model", "couple", "tape", "backend", "format", "tensor")),
            Map.entry("tune", Set.of("model", "couple", "tape", "backend", "format", "text", "file", "tensor")),
            Map.entry("eval", Set.of("model", "couple", "tape", "backend", "format", "file", "tensor")),
            Map.entry("task", Set.of("model", "template", "text", "file")),
            Map.entry(
                    "report",
                    Set.of(
                            "plan",
                            "importance",
                            "tune",
                            "eval",
                            "task",
                            "model",
                            "couple",
                            "tape",
                            "backend",
                            "format",
                            "file",
                            "tensor")),
            Map.entry(
                    "job",
                    Set.of(
                            "report",
                            "score",
                            "plan",
                            "cut",
                            "importance",
                            "tune",
                            "eval",
                            "task",
                            "model",
                            "couple",
                            "tape",
                            "backend",
                            "backend.cpu",
                            "backend.cuda",
                            "backend.reference",
                            "format",
                            "text",
                            "file",
                            "tensor")),
            Map.entry(
                    "cli",
                    Set.of(
                            "job",
                            "report",
                            "plan",
                            "cut",
                            "importance",
                            "tune",
                            "eval",
                            "task",
                            "model",
                            "couple",
                            "tape",
                            "backend",
                            "backend.cuda",
                            "file",
                            "tensor")));

    /** More arguments of a call can hardly be told apart: what belongs together is passed as one record. */
    private static final int MOST_PARAMETERS = 9;

    private static final DescribedPredicate<JavaClass> GENERATED_BY_JEXTRACT = resideInAPackage(ROOT + "ffi.*..");

    private static final JavaClasses PRODUCT = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .withImportOption(location -> !location.contains("tests.jar"))
            .importPackages("org.espalier");

    @TestFactory
    Stream<DynamicTest> roomsKnowOnlyWhatLiesBelow() {
        return ARROWS.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(e -> DynamicTest.dynamicTest(
                        e.getKey(),
                        () -> check(noClasses()
                                .that(in(e.getKey()))
                                .should()
                                .dependOnClassesThat(inNoneOf(e.getKey(), e.getValue())))));
    }

    @Test
    void everyRoomHasItsArrows() {
        Set<String> unknown = PRODUCT.stream()
                .map(c -> room(c.getPackageName()))
                .filter(room -> !ARROWS.containsKey(room))
                .collect(Collectors.toCollection(TreeSet::new));
        assertTrue(unknown.isEmpty(), () -> "rooms without a place in the architecture: " + unknown);
    }

    /** Many machines are the business of tools/spark alone. */
    @Test
    void nobodyKnowsSpark() {
        check(noClasses().should().dependOnClassesThat(resideInAnyPackage("org.apache.spark..", "scala..")));
        assertThrows(ClassNotFoundException.class, () -> Class.forName("org.apache.spark.SparkContext"));
    }

    @Test
    void classesDoNotDependOnEachOther() {
        List<Set<String>> cycles = Cycles.among(handwritten().toList());
        assertTrue(cycles.isEmpty(), () -> "classes that depend on each other:\n" + Cycles.describe(cycles));
    }

    @Test
    void signaturesStayShort() {
        Set<String> tooLong = handwritten()
                .flatMap(c -> c.getCodeUnits().stream())
                .filter(unit -> unit.getRawParameterTypes().size() > MOST_PARAMETERS)
                .map(JavaCodeUnit::getFullName)
                .collect(Collectors.toCollection(TreeSet::new));
        assertTrue(tooLong.isEmpty(), () -> "more than " + MOST_PARAMETERS + " parameters: " + tooLong);
    }

    /** Memory of the host crosses in MemoryOps alone. */
    @Test
    void operationsTakeNoRawMemory() {
        check(methods()
                .that()
                .areDeclaredInClassesThat()
                .haveNameMatching(".*\\.backend\\.(?!Memory)\\w+Ops")
                .should()
                .notHaveRawReturnType(MemorySegment.class)
                .andShould()
                .notHaveRawParameterTypes(takesMemory()));
    }

    /** Its other classes look for GPUs, fetch libraries and call home. */
    @Test
    void onlyTheNativeMethodsOfDjlAreUsed() {
        check(noClasses()
                .should()
                .dependOnClassesThat(DescribedPredicate.<JavaClass>describe(
                        "another class of DJL",
                        c -> c.getPackageName().startsWith("ai.djl")
                                && !c.getSimpleName().equals("TokenizersLibrary"))));
    }

    @Test
    void javaCppIsNotUsed() {
        check(noClasses().should().dependOnClassesThat(resideInAPackage("org.bytedeco..")));
    }

    @Test
    void floatsAreNotReducedByTheVectorApiWhoseOrderChangesBetweenInterpreterAndCompiler() {
        check(noClasses()
                .should()
                .callMethodWhere(DescribedPredicate.describe(
                        "FloatVector.reduceLanes",
                        call -> call.getTargetOwner().isEquivalentTo(FloatVector.class)
                                && call.getTarget().getName().startsWith("reduceLanes"))));
    }

    @Test
    void onlyTheCommandLineEndsTheProgramAndUsesTheStandardStreams() {
        check(noClasses()
                .that(notIn("cli"))
                .and(DescribedPredicate.not(GENERATED_BY_JEXTRACT))
                .should()
                .callMethod(System.class, "exit", int.class)
                .orShould()
                .accessField(System.class, "out")
                .orShould()
                .accessField(System.class, "err"));
    }

    /** Requests and answers are understood without it, and another could take its place. */
    @Test
    void onlyTheServersOutermostClassesUseTheHttpLibrary() {
        check(noClasses()
                .that(
                        DescribedPredicate.describe(
                                "are not of HTTP",
                                c -> !c.getName()
                                        .matches(
                                                "org\\.espalier\\.cli\\.serve\\.(HttpServer|HttpExchange|BoundedBody|Unawaited)(\\$.*)?")))
                .should()
                .dependOnClassesThat(resideInAPackage("io.netty..")));
    }

    /** The library has none of them: programs that use it bring their own. */
    @Test
    void onlyTheCommandLineParsesShowsProgressAndBindsLogging() {
        check(noClasses()
                .that(notIn("cli"))
                .should()
                .dependOnClassesThat(resideInAnyPackage("picocli..", "me.tongfei..", "org.slf4j..")));
    }

    private static Stream<JavaClass> handwritten() {
        return PRODUCT.stream().filter(DescribedPredicate.not(GENERATED_BY_JEXTRACT));
    }

    private static void check(ArchRule rule) {
        rule.allowEmptyShould(true).check(PRODUCT);
    }

    /** The longest prefix of a package that is a room, else the first part after the root. */
    private static String room(String packageName) {
        String inside = packageName.startsWith(ROOT) ? packageName.substring(ROOT.length()) : packageName;
        String[] parts = inside.split("\\.");
        String two = parts.length > 1 ? parts[0] + "." + parts[1] : parts[0];
        return ARROWS.containsKey(two) ? two : parts[0];
    }

    private static DescribedPredicate<JavaClass> in(String room) {
        return DescribedPredicate.describe(
                "are in " + room,
                c -> c.getPackageName().startsWith(ROOT)
                        && room(c.getPackageName()).equals(room));
    }

    private static DescribedPredicate<JavaClass> notIn(String room) {
        return DescribedPredicate.not(in(room));
    }

    private static DescribedPredicate<JavaClass> inNoneOf(String room, Set<String> below) {
        return DescribedPredicate.describe(
                "are in a room other than " + room + ", ffi, error and " + below,
                c -> c.getPackageName().startsWith(ROOT)
                        && !room(c.getPackageName()).equals(room)
                        && !Set.of("ffi", "error").contains(room(c.getPackageName()))
                        && !below.contains(room(c.getPackageName())));
    }

    private static DescribedPredicate<List<JavaClass>> takesMemory() {
        return DescribedPredicate.describe(
                "memory segments", types -> types.stream().anyMatch(t -> t.isEquivalentTo(MemorySegment.class)));
    }
}
