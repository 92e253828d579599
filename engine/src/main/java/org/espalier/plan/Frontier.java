package org.espalier.plan;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;

/**
 * What can be had of a model: the plans, from the whole model to the narrowest, none of which another one beats in what is left
 * of a quantity and in the divergence that a table of widths foretells.
 *
 * @param quantity      that is to be small
 * @param unit          of its numbers
 * @param before        what the whole model has of it
 * @param source        the model's name
 * @param widthsSha256  of the table of widths
 * @param latencySha256 of the table of latencies; null if none was used
 * @param points        from the whole model on: less left, more divergence
 */
public record Frontier(
        @JsonProperty("quantity") String quantity,
        @JsonProperty("unit") String unit,
        @JsonProperty("before") double before,
        @JsonProperty("source") String source,
        @JsonProperty("widths_sha256") String widthsSha256,

        @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("latency_sha256")
        String latencySha256,

        @JsonProperty("points") List<Point> points) {

    public Frontier {
        points = List.copyOf(points);
    }

    /**
     * One plan.
     *
     * @param left       of the quantity
     * @param share      of what the whole model has
     * @param divergence foretold, in nats a token
     * @param parameters that are left
     * @param ratio      of parameters that goes
     */
    public record Point(
            @JsonProperty("left") double left,
            @JsonProperty("share") double share,
            @JsonProperty("divergence") double divergence,
            @JsonProperty("parameters") long parameters,
            @JsonProperty("ratio") double ratio) {

        static Point of(Plan plan) {
            Choice.Reached reached = plan.choice().target();
            return new Point(
                    reached.after(),
                    reached.after() / reached.before(),
                    plan.choice().widths().divergence(),
                    plan.parameters().after(),
                    plan.parameters().removed());
        }
    }

    /** Of plans that a {@link Planner} gives, one at least. */
    public static Frontier of(List<Plan> plans) {
        Choice first = plans.getFirst().choice();
        return new Frontier(
                first.target().quantity(),
                Goal.Quantity.of(first.target().quantity()).unit(),
                first.target().before(),
                plans.getFirst().source().path(),
                first.widths().sha256(),
                first.target().latencySha256(),
                plans.stream().map(Point::of).toList());
    }
}
