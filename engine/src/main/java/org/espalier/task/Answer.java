package org.espalier.task;

import java.util.List;
import org.espalier.model.Continuation.Likelihood;

/**
 * How a model answers a question.
 *
 * @param logLikelihoods of each choice, in nats
 * @param chosen         the likeliest choice; of equals as the task says
 * @param chosenNorm     the choice of the largest log-likelihood per character, the first of equals
 * @param right          the right one
 * @param greedy         whether the model would write the right choice itself, token by token
 */
public record Answer(List<Double> logLikelihoods, int chosen, int chosenNorm, int right, boolean greedy) {

    /** From the likelihoods of its choices. */
    public static Answer of(Task task, Question question, List<Likelihood> likelihoods) {
        double[] plain = new double[likelihoods.size()];
        double[] perCharacter = new double[plain.length];
        for (int choice = 0; choice < plain.length; choice++) {
            plain[choice] = likelihoods.get(choice).logLikelihood();
            perCharacter[choice] = plain[choice] / question.lengths().get(choice);
        }
        return new Answer(
                likelihoods.stream().map(Likelihood::logLikelihood).toList(),
                largest(plain, task.lastOfEquals()),
                largest(perCharacter, false),
                question.right(),
                likelihoods.get(question.right()).greedy());
    }

    private static int largest(double[] values, boolean lastOfEquals) {
        int largest = 0;
        for (int i = 1; i < values.length; i++) {
            if (values[i] > values[largest] || lastOfEquals && values[i] == values[largest]) {
                largest = i;
            }
        }
        return largest;
    }

    /** What goes into a measure's mean. */
    double value(TaskMeasure measure) {
        return switch (measure) {
            case ACC -> (logLikelihoods.size() == 1 ? greedy : chosen == right) ? 1 : 0;
            case ACC_NORM -> chosenNorm == right ? 1 : 0;
            case PERPLEXITY -> logLikelihoods.get(right);
        };
    }
}
