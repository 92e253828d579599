package org.espalier;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CyclesTest {

    @Test
    void findsTheLargestSetsOfClassesThatDependOnEachOther() {
        Map<String, Set<String>> arrows = Map.of(
                "a", Set.of("b"),
                "b", Set.of("c"),
                "c", Set.of("a", "d"),
                "d", Set.of("e", "outside"),
                "e", Set.of("d", "f"),
                "f", Set.of("f"));
        assertEquals(List.of(Set.of("a", "b", "c"), Set.of("d", "e")), Cycles.among(arrows));
    }

    @Test
    void findsNoneWhereArrowsMeetWithoutTurningBack() {
        assertEquals(
                List.of(),
                Cycles.among(Map.of("a", Set.of("b", "c"), "b", Set.of("d"), "c", Set.of("d"), "d", Set.of())));
    }

    @Test
    void nestedClassesAreOneWithTheirFile() {
        String here = getClass().getName();
        assertEquals(
                List.of(Set.of(here + "Left", here + "Right")),
                Cycles.among(new ClassFileImporter()
                        .importClasses(
                                CyclesTestLeft.class,
                                CyclesTestLeft.Inner.class,
                                CyclesTestRight.class,
                                CyclesTest.class,
                                Enclosed.class)));
    }

    /** Depends on the class around it, which depends on it. */
    @SuppressWarnings("UnusedVariable")
    private static final class Enclosed {
        CyclesTest around;
    }
}

/** Depends on the other by way of a nested class. */
class CyclesTestLeft {
    static class Inner {
        CyclesTestRight[] others;
    }
}

class CyclesTestRight {
    CyclesTestLeft other;
}
