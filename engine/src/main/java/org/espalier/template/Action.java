package org.espalier.template;

import java.util.List;

/** A statement, ready to be run. */
interface Action {

    Flow run(Frame frame, TextSink out);

    /** One after the other, until one leaves the loop around. */
    static Action all(List<Action> actions) {
        Action[] each = actions.toArray(Action[]::new);
        return (frame, out) -> {
            for (Action action : each) {
                Flow flow = action.run(frame, out);
                if (flow != Flow.NEXT) {
                    return flow;
                }
            }
            return Flow.NEXT;
        };
    }
}
