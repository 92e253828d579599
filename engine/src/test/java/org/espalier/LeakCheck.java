package org.espalier;

import java.util.ArrayList;
import java.util.List;
import org.espalier.backend.cuda.StandIn;
import org.espalier.ffi.NativeMemory;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a test that leaves native memory, or memory of the stand-in for a GPU, behind. It is registered for every test of the module (see
 * {@code META-INF/services}); what a class allocates before all of its tests is not a test's leak.
 */
public final class LeakCheck implements BeforeEachCallback, AfterEachCallback {

    private static final ExtensionContext.Namespace OWN = ExtensionContext.Namespace.create(LeakCheck.class);

    private static volatile boolean watching;

    /** Whether a test is being watched now. */
    static boolean watching() {
        return watching;
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        watching = true;
        StandIn.begin();
        context.getStore(OWN).put("before", new Snapshot());
    }

    @Override
    public void afterEach(ExtensionContext context) {
        watching = false;
        Snapshot before = context.getStore(OWN).get("before", Snapshot.class);
        before.requireNothingMore(context.getDisplayName());
        StandIn.end();
    }

    /** What was allocated at one moment. */
    static final class Snapshot {

        private final List<String> before = NativeMemory.outstanding();

        /**
         * Compares with now.
         *
         * @throws AssertionError that names every allocation that is new and still there
         */
        void requireNothingMore(String test) {
            List<String> left = new ArrayList<>(NativeMemory.outstanding());
            before.forEach(left::remove);
            if (!left.isEmpty()) {
                throw new AssertionError(test + " leaves native memory: " + left);
            }
        }
    }
}
