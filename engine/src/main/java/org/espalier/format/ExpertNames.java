package org.espalier.format;

/**
 * What checkpoints call experts.
 *
 * @param block in a layer, with the router {@code gate} in it
 * @param gate  the projection of an expert that gates
 * @param up    the one that is gated
 * @param down  the one that reads both
 * @param together what adapters call those of all experts of a layer together
 */
public record ExpertNames(String block, String gate, String up, String down, Together together) {

    /**
     * Projections of all experts of a layer in one parameter each, as transformers hold them.
     *
     * @param block in a layer, with the router in it and a module {@code experts}
     * @param gates the parameter there of what gates and what is gated, in this order
     * @param down  that of what reads both
     */
    public record Together(String block, String gates, String down) {

        /** What a layer calls the module of the experts. */
        String experts() {
            return block + ".experts";
        }

        /** What a layer calls the router's module. */
        String router() {
            return block + "." + ROUTER;
        }
    }

    private static final String ROUTER = "gate";

    /** What a layer calls the projection whose logits choose. */
    public String router() {
        return block + "." + routerTarget();
    }

    /** The last part of that. */
    public String routerTarget() {
        return ROUTER;
    }

    /** What the names of an expert's parameters begin with in a layer. */
    public String expert(int expert) {
        return block + ".experts." + expert + ".";
    }
}
