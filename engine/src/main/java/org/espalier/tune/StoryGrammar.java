package org.espalier.tune;

import java.util.List;
import java.util.SplittableRandom;
import java.util.StringJoiner;

/**
 * Writes short children's stories from a grammar: a hero with a home and a favourite thing, a friend, a trouble, attempts,
 * an end that answers the beginning. Names, pronouns and things stay the same within a story, so that a language model has
 * something to remember. The same seed and number give the same story everywhere.
 */
public final class StoryGrammar {

    /** Spreads neighbouring numbers over all seeds (the increment of SplitMix64). */
    private static final long SPREAD = 0x9E3779B97F4A7C15L;

    /** Story {@code index} of {@code seed}: one paragraph of about 100 to 160 words. */
    public String story(long seed, long index) {
        return new Telling(new SplittableRandom(seed ^ (index + 1) * SPREAD)).tell();
    }

    /** Somebody in a story. */
    private record Person(String name, String kind, String temper, boolean female) {

        String he() {
            return female ? "she" : "he";
        }

        String He() {
            return female ? "She" : "He";
        }

        String him() {
            return female ? "her" : "him";
        }

        String his() {
            return female ? "her" : "his";
        }
    }

    /** One story in the making. */
    private static final class Telling {

        private final SplittableRandom random;
        private final StringJoiner text = new StringJoiner(" ");
        private final Person hero;
        private final Person friend;
        private final String place;
        private final String colour;
        private final int toyIndex;
        private final String toy;

        Telling(SplittableRandom random) {
            this.random = random;
            hero = person(null);
            friend = person(hero);
            place = pick(StoryWords.PLACES);
            colour = pick(StoryWords.COLOURS);
            toyIndex = random.nextInt(StoryWords.TOYS.size());
            toy = StoryWords.TOYS.get(toyIndex);
        }

        String tell() {
            opening();
            switch (random.nextInt(4)) {
                case 0 -> lostThing();
                case 1 -> hungryFriend();
                case 2 -> fear();
                default -> brokenThing();
            }
            lesson();
            return text.toString();
        }

        private void opening() {
            String introduced = article(hero.temper) + " " + hero.kind + " named " + hero.name;
            say(
                    random.nextBoolean()
                            ? "Once upon a time, there was " + introduced + "."
                            : "Once there lived " + introduced + ".");
            say(hero.name + " lived " + pick(StoryWords.HOMES) + ".");
            say(hero.He() + " had a " + colour + " " + toy + " and loved to " + StoryWords.TOY_PLAYS.get(toyIndex)
                    + ".");
        }

        private void outing() {
            say(pick(StoryWords.DAYS) + ", " + hero.name + " took the " + colour + " " + toy + " to the " + place
                    + ".");
        }

        private void meet() {
            say("There " + hero.he() + " met " + friend.name + ", " + article(friend.temper) + " " + friend.kind + ".");
        }

        private void lostThing() {
            outing();
            say(choose(
                    "But when " + hero.he() + " wanted to play, the " + toy + " was gone.",
                    "On the way, the " + toy + " fell down and " + hero.name + " did not see it.",
                    "A strong wind came and the " + toy + " was gone."));
            say("\"Where is my " + colour + " " + toy + "?\" cried " + hero.name + ".");
            say(capital(article(friend.kind)) + " named " + friend.name + " heard " + hero.him() + ".");
            say("\"Do not be sad,\" said " + friend.name + ". \"I will help you look.\"");
            String first = pick(StoryWords.HIDDEN);
            String second = pickOther(StoryWords.HIDDEN, first);
            say("First they looked " + first + ", but they found only " + pick(StoryWords.FOUND_INSTEAD) + ".");
            say("Then they looked " + second + ", and there was the " + colour + " " + toy + "!");
            say(hero.name + " was so happy that " + hero.he() + " gave " + friend.name + " " + pick(StoryWords.GIFTS)
                    + ".");
        }

