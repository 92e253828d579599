package org.espalier;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CirclesTest {

    @Test
    void findsTheLargestSetsOfClassesThatDependOnEachOther() {
        Map<String, Set<String>> arrows = Map.of(
                "a", Set.of("b"),
                "b", Set.of("c"),
                "c", Set.of("a", "d"),
                "d", Set.of("e", "outside"),
                "e", Set.of("d", "f"),
                "f", Set.of("f"));
        assertEquals(List.of(Set.of("a", "b", "c"), Set.of("d", "e")), Circles.among(arrows));
    }

    @Test
    void findsNoneWhereArrowsMeetWithoutTurningBack() {
        assertEquals(
                List.of(),
                Circles.among(Map.of("a", Set.of("b", "c"), "b", Set.of("d"), "c", Set.of("d"), "d", Set.of())));
    }

    @Test
    void nestedClassesAreOneWithTheirFile() {
        String here = getClass().getName();
        assertEquals(
                List.of(Set.of(here + "Left", here + "Right")),
                Circles.among(new ClassFileImporter()
                        .importClasses(
                                CirclesTestLeft.class,
                                CirclesTestLeft.Inner.class,
                                CirclesTestRight.class,
                                CirclesTest.class,
                                Alone.class)));
    }

    /** Depends on the class around it, which depends on it. */
    @SuppressWarnings("UnusedVariable")
    private static final class Alone {
        CirclesTest around;
    }
}

/** Depends on the other by way of a nested class. */
class CirclesTestLeft {
    static class Inner {
        CirclesTestRight[] others;
    }
}

class CirclesTestRight {
    CirclesTestLeft other;
}
