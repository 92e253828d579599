package org.espalier.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.espalier.backend.Backend;
import org.espalier.backend.Conformance;
import org.espalier.backend.LinearOps;
import org.espalier.backend.OpCase;
import org.espalier.backend.OpCases;
import org.espalier.backend.Precision;
import org.espalier.error.Failure;
import org.espalier.tensor.DType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Faults planted in the kernels themselves: what nvcc made of them is edited, a case is run, and the stand-in finds each. */
@ExtendWith(StandIn.class)
class PlantedFaultsTest {

    private static final Pattern BARRIER = Pattern.compile("bar(rier)?\\.sync[^;]*;");

    @BeforeEach
    void needsTheStandIn() {
        StandIn.requireItself();
    }

    /** No barrier is there for nothing: without any one of them the threads of a block race for shared memory. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            rmsnorm          | rmsnorm_forward_f32      | rmsNorm 5x1536 F32
            rmsnorm          | rmsnorm_backward_input_f32 | rmsNorm 5x1536 F32
            rmsnorm          | rmsnorm_backward_weight  | rmsNorm 5x1536 F32
            layernorm        | layernorm_forward_f32    | layerNorm 20x577 F32 bias
            layernorm        | layernorm_backward_input_f32 | layerNorm 20x577 F32 bias
            layernorm        | layernorm_backward_weight | layerNorm 20x577 F32 bias
            bias             | bias_backward            | linear 65x65x65 F32 bias
            embedding        | embedding_backward       | embedding 1100 of 5x12
            attention        | attention_forward        | attention 65 tokens
            attention        | attention_backward_query | attention 65 tokens
            attention        | attention_backward_key   | attention 65 tokens
            attention        | attention_backward_value | attention 65 tokens
            attention_decode | attention_decode         | attention long cache, 4 queries
            cross_entropy    | cross_entropy_forward    | crossEntropy 64x1000
            argmax           | argmax                   | argMax 64x1000
            sample           | sample                   | sample 17x1000 temperature 1.5 top-k 40 top-p 0.95
            sum_of_squares   | sum_of_squares_partial   | sumOfSquares 64x577 beta 0
            sum_of_squares   | sum_of_squares_total     | sumOfSquares 64x577 beta 0
            saliency         | saliency_bf16            | saliency L1 257x576
            column_dots      | column_dots_bf16         | columnDots 17x65 of two
            """)
    void barrierRemovedIsFound(String file, String kernel, String opCase) {
        String sound = KernelFiles.ptx(file);
        int start = sound.indexOf(".entry " + kernel + "(");
        int next = sound.indexOf(".entry ", start + 1);
        List<MatchResult> barriers = BARRIER.matcher(sound)
                .region(start, next < 0 ? sound.length() : next)
                .results()
                .toList();
        assertTrue(!barriers.isEmpty(), "no barrier in " + kernel);
        List<String> unnoticed = new ArrayList<>();
        for (MatchResult barrier : barriers) {
            String edited = sound.substring(0, barrier.start()) + sound.substring(barrier.end());
            try {
                run(opCase, file, edited);
                unnoticed.add("the barrier at line "
                        + sound.substring(0, barrier.start()).lines().count());
            } catch (Failure found) {
                assertTrue(found.problem().contains("kernel " + kernel + ","), found.problem());
                assertTrue(found.problem().contains("shared"), found.problem());
            }
            StandIn.reset();
        }
        assertEquals(List.of(), unnoticed);
    }

    /** Every comparison that ends a loop lets one more through. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            add            | add                   | add 64x1536 scale 1.0
            swiglu         | swiglu_forward        | swiGlu 64x1536 beta 0 1
            activation     | activation_forward_gelu | activation GELU 9x1032
            multiply       | multiply              | multiply 64x1536
            columns        | copy_columns          | copyColumns parts 7 of 17+17
            argmax         | argmax                | argMax 64x1000
            sample         | sample                | sample 17x1000 temperature 1.0 top-k 0 top-p 1.0
            cross_entropy  | cross_entropy_forward | crossEntropy 64x1000
            convert        | convert_bf16          | convert BF16 to F32 3x65
            rows           | rows_gather_16        | gatherRows 3 of 20x3x8
            compact        | gather_4              | gather scattered of 17x65 F32
            """)
    void oneTooManyIsFound(String file, String kernel, String opCase) {
        Failure found = planted(
                file,
                kernel,
                opCase,
                text -> text.replaceAll("setp\\.lt\\.([us]\\d+)", "setp.le.$1")
                        .replaceAll("setp\\.ge\\.([us]\\d+)", "setp.gt.$1"));
        assertTrue(
                found.problem().contains("CUDA_ERROR_ILLEGAL_ADDRESS")
                        || found.problem().contains("never written")
                        || found.problem().contains("global-memory race"),
                found.problem());
    }

    /** A kernel that takes every row for aligned. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            rmsnorm       | rmsnorm_forward_f32   | rmsNorm 17x65 F32
            layernorm     | layernorm_forward_f32 | layerNorm 17x65 F32
            columns       | copy_columns          | copyColumns parts 7 of 17+17
            embedding     | embedding_f32         | embedding 17 of 65x65 F32
            cross_entropy | cross_entropy_forward | crossEntropy 17x65
            attention     | attention_forward     | attention 65 tokens
            """)
    void misalignedVectorIsFound(String file, String kernel, String opCase) {
        Failure found = planted(
                file, kernel, opCase, text -> text.replaceAll("(and\\.b64\\s+%rd\\d+, %rd\\d+), (15|31);", "$1, 0;"));
        assertTrue(found.problem().contains("CUDA_ERROR_MISALIGNED_ADDRESS"), found.problem());
    }

    /** Every block does the work of the first one, or of the first in its row. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            add            | add                     | add 64x1536 scale 1.0
            swiglu         | swiglu_forward          | swiGlu 64x1536 beta 0 1
            embedding      | embedding_backward      | embedding 1100 of 5x12
            rmsnorm        | rmsnorm_backward_weight | rmsNorm 5x1536 F32
            attention      | attention_backward_key  | attention 65 tokens
            sum_of_squares | sum_of_squares_partial  | sumOfSquares 64x577 beta 0
            saliency       | saliency_bf16           | saliency L1 257x576
            rmsnorm        | rmsnorm_forward_f32     | rmsNorm 5x1536 F32
            bias           | bias_backward           | linear 65x65x65 F32 bias
            """)
    void blocksThatShareATargetAreFound(String file, String kernel, String opCase) {
        Failure found = planted(file, kernel, opCase, text -> text.replaceAll("%ctaid\\.x;", "0;"));
        assertTrue(found.problem().contains("global-memory race: "), found.problem());
        assertTrue(found.problem().contains("of this launch wrote, in device allocation"), found.problem());
    }

    /** Operands that may be the target are read through the cache that no write reaches, as {@code __restrict__} lets it be. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            add      | accumulate     | accumulate 64x1536 scale 1.0 beta 1
            add      | add            | add 7x65 into a
            adamw    | adamw          | adamW
            """)
    void readOnlyCacheOfATargetIsFound(String file, String kernel, String opCase) {
        Failure found = planted(file, kernel, opCase, text -> text.replaceAll("ld\\.global\\.(?!nc)", "ld.global.nc."));
        assertTrue(found.problem().contains("global-memory race: "), found.problem());
    }

    /** A kernel that sees no more than 8,192 numbers of a row is right for the rows of small models. */
    @Test
    void longRowsThatLoseTheirEndAreFound() {
        String edited = KernelFiles.ptx("matvec")
                .replaceAll("(ld\\.param\\.u32\\s+(%r\\d+), \\[matvec_f32_param_5\\];)", "$1 min.s32 $2, $2, 8192;");
        List<String> wrong = OpCases.linear().stream()
                .filter(c -> c.operand("w").type() == DType.F32)
                .filter(c -> c.operand("x").shape().extent(0) <= 4)
                .filter(c -> c.forwardFlops() < 1_000_000)
                .filter(c -> differs(c, edited))
                .map(OpCase::name)
                .toList();
        assertEquals(1, wrong.size(), wrong.toString());
        assertTrue(wrong.getFirst().startsWith("linear 1x11008x3 F32"), wrong.toString());
    }

