package org.espalier.backend;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import org.espalier.ffi.NativeMemory;
import org.espalier.tensor.Blocks;
import org.espalier.tensor.Buffer;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/** A case's operands on one device. One thread at a time. */
public final class OpRun<F> implements AutoCloseable {

    private final OpCase<F> opCase;
    private final MemoryOps memory;
    private final Queue queue;
    private final Map<String, Tensor> tensors = new HashMap<>();
    private final List<NativeMemory> weights = new ArrayList<>();
    private final Function<byte[], MemorySegment> file;

    /**
     * @param misalignment bytes before each weight in its file
     * @param shifted      which of the other operands begin a number further on than their buffers
     */
    OpRun(OpCase<F> opCase, MemoryOps memory, int misalignment, Predicate<Operand> shifted) {
        this(opCase, memory, Optional.empty(), misalignment, shifted);
    }

    /** @param file puts a weight's bytes into a file, and maps them */
    OpRun(OpCase<F> opCase, MemoryOps memory, Function<byte[], MemorySegment> file) {
        this(opCase, memory, Optional.of(file), 0, operand -> false);
    }

    private OpRun(
            OpCase<F> opCase,
            MemoryOps memory,
            Optional<Function<byte[], MemorySegment>> file,
            int misalignment,
            Predicate<Operand> shifted) {
        this.opCase = opCase;
        this.memory = memory;
        this.file = file.orElse(bytes -> allocated(bytes, misalignment));
        this.queue = memory.newQueue();
        try {
            for (Operand operand : opCase.operands()) {
                tensors.put(
                        operand.name(),
                        operand.role() == Operand.Role.WEIGHT
                                ? weight(operand)
                                : allocated(operand, shifted.test(operand) ? 1 : 0));
            }
            opCase.aliases().forEach((name, of) -> tensors.put(name, tensors.get(of)));
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** The tensor of that name, or null if the case leaves it out. */
    public Tensor get(String name) {
        return tensors.get(name);
    }

    /** The tensor of that name as a target, or null if the case leaves it out. */
    public Target target(String name, float beta) {
        Tensor tensor = tensors.get(name);
        return tensor == null ? null : new Target(tensor, beta);
    }

    /** The operand that this tensor is; of aliases, the one that is allocated. */
    String nameOf(Tensor tensor) {
        return opCase.operands().stream()
                .map(Operand::name)
                .filter(name -> tensors.get(name) == tensor)
                .findFirst()
                .orElseThrow();
    }

    public Queue queue() {
        return queue;
    }

    /** Gives the forward step to the queue. */
    public void forward(F ops) {
        opCase.forward().on(ops, queue, this);
    }

    /** Gives the backward step, if there is one, to the queue; the forward step must have run. */
    public void backward(F ops) {
        if (opCase.backward() != null) {
            opCase.backward().on(ops, queue, this);
        }
    }

    /** Runs forward and backward, and reads every output. */
    public Map<String, double[]> outputs(F ops) {
        forward(ops);
        backward(ops);
        Map<String, double[]> read = new LinkedHashMap<>();
        for (String output : opCase.outputs()) {
            read.put(output, read(output));
        }
        return read;
    }

    /** Waits, and reads an operand's numbers. */
    public double[] read(String name) {
        Tensor tensor = tensors.get(name);
        double[] numbers = new double[Math.toIntExact(tensor.shape().elements())];
        Blocks.decode(tensor.type(), MemorySegment.ofArray(readBytes(name)), 0, numbers, 0, numbers.length);
        return numbers;
    }

    /** Waits, and reads an operand's bytes. */
    public byte[] readBytes(String name) {
        Tensor tensor = tensors.get(name);
        try (NativeMemory staging = NativeMemory.allocate(tensor.bytes(), "read-back of " + name)) {
            memory.download(queue, tensor, staging.segment());
            return staging.segment().toArray(ValueLayout.JAVA_BYTE);
        }
    }

    /** Replaces an operand of the compute type. */
    public void write(String name, double[] numbers) {
        write(tensors.get(name), Operand.encode(memory.computeType(), numbers));
    }

    private void write(Tensor tensor, byte[] bytes) {
        try (NativeMemory staging = NativeMemory.allocate(bytes.length, "upload staging")) {
            staging.segment().copyFrom(MemorySegment.ofArray(bytes));
            memory.upload(queue, staging.segment(), tensor);
            queue.finish();
        }
    }

    private Tensor allocated(Operand operand, int shift) {
        DType type = operand.type(memory.computeType());
        long before = (long) shift * type.blockBytes();
        Buffer buffer = memory.allocate(before + type.bytes(operand.shape().elements()), operand.name());
        Tensor tensor = new Tensor(buffer, before, type, operand.shape());
        tensors.put(operand.name(), tensor);
        write(tensor, operand.bytes(memory.computeType()));
        return tensor;
    }

    private Tensor weight(Operand operand) {
        MemorySegment mapped = file.apply(operand.bytes(memory.computeType()));
        return memory.weight(queue, mapped, operand.type(), operand.shape());
    }

    /** Memory that stands for a mapped file. */
    private MemorySegment allocated(byte[] bytes, int misalignment) {
        NativeMemory memory = NativeMemory.allocate(misalignment + bytes.length, "a weight");
        weights.add(memory);
        return memory.segment().asSlice(misalignment).copyFrom(MemorySegment.ofArray(bytes));
    }

    @Override
    public void close() {
        try {
            queue.finish();
        } finally {
            tensors.values().forEach(t -> t.buffer().close());
            weights.forEach(NativeMemory::close);
            queue.close();
        }
    }
}
