package org.espalier.job.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StopScanTest {

    @Test
    void holdsBackWhatMayBecomeAStop() {
        StopScan scan = new StopScan(List.of("END", "ENOUGH"));
        assertEquals("the ", scan.add("the E"));
        assertEquals("", scan.add("N"));
        assertEquals("EN", scan.add("E"));
        assertEquals("", scan.add("N"));
        assertFalse(scan.stopped());
        assertEquals("", scan.add("D of it"));
        assertTrue(scan.stopped());
        assertEquals("", scan.add("more"));
        assertEquals("", scan.finish());
    }

    @Test
    void whatWasHeldBackBelongsToATextThatIsOver() {
        StopScan scan = new StopScan(List.of("END"));
        assertEquals("a", scan.add("aEN"));
        assertEquals("EN", scan.finish());
    }

    /** However a text is cut into pieces, it ends where the first stop is complete. */
    @Test
    void piecesOfAnyLengthGiveTheSameText() {
        Random random = new Random(1);
        for (int round = 0; round < 2000; round++) {
            String text = letters(random, 30);
            List<String> stops = List.of(letters(random, 3), letters(random, 4));
            int first = firstComplete(text, stops);
            StopScan scan = new StopScan(stops);
            StringBuilder kept = new StringBuilder();
            for (int from = 0; from < text.length(); ) {
                int to = Math.min(text.length(), from + 1 + random.nextInt(5));
                kept.append(scan.add(text.substring(from, to)));
                from = to;
            }
            kept.append(scan.finish());
            assertEquals(text.substring(0, first), kept.toString(), text + " " + stops);
        }
    }

    private static int firstComplete(String text, List<String> stops) {
        for (int end = 0; end <= text.length(); end++) {
            String start = text.substring(0, end);
            int longest = stops.stream()
                    .filter(start::endsWith)
                    .mapToInt(String::length)
                    .max()
                    .orElse(0);
            if (longest > 0) {
                return end - longest;
            }
        }
        return text.length();
    }

    /** Few different ones, so that stops come and overlap. */
    private static String letters(Random random, int most) {
        StringBuilder text = new StringBuilder();
        int length = 1 + random.nextInt(most);
        while (text.length() < length) {
            text.append((char) ('a' + random.nextInt(2)));
        }
        return text.toString();
    }
}
