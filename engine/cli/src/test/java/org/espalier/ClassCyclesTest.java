package org.espalier;

import static org.junit.jupiter.api.Assertions.assertThrows;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import org.espalier.planted.Egg;
import org.espalier.planted.Hen;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Within a room, too, arrows point one way: no two classes need each other, so that each can be read and tested by itself. */
class ClassCyclesTest {

    private static final JavaClasses PRODUCT = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .withImportOption(location -> !location.contains("tests.jar"))
            .importPackages("org.espalier");

    @ParameterizedTest
    @ValueSource(strings = {"error", "eval", "file", "format", "report", "text"})
    void classesOfARoomFormNoCycle(String room) {
        requireNoCycle(PRODUCT, "org.espalier." + room);
    }

    @Test
    void aCycleIsFound() {
        JavaClasses planted = new ClassFileImporter().importClasses(Hen.class, Egg.class);
        assertThrows(AssertionError.class, () -> requireNoCycle(planted, "org.espalier.planted"));
    }

    private static void requireNoCycle(JavaClasses classes, String packageName) {
        SlicesRuleDefinition.slices()
                .assignedFrom(new TopLevelClasses(packageName))
                .should()
                .beFreeOfCycles()
                .check(classes);
    }

    /** A class and those nested in it are one. */
    private record TopLevelClasses(String packageName) implements SliceAssignment {

        @Override
        public SliceIdentifier getIdentifierOf(JavaClass javaClass) {
            return javaClass.getPackageName().equals(packageName)
                    ? SliceIdentifier.of(javaClass.getName().split("\\$")[0])
                    : SliceIdentifier.ignore();
        }

        @Override
        public String getDescription() {
            return "top-level classes of " + packageName;
        }
    }
}
