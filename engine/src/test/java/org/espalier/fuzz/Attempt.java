package org.espalier.fuzz;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.espalier.error.Failure;
import org.espalier.ffi.NativeMemory;

/**
 * What became of one input.
 *
 * @param refusal what the reader said where it refused the input
 * @param finding what must not happen
 */
record Attempt(Optional<Failure> refusal, Optional<Finding> finding) {

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** Tries an input whose files lie in {@code folder}. */
    static Attempt make(Target target, Path folder, Input input) {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        Failure refusal = null;
        Finding finding = null;
        try {
            target.read(folder, input);
        } catch (Failure e) {
            refusal = e;
            finding = Messages.wrong(e.oneLine())
                    .map(kind -> new Finding(kind, e.oneLine(), input))
                    .orElse(null);
        } catch (FoundElsewhere e) {
            finding = e.finding(input);
        } catch (Throwable e) {
            finding = Finding.thrown(e, input);
        }
        long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        if (finding == null && allocated > target.mostBytes(input)) {
            finding = new Finding(
                    "memory", allocated + " bytes were allocated for an input of " + input.bytes() + " bytes", input);
        }
        List<String> left = target.keepsNativeMemory() ? List.of() : NativeMemory.outstanding();
        if (finding == null && !left.isEmpty()) {
            finding = new Finding("native memory is left", String.join("\n", left), input);
        }
        return new Attempt(Optional.ofNullable(refusal), Optional.ofNullable(finding));
    }
}