        private void hungryFriend() {
            String food = pick(StoryWords.FOODS);
            say(pick(StoryWords.DAYS) + ", " + hero.name + " walked to the " + place + " with some " + food + ".");
            meet();
            say(friend.name + " looked sad. \"What is wrong?\" asked " + hero.name + ".");
            say("\"I am hungry, and I have nothing to eat,\" said " + friend.name + ".");
            say(choose(
                    hero.name + " wanted to keep the " + food + ", but then " + hero.he() + " thought of " + friend.name
                            + ".",
                    hero.name + " looked at the " + food + " and thought for a while."));
            say("\"We can share,\" said " + hero.name + ", and gave " + friend.name + " half of the " + food + ".");
            say("They ate the " + food + " together, and then they played with the " + colour + " " + toy + ".");
            say("When it got dark, " + friend.name + " gave " + hero.name + " " + pick(StoryWords.GIFTS)
                    + " to say thank you.");
        }

        private void fear() {
            String fear = pick(StoryWords.FEARS);
            say("But " + hero.name + " was afraid of " + fear + ".");
            outing();
            meet();
            say("\"Why do you look so scared?\" asked " + friend.name + ".");
            say("\"I am afraid of " + fear + ",\" said " + hero.name + " in a small voice.");
            say("\"So was I,\" said " + friend.name + ". \""
                    + choose(
                            "Take my hand and count to ten.",
                            "Let us sing a song together.",
                            "Close your eyes and think of your " + toy + ".")
                    + "\"");
            say(choose(
                    "At first " + hero.name + " was still shaking, but soon " + hero.he() + " felt better.",
                    hero.name + " tried it once, and then again, and it worked."));
            say("After that, " + hero.name + " was not afraid of " + fear + " any more.");
            say(hero.He() + " let " + friend.name + " play with the " + colour + " " + toy
                    + " until the sun went down.");
        }

        private void brokenThing() {
            outing();
            meet();
            say("\"May I play with your " + toy + "?\" asked " + friend.name + ". " + hero.name + " said yes.");
            say(choose(
                    "But " + friend.name + " slipped and the " + toy + " broke.",
                    "But " + friend.name + " was too wild, and the " + toy + " broke in two."));
            say(friend.name + " began to cry. \"I am sorry, " + hero.name + ". I broke your " + toy + ".\"");
            say(choose(
                    hero.name + " was angry at first, but " + hero.he() + " saw that " + friend.name + " was sorry.",
                    hero.name + " was sad, but " + hero.he() + " did not shout."));
            say("\"We can mend it,\" said " + hero.name + ". They went home and worked with glue and string.");
            say(choose(
                    "It took all day, but in the evening the " + colour + " " + toy + " was as good as new.",
                    "Soon the " + colour + " " + toy + " was whole again."));
            say(friend.name + " gave " + hero.name + " " + pick(StoryWords.GIFTS) + ", and they were friends again.");
        }

        private void lesson() {
            say(choose(
                    "From that day on, " + hero.name + " and " + friend.name + " knew that " + pick(StoryWords.LESSONS)
                            + ".",
                    hero.name + " and " + friend.name + " played together every day after that.",
                    "That night " + hero.name + " went to bed with " + hero.his() + " " + colour + " " + toy
                            + " and dreamed of " + friend.name + "."));
            say("The end.");
        }

        private Person person(Person other) {
            boolean female = random.nextBoolean();
            List<String> names = female ? StoryWords.GIRLS : StoryWords.BOYS;
            return new Person(
                    other == null ? pick(names) : pickOther(names, other.name),
                    other == null
                            ? choose(female ? "girl" : "boy", pick(StoryWords.CREATURES))
                            : pickOther(StoryWords.CREATURES, other.kind),
                    pick(StoryWords.TEMPERS),
                    female);
        }

        private static String article(String word) {
            return ("aeiou".indexOf(word.charAt(0)) >= 0 ? "an " : "a ") + word;
        }

        private static String capital(String words) {
            return Character.toUpperCase(words.charAt(0)) + words.substring(1);
        }

        private void say(String sentence) {
            text.add(sentence);
        }

        private String pick(List<String> words) {
            return words.get(random.nextInt(words.size()));
        }

        private String pickOther(List<String> words, String excluded) {
            String word = pick(words);
            while (word.equals(excluded)) {
                word = pick(words);
            }
            return word;
        }

        private String choose(String... sentences) {
            return sentences[random.nextInt(sentences.length)];
        }
    }
}