    private static boolean differs(OpCase<LinearOps> opCase, String edited) {
        try (CudaBackend cuda = CudaBackend.open(
                0,
                Precision.FLOAT32,
                CudaProducts.PANEL,
                (context, asked) -> asked.equals("matvec")
                        ? CudaModule.loadPtx(context, asked, edited.getBytes(StandardCharsets.US_ASCII))
                        : CudaModule.load(context, asked))) {
            Conformance.check(opCase, cuda, cuda);
            return false;
        } catch (AssertionError wrong) {
            return true;
        }
    }

    /** What is found when one kernel's text is edited. */
    private static Failure planted(String file, String kernel, String opCase, UnaryOperator<String> edit) {
        String sound = KernelFiles.ptx(file);
        int start = sound.indexOf(".entry " + kernel + "(");
        int next = sound.indexOf(".entry ", start + 1);
        int end = next < 0 ? sound.length() : next;
        String edited = sound.substring(0, start) + edit.apply(sound.substring(start, end)) + sound.substring(end);
        assertNotEquals(sound, edited);
        Failure found = assertThrows(Failure.class, () -> run(opCase, file, edited));
        assertTrue(found.problem().contains("kernel " + kernel + ","), found.problem());
        StandIn.reset();
        return found;
    }

    /** Runs the first case whose name begins so, with one file's kernels replaced. */
    private static void run(String name, String file, String ptx) {
        OpCase<? super Backend> opCase =
                OpCases.all().filter(c -> c.name().startsWith(name)).findFirst().orElseThrow();
        try (CudaBackend cuda = CudaBackend.open(
                0,
                Precision.FLOAT32,
                CudaProducts.PANEL,
                (context, asked) -> asked.equals(file)
                        ? CudaModule.loadPtx(context, file, ptx.getBytes(StandardCharsets.US_ASCII))
                        : CudaModule.load(context, asked))) {
            outputs(opCase, cuda);
        }
    }

    @SuppressWarnings("unchecked")
    private static <F> void outputs(OpCase<F> opCase, CudaBackend cuda) {
        Conformance.outputs(opCase, cuda, (F) cuda);
    }
}
