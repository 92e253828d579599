package org.espalier;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Classes that depend on each other, directly or by way of others: no one of them can be read, tested or changed without
 * the rest. Classes nested in one another stand in one file and count as one.
 */
final class Cycles {

    /** By name of the outermost class: what it depends on. */
    private final Map<String, Set<String>> arrows;

    private final Map<String, Integer> numbers = new HashMap<>();
    private final Map<String, Integer> lowest = new HashMap<>();
    private final Deque<String> open = new ArrayDeque<>();
    private final List<Set<String>> cycles = new ArrayList<>();

    private Cycles(Map<String, Set<String>> arrows) {
        this.arrows = arrows;
    }

    /** Every largest set of classes that all depend on each other, the largest set first. */
    static List<Set<String>> among(Iterable<JavaClass> classes) {
        Map<String, Set<String>> arrows = new TreeMap<>();
        for (JavaClass one : classes) {
            Set<String> targets = arrows.computeIfAbsent(outermost(one), name -> new TreeSet<>());
            one.getDirectDependenciesFromSelf().stream()
                    .map(Dependency::getTargetClass)
                    .map(Cycles::outermost)
                    .forEach(targets::add);
        }
        return among(arrows);
    }

    /** As {@link #among(Iterable)}, of a graph; what has no arrows of its own may be left out. */
    static List<Set<String>> among(Map<String, Set<String>> arrows) {
        Cycles search = new Cycles(arrows);
        arrows.keySet().forEach(search::visit);
        search.cycles.sort(Comparator.comparingInt((Set<String> cycle) -> -cycle.size())
                .thenComparing(cycle -> cycle.iterator().next()));
        return search.cycles;
    }

    private static String outermost(JavaClass one) {
        JavaClass outer = one.isArray() ? one.getBaseComponentType() : one;
        while (outer.getEnclosingClass().isPresent()) {
            outer = outer.getEnclosingClass().get();
        }
        return outer.getName();
    }

    /** Strongly connected components in one walk (Tarjan 1972). */
    private void visit(String name) {
        if (numbers.containsKey(name)) {
            return;
        }
        int number = numbers.size();
        numbers.put(name, number);
        lowest.put(name, number);
        open.push(name);
        for (String target : arrows.getOrDefault(name, Set.of())) {
            if (!numbers.containsKey(target)) {
                visit(target);
                lowest.merge(name, lowest.get(target), Math::min);
            } else if (open.contains(target)) {
                lowest.merge(name, numbers.get(target), Math::min);
            }
        }
        if (lowest.get(name) == number) {
            close(name);
        }
    }

    private void close(String first) {
        Set<String> cycle = new TreeSet<>();
        String member;
        do {
            member = open.pop();
            cycle.add(member);
        } while (!member.equals(first));
        if (cycle.size() > 1) {
            cycles.add(cycle);
        }
    }

    /** One line a cycle, without the package that all share. */
    static String describe(List<Set<String>> cycles) {
        return cycles.stream()
                .map(cycle -> cycle.size() + " classes: "
                        + cycle.stream()
                                .map(name -> name.replaceFirst("^org\\.espalier\\.", ""))
                                .collect(Collectors.joining(", ")))
                .collect(Collectors.joining("\n"));
    }
}
