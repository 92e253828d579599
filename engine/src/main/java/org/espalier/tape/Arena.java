package org.espalier.tape;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.espalier.tensor.DType;

/**
 * Places all slots of a schedule in one block of memory so that slots alive at the same time do not overlap: largest
 * first, each at the lowest offset that is free for its whole life.
 */
final class Arena {

    private static final long ALIGNMENT = 64;

    private Arena() {}

    /**
     * Sets every slot's offset.
     *
     * @return bytes needed
     */
    static long plan(Schedule schedule, DType compute) {
        List<Schedule.Slot> open = new ArrayList<>();
        schedule.slots().forEach(open::add);
        open.sort(Comparator.comparingLong((Schedule.Slot s) -> -bytes(s, compute))
                .thenComparingInt(s -> s.first)
                .thenComparingInt(s -> s.root.id()));
        List<Schedule.Slot> placed = new ArrayList<>();
        long total = 0;
        for (Schedule.Slot slot : open) {
            slot.offset = lowestFree(slot, placed, compute);
            total = Math.max(total, slot.offset + bytes(slot, compute));
            int at = 0;
            while (at < placed.size() && placed.get(at).offset <= slot.offset) {
                at++;
            }
            placed.add(at, slot);
        }
        return total;
    }

    /** {@code placed} is sorted by offset. */
    private static long lowestFree(Schedule.Slot slot, List<Schedule.Slot> placed, DType compute) {
        long need = bytes(slot, compute);
        long offset = 0;
        for (Schedule.Slot other : placed) {
            boolean together = other.first <= slot.last && slot.first <= other.last;
            if (!together) {
                continue;
            }
            if (other.offset - offset >= need) {
                return offset;
            }
            offset = Math.max(offset, other.offset + bytes(other, compute));
        }
        return offset;
    }

    private static long bytes(Schedule.Slot slot, DType compute) {
        DType type = slot.gradient ? compute : slot.root.element().storage(compute);
        long bytes = type.bytes(slot.root.shape().elements());
        return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
}
