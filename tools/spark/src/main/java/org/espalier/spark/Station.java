package org.espalier.spark;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.espalier.job.Work;
import org.espalier.job.Work.Opened;

/**
 * The works that are open in a worker's process. They stay open between tasks, one for each task that is done at once; those of
 * which nobody has heard since another work came are closed.
 */
final class Station {

    private static final Map<Key, Deque<Opened<?, ?>>> IDLE = new LinkedHashMap<>();
    private static final Map<Place, State<?, ?>> HELD = new LinkedHashMap<>();

    private record Key(Orders orders, Work<?, ?> work) {}

    /** A part of works that are held together under a number. */
    private record Place(String group, int part) {}

    private Station() {}

    /** Does a piece of a work. */
    static <P, R> Outcome<R> compute(Orders orders, Work<P, R> work, P piece) {
        return Outcome.of(() -> {
            Key key = new Key(orders, work);
            Opened<P, R> opened = take(key);
            if (opened == null) {
                opened = work.open(new Worker(orders));
            }
            R result;
            try {
                result = opened.compute(piece);
            } catch (RuntimeException | Error e) {
                opened.close();
                throw e;
            }
            giveBack(key, opened);
            return result;
        });
    }

    @SuppressWarnings("unchecked") // what was opened of a work is kept under it
    private static synchronized <P, R> Opened<P, R> take(Key key) {
        IDLE.entrySet().removeIf(entry -> {
            boolean other = !entry.getKey().equals(key);
            if (other) {
                entry.getValue().forEach(Opened::close);
            }
            return other;
        });
        Deque<Opened<?, ?>> idle = IDLE.get(key);
        return idle == null ? null : (Opened<P, R>) idle.poll();
    }

    private static synchronized void giveBack(Key key, Opened<?, ?> opened) {
        IDLE.computeIfAbsent(key, k -> new ArrayDeque<>()).push(opened);
    }

    /** A work that is held, and how far it is. */
    private static final class State<P, R> {

        private final Opened<P, R> opened;
        private int answered;
        private R last;

        State(Opened<P, R> opened) {
            this.opened = opened;
        }

        R answer(List<P> questions) {
            while (answered < questions.size()) {
                last = opened.compute(questions.get(answered));
                answered++;
            }
            return last;
        }
    }

    /**
     * Answers the last of all questions so far. A part that is not here, or has failed, is made again of all of them.
     *
     * @param group number of those that are held together
     */
    static <P, R> Outcome<R> ask(Orders orders, String group, int part, Work<P, R> work, List<P> questions) {
        return Outcome.of(() -> {
            Place place = new Place(group, part);
            State<P, R> state = takeHeld(place, questions.size());
            if (state == null) {
                state = new State<>(work.open(new Worker(orders)));
            }
            R answer;
            try {
                answer = state.answer(questions);
            } catch (RuntimeException | Error e) {
                state.opened.close();
                throw e;
            }
            hold(place, state);
            return answer;
        });
    }

    @SuppressWarnings("unchecked") // what was opened of a part is kept under it
    private static synchronized <P, R> State<P, R> takeHeld(Place place, int questions) {
        closeHeld(other -> !other.group.equals(place.group));
        State<P, R> state = (State<P, R>) HELD.remove(place);
        if (state != null && state.answered > questions) {
            state.opened.close();
            return null;
        }
        return state;
    }

    private static synchronized <P, R> void hold(Place place, State<P, R> state) {
        State<?, ?> before = HELD.put(place, state);
        if (before != null) {
            before.opened.close();
        }
    }

    /** Closes what is held of a group here. */
    static synchronized void release(String group) {
        closeHeld(place -> place.group.equals(group));
    }

    private static void closeHeld(Predicate<Place> which) {
        HELD.entrySet().removeIf(entry -> {
            boolean closed = which.test(entry.getKey());
            if (closed) {
                entry.getValue().opened.close();
            }
            return closed;
        });
    }

    /** Closes everything that nobody works with. */
    static synchronized void closeAll() {
        IDLE.values().forEach(idle -> idle.forEach(Opened::close));
        IDLE.clear();
        closeHeld(place -> true);
    }
}
