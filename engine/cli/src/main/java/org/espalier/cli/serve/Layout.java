package org.espalier.cli.serve;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;
import org.espalier.job.serve.AnswerListener.Placed;

/** How one of OpenAI's two interfaces writes answers. */
interface Layout {

    /** What the answer's name begins with. */
    String prefix();

    /** What kind of object an answer is, or an event of a streamed one. */
    String kind(boolean streamed);

    /** A whole choice, into {@code choice}. */
    void whole(ObjectNode choice, String text, List<Placed> tokens);

    /** The event before all others of a choice, if there is one. */
    Optional<ObjectNode> opening();

    /** A piece of a choice, into {@code choice}; an empty one ends it. */
    void piece(ObjectNode choice, String text, List<Placed> tokens);
}
