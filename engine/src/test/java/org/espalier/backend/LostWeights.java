package org.espalier.backend;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.espalier.backend.cpu.CpuBackend;
import org.espalier.backend.cuda.CudaBackend;
import org.espalier.error.Failure;
import org.espalier.file.MappedFile;

/**
 * Runs every operation that reads weights on those of a file that is emptied meanwhile, and says what became of each; a
 * process of its own, which may come to its end by that. Arguments: the device, a folder, how often each operation runs
 * before, so that it is compiled by then.
 */
final class LostWeights {

    private static final long LARGEST = 200_000;
    /** Numbers of a row that the loops over whole vectors are certainly reached with. */
    private static final int FILLED = 64;

    private final Path folder;
    private final int before;
    private final List<MappedFile> files = new ArrayList<>();

    private LostWeights(Path folder, int before) {
        this.folder = folder;
        this.before = before;
    }

    public static void main(String[] arguments) {
        LostWeights lost = new LostWeights(Path.of(arguments[1]), Integer.parseInt(arguments[2]));
        try (Backend backend = arguments[0].equals("cpu") ? new CpuBackend(2) : CudaBackend.open(0)) {
            Set<String> kinds = new HashSet<>();
            OpCases.all().filter(c -> isTried(c) && kinds.add(kind(c))).forEach(opCase -> {
                System.out.print(opCase.name());
                System.out.flush();
                System.out.println(": " + lost.outcome(opCase, backend));
            });
        }
    }

    /** Cases of one kind run the same loops: of one token or several, of rows that fill vectors or do not. */
    private static String kind(OpCase<?> opCase) {
        List<String> weights = opCase.operands().stream()
                .filter(o -> o.role() == Operand.Role.WEIGHT)
                .map(o -> o.type() + " " + o.shape().rank() + (o.shape().columns() >= FILLED ? " filled" : ""))
                .toList();
        boolean one = opCase.operands().getFirst().shape().rows() == 1;
        return opCase.operation() + weights + opCase.operands().size() + (one ? " of one" : "");
    }

    /** A CPU reads weights in the file itself, another device copies them first. */
    private String outcome(OpCase<? super Backend> opCase, Backend backend) {
        return backend instanceof CpuBackend ? whileUsed(opCase, backend) : beforeCopied(opCase, backend);
    }

    private static boolean isTried(OpCase<?> opCase) {
        return opCase.operands().stream().anyMatch(o -> o.role() == Operand.Role.WEIGHT && o.elements() > 0)
                && opCase.operands().stream().mapToLong(Operand::elements).sum() < LARGEST
                && opCase.forwardFlops() < LARGEST;
    }

    /** Emptied once the operation has run for a while. */
    private <F> String whileUsed(OpCase<F> opCase, Backend backend) {
        @SuppressWarnings("unchecked")
        F ops = (F) backend;
        try (OpRun<F> run = opCase.openMapped(backend, this::mapped)) {
            for (int i = 0; i < before; i++) {
                run.forward(ops);
                run.backward(ops);
            }
            files.forEach(LostWeights::empty);
            return outcome(() -> {
                run.forward(ops);
                run.backward(ops);
                run.queue().finish();
            });
        } finally {
            closeFiles();
        }
    }

    /** Emptied before the device gets a copy. */
    private <F> String beforeCopied(OpCase<F> opCase, Backend backend) {
        try {
            return outcome(() -> opCase.openMapped(backend, bytes -> {
                        MemorySegment mapped = mapped(bytes);
                        empty(files.getLast());
                        return mapped;
                    })
                    .close());
        } finally {
            closeFiles();
        }
    }

    private static String outcome(Runnable reading) {
        try {
            reading.run();
            return "done";
        } catch (InternalError e) {
            return "refused";
        }
    }

    private MemorySegment mapped(byte[] bytes) {
        try {
            files.add(MappedFile.open(Files.write(folder.resolve("weights-" + files.size()), bytes)));
            return files.getLast().segment();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void empty(MappedFile file) {
        try (FileChannel channel = FileChannel.open(file.path(), StandardOpenOption.WRITE)) {
            channel.truncate(0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void closeFiles() {
        for (MappedFile file : files) {
            try {
                file.close();
            } catch (Failure e) {
                // That it was shortened.
            }
        }
        files.clear();
    }
}
