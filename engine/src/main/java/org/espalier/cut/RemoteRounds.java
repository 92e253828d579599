package org.espalier.cut;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.espalier.backend.Backend;
import org.espalier.backend.Queue;
import org.espalier.couple.Selection;
import org.espalier.model.BranchPass;
import org.espalier.tape.Branch;
import org.espalier.tensor.Shape;

/** Streams that workers hold. What asks for no sums waits for the next step that does, so that there is one round a branch. */
final class RemoteRounds implements FitRounds {

    private final FitWorkers workers;
    private final Selection selection;
    private final Backend backend;
    private final Queue queue;
    private final FitBatches batches;
    private final List<FitStep> waiting = new ArrayList<>();

    private record Node(int weight, int level, int index) {}

    /** @param batches of all workers */
    RemoteRounds(FitWorkers workers, Selection selection, Backend backend, Queue queue, FitBatches batches) {
        this.workers = workers;
        this.selection = selection;
        this.backend = backend;
        this.queue = queue;
        this.batches = batches;
    }

    @Override
    public List<NormalEquations> sums(FitStep step) {
        waiting.add(step);
        Branch branch = selection.structure().branches().get(step.branch());
        Shape shape = selection.shape(
                BranchPass.end(selection.structure().tape(), branch).weights().getFirst());
        List<NormalEquations> equations = IntStream.range(0, step.count())
                .mapToObj(w -> new NormalEquations(backend, queue, shape.extent(1), shape.extent(0), batches))
                .toList();
        try {
            for (List<FitSum> answer : workers.ask(List.copyOf(waiting))) {
                nodes(answer).forEach((node, rows) -> equations.get(node.weight).add(rows));
            }
        } catch (RuntimeException | Error e) {
            equations.forEach(NormalEquations::close);
            throw e;
        }
        waiting.clear();
        return equations;
    }

    private static Map<Node, List<FitSum>> nodes(List<FitSum> answer) {
        Map<Node, List<FitSum>> nodes = new LinkedHashMap<>();
        for (FitSum rows : answer) {
            nodes.computeIfAbsent(new Node(rows.weight(), rows.level(), rows.index()), node -> new ArrayList<>())
                    .add(rows);
        }
        return nodes;
    }

    @Override
    public void over(FitStep step) {
        waiting.add(step);
    }
}
