package org.espalier.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class StoryGrammarTest {

    private static final Pattern NAMED = Pattern.compile("named ([A-Z][a-z]+)");
    private static final Pattern HERO_HAS = Pattern.compile("(He|She) had a (\\w+) (\\w+) and");

    private final StoryGrammar grammar = new StoryGrammar();

    @Test
    void theSameNumbersGiveTheSameStoryAndOthersOthers() {
        assertEquals(grammar.story(42, 7), new StoryGrammar().story(42, 7));
        Set<String> stories = new HashSet<>();
        for (int i = 0; i < 10_000; i++) {
            stories.add(grammar.story(42, i));
            stories.add(grammar.story(43, i));
        }
        assertEquals(20_000, stories.size());
    }

    @Test
    void everyStoryIsWholeAndOfModestLength() {
        for (int i = 0; i < 2_000; i++) {
            String story = grammar.story(1, i);
            int words = story.split(" ").length;
            assertTrue(words >= 55 && words <= 180, words + " words: " + story);
            assertTrue(story.endsWith("The end."), story);
            assertFalse(story.contains("null") || story.contains("  "), story);
            assertEquals(0, story.chars().filter(c -> c == '"').count() % 2, story);
            assertFalse(Pattern.compile("\\b[aA] [aeiou]\\w").matcher(story).find(), story);
        }
    }

    @Test
    void pronounsAndThingsStayTheSame() {
        for (int i = 0; i < 2_000; i++) {
            String story = grammar.story(2, i);
            Matcher named = NAMED.matcher(story);
            assertTrue(named.find(), story);
            boolean girl = StoryWords.GIRLS.contains(named.group(1));
            Matcher has = HERO_HAS.matcher(story);
            assertTrue(has.find(), story);
            assertEquals(girl ? "She" : "He", has.group(1), story);
            String toy = has.group(3);
            List<String> others = Stream.of("puppet", "whistle", "flute", "kite")
                    .filter(t -> !t.equals(toy))
                    .toList();
            assertTrue(others.stream().noneMatch(story::contains), story);
        }
    }
}
