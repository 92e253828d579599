package org.espalier.template;

import java.util.ArrayList;
import java.util.List;

/** Makes the frames of one part of a template. */
final class FrameKind {

    private interface Start {
        void set(Frame frame);
    }

    private final Slot.Layout layout;
    private final List<Start> starts = new ArrayList<>();

    /** @param scope of the part, whose names are all known by now */
    FrameKind(Scope scope) {
        this.layout = scope.layout();
        scope.starts().forEach((slot, start) -> starts.add(compiled(slot, start)));
    }

    private static Start compiled(Slot slot, Scope.Start start) {
        int index = slot.index();
        return switch (start) {
            case Scope.Given given -> frame -> frame.set(index, Absent.VALUE);
            case Scope.Missing missing -> frame -> frame.set(index, Absent.VALUE);
            case Scope.Resolved resolved ->
                frame -> frame.set(index, frame.run().resolve(resolved.name()));
            case Scope.Copied copied -> {
                int levels = slot.layout().depth() - copied.outer().layout().depth();
                int outer = copied.outer().index();
                yield frame -> frame.set(index, frame.outer(levels).get(outer));
            }
        };
    }

    /** A new frame inside of {@code parent}, its variables as they begin. */
    Frame enter(Run run, Frame parent) {
        Frame frame = new Frame(run, parent, layout.size());
        reset(frame);
        return frame;
    }

    /** Lets the variables of a frame begin again. */
    void reset(Frame frame) {
        for (Start start : starts) {
            start.set(frame);
        }
    }
}
