package org.espalier.tape;

import java.util.List;

/**
 * A run of operations that executors treat as one: the embedding, a layer, the head.
 *
 * @param index position on the tape, from 0
 * @param name  for people, such as {@code layer 3}
 * @param layer that it belongs to, or −1 if it belongs to none
 * @param ops   in order
 */
public record Segment(int index, String name, int layer, List<Op> ops) {}
