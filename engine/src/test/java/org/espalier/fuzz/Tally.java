package org.espalier.fuzz;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;

/** What was counted of one target; written by the thread that tries inputs, read by others. */
final class Tally {

    private static final Pattern NAMES = Pattern.compile("'[^']*'?");
    private static final Pattern NUMBERS = Pattern.compile("[-+0-9.eE]+");

    private final AtomicLong inputs = new AtomicLong();
    private final AtomicLong past = new AtomicLong();
    private final AtomicLong accepted = new AtomicLong();
    private final AtomicLong findings = new AtomicLong();
    private final Set<String> refusals = ConcurrentHashMap.newKeySet();
    private final Map<String, Finding> smallest = new LinkedHashMap<>();
    private volatile long nanoseconds;

    void count(boolean passesFirstCheck, Attempt attempt) {
        inputs.incrementAndGet();
        if (passesFirstCheck) {
            past.incrementAndGet();
        }
        if (attempt.refusal().isEmpty() && attempt.finding().isEmpty()) {
            accepted.incrementAndGet();
        }
    }

    /** Whether nothing was refused in these words before; numbers and names do not count. */
    boolean isNewRefusal(String problem) {
        return refusals.size() < 2000
                && refusals.add(
                        NUMBERS.matcher(NAMES.matcher(problem).replaceAll("''")).replaceAll("0"));
    }

    /** Whether it is the first of its kind, or smaller than those before. */
    synchronized boolean add(Finding finding) {
        findings.incrementAndGet();
        Finding known = smallest.get(finding.kind());
        if (known != null && known.input().bytes() <= finding.input().bytes()) {
            return false;
        }
        smallest.put(finding.kind(), finding);
        return true;
    }

    synchronized Map<String, Finding> smallest() {
        return new LinkedHashMap<>(smallest);
    }

    void took(long duration) {
        nanoseconds = duration;
    }

    long inputs() {
        return inputs.get();
    }

    long past() {
        return past.get();
    }

    long accepted() {
        return accepted.get();
    }

    long findings() {
        return findings.get();
    }

    int refusals() {
        return refusals.size();
    }

    double seconds() {
        return nanoseconds / 1e9;
    }
}
