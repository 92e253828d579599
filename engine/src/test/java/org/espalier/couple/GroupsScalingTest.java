package org.espalier.couple;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import org.espalier.RandomModel;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.Transformer;
import org.junit.jupiter.api.Test;

/** Work grows with a model, not with its square. It is counted in bytes allocated, which no machine's speed changes. */
class GroupsScalingTest {

    @Test
    void sizesOfGroupsAreLinearInTheLayers() {
        allocated(32);
        long some = allocated(128);
        long twice = allocated(256);
        assertTrue(twice < 2.6 * some, twice + " bytes for twice the layers of " + some);
    }

    private static long allocated(int layers) {
        Groups groups =
                Groups.of(new Transformer(RandomModel.config(16, 4, layers, new LayerConfig(4, 2, 32), false)).shape());
        com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        groups.groups().forEach(Group::parametersPerUnit);
        return threads.getCurrentThreadAllocatedBytes() - before;
    }
}
