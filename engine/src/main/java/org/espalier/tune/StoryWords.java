package org.espalier.tune;

import java.util.List;

/** What generated stories are made of. Lists that are drawn from together are in the same order. */
final class StoryWords {

    static final List<String> GIRLS = List.of(
            "Ada", "Bella", "Clara", "Daisy", "Ella", "Fay", "Greta", "Hanna", "Ida", "June", "Kira", "Lena", "Mona",
            "Nora", "Olive", "Pia", "Rosa", "Sara", "Tilda", "Una", "Vera", "Wendy", "Yara", "Zoe");
    static final List<String> BOYS = List.of(
            "Adam", "Ben", "Carl", "Dan", "Emil", "Finn", "Gus", "Hugo", "Ivan", "Jack", "Karl", "Leo", "Max", "Nico",
            "Otto", "Paul", "Rob", "Sam", "Tom", "Udo", "Victor", "Will", "Yan", "Zack");
    static final List<String> CREATURES = List.of(
            "cat",
            "dog",
            "fox",
            "bear",
            "mouse",
            "rabbit",
            "duck",
            "goat",
            "pig",
            "frog",
            "hen",
            "lamb",
            "pony",
            "mole",
            "squirrel",
            "badger");
    static final List<String> TEMPERS = List.of(
            "kind",
            "brave",
            "shy",
            "clever",
            "cheerful",
            "gentle",
            "curious",
            "quiet",
            "lively",
            "patient",
            "proud",
            "funny");
    static final List<String> HOMES = List.of(
            "in a small house by the river",
            "in a cottage near the forest",
            "on a farm behind the hill",
            "in a town by the sea",
            "at the edge of a green meadow",
            "in a tall house in the city",
            "under an old oak tree",
            "next to a blue lake");
    static final List<String> COLOURS =
            List.of("red", "blue", "green", "yellow", "white", "golden", "purple", "silver");
    static final List<String> TOYS = List.of(
            "ball", "kite", "drum", "hat", "boat", "bell", "scarf", "lamp", "book", "basket", "whistle", "cart",
            "puppet", "flute");
    static final List<String> TOY_PLAYS = List.of(
            "throw it high",
            "watch it fly",
            "play songs on it",
            "wear it all day",
            "sail it on the pond",
            "ring it in the morning",
            "wrap it around a chair",
            "light it in the evening",
            "read it by the window",
            "fill it with apples",
            "blow it on the hill",
            "pull it down the path",
            "make it dance",
            "play it for the birds");
    static final List<String> DAYS = List.of(
            "One sunny day",
            "One cold morning",
            "One windy afternoon",
            "One rainy day",
            "One warm evening",
            "One bright morning",
            "One quiet Sunday",
            "One foggy day");
    static final List<String> PLACES =
            List.of("forest", "park", "market", "beach", "garden", "hill", "barn", "meadow", "lake", "bridge");
    static final List<String> HIDDEN = List.of(
            "behind a big stone",
            "under a bench",
            "in the tall grass",
            "inside a hollow tree",
            "next to the well",
            "under a pile of leaves",
            "behind the old fence",
            "between two bushes",
            "on a low branch",
            "in an empty box");
    static final List<String> FOUND_INSTEAD = List.of(
            "a wet shoe",
            "some nuts",
            "a broken cup",
            "a sleepy snail",
            "an old rope",
            "two feathers",
            "a rusty key",
            "a smooth pebble");
    static final List<String> FOODS =
            List.of("cake", "soup", "bread", "pie", "apples", "berries", "cookies", "honey", "cheese", "pears");
    static final List<String> GIFTS = List.of(
            "a warm hug",
            "a sweet plum",
            "a paper star",
            "a bunch of flowers",
            "a shiny shell",
            "a big smile",
            "a piece of ribbon",
            "a little song");
    static final List<String> LESSONS = List.of(
            "good friends help each other",
            "it is better to share",
            "being patient pays off",
            "a kind word goes a long way",
            "asking for help is brave",
            "the truth is always best",
            "two can do more than one",
            "small friends can do great things");
    static final List<String> FEARS = List.of(
            "the dark",
            "loud thunder",
            "deep water",
            "high places",
            "big dogs",
            "being alone",
            "strange noises",
            "the wind");

    private StoryWords() {}
}
