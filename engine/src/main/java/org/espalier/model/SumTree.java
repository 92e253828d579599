package org.espalier.model;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.BinaryOperator;
import java.util.function.Consumer;

/**
 * A sum over numbered batches in one fixed tree: node {@code i} of level {@code l + 1} is node {@code 2i} plus node
 * {@code 2i + 1} of level {@code l}, and batches are level 0. So the sum is the same to the bit in whatever order batches come,
 * and however they are divided among those who sum: they exchange nodes. Two nodes become one as soon as both are there;
 * of {@code n} batches in a row no more than {@code 1 + log2 n} nodes are kept at once.
 *
 * @param <T> what is summed, for example a vector
 */
public final class SumTree<T> {

    /**
     * The sum of {@code 2^level} batches in a row, or of fewer at the end.
     *
     * @param index of it, among those of its level
     * @param sum   null where none of these batches had anything to add
     */
    public record Node<T>(int level, int index, T sum) {}

    private record Place(int level, int index) implements Comparable<Place> {

        Place {
            if (level < 0 || index < 0) {
                throw new IllegalArgumentException("no place of a tree: level " + level + ", index " + index);
            }
        }

        Place sibling() {
            return new Place(level, index ^ 1);
        }

        Place parent() {
            return new Place(level + 1, index / 2);
        }

        long first() {
            return (long) index << level;
        }

        /** In the order of their batches. */
        @Override
        public int compareTo(Place other) {
            return Long.compare(first(), other.first());
        }
    }

    private final BinaryOperator<T> plus;
    private final TreeMap<Place, T> nodes = new TreeMap<>();

    /** @param plus may reuse the memory of either operand, which is not looked at again; commutative */
    public SumTree(BinaryOperator<T> plus) {
        this.plus = plus;
    }

    /** Nodes that are there at once at most while so many batches are added in a row. */
    public static int most(int batches) {
        return 1 + (31 - Integer.numberOfLeadingZeros(Math.max(1, batches)));
    }

    /**
     * Adds what a batch has to add.
     *
     * @param sum null for nothing
     * @throws IllegalArgumentException if that batch was added before
     */
    public void add(int batch, T sum) {
        add(new Node<>(0, batch, sum));
    }

    /**
     * Adds the sum of some batches.
     *
     * @throws IllegalArgumentException if one of them was added before
     */
    public void add(Node<T> node) {
        Place place = new Place(node.level, node.index);
        T sum = node.sum;
        while (nodes.containsKey(place.sibling()) && nodes.floorKey(place.sibling()).level == place.level) {
            sum = plus(nodes.remove(place.sibling()), sum);
            place = place.parent();
        }
        requireFree(place);
        nodes.put(place, sum);
    }

    private void requireFree(Place place) {
        Place before = nodes.floorKey(place);
        Place after = nodes.ceilingKey(place);
        boolean taken = before != null && before.first() + (1L << before.level) > place.first()
                || after != null && after.first() < place.first() + (1L << place.level);
        if (taken) {
            throw new IllegalArgumentException("batches from " + place.first() + " on were added before");
        }
    }

    private T plus(T a, T b) {
        return a == null ? b : b == null ? a : plus.apply(a, b);
    }

    /** What was summed so far, in the order of the batches. */
    public List<Node<T>> nodes() {
        List<Node<T>> all = new ArrayList<>();
        nodes.forEach((place, sum) -> all.add(new Node<>(place.level, place.index, sum)));
        return all;
    }

    /**
     * The sum of everything, after which nothing is left here.
     *
     * @return null if nothing was added
     */
    public T take() {
        if (nodes.isEmpty()) {
            return null;
        }
        Place last = nodes.lastKey();
        long end = last.first() + (1L << last.level);
        return take(new Place(64 - Long.numberOfLeadingZeros(end - 1), 0));
    }

    /** What has no sibling goes up by itself. */
    private T take(Place place) {
        Place first = nodes.ceilingKey(place);
        if (first == null || first.first() >= place.first() + (1L << place.level)) {
            return null;
        }
        if (first.equals(place)) {
            return nodes.remove(place);
        }
        Place left = new Place(place.level - 1, 2 * place.index);
        T sum = take(left);
        return plus(sum, take(left.sibling()));
    }

    /** Lets go of what is left. */
    public void clear(Consumer<T> release) {
        nodes.values().stream().filter(sum -> sum != null).forEach(release);
        nodes.clear();
    }
}
