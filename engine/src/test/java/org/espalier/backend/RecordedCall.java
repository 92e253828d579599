package org.espalier.backend;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.espalier.tensor.Tensor;

/**
 * A call of an operation as a case made it, which a test can repeat with one argument changed.
 *
 * @param method    the operation
 * @param arguments as they were given
 */
record RecordedCall(Method method, Object[] arguments) {

    /** The calls that the forward and the backward step of a case make; they are carried out as well. */
    static List<RecordedCall> of(OpCase<? super Backend> opCase, OpRun<?> run, Backend backend) {
        List<RecordedCall> calls = new ArrayList<>();
        Backend recorder = (Backend) Proxy.newProxyInstance(
                Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, (proxy, method, arguments) -> {
                    RecordedCall call = new RecordedCall(method, arguments);
                    calls.add(call);
                    call.on(backend);
                    return null;
                });
        carryOut(opCase, run, recorder);
        return calls;
    }

    @SuppressWarnings("unchecked")
    private static <F> void carryOut(OpCase<F> opCase, OpRun<?> run, Backend recorder) {
        OpRun<F> typed = (OpRun<F>) run;
        typed.forward((F) recorder);
        typed.backward((F) recorder);
    }

    /** Makes the call, and throws what the operation throws. */
    void on(Backend backend) {
        try {
            method.invoke(backend, arguments);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new AssertionError(e.getCause());
        } catch (IllegalAccessException e) {
            throw new AssertionError(e);
        }
    }

    /** The same call with another argument. */
    RecordedCall with(int index, Object argument) {
        Object[] changed = arguments.clone();
        changed[index] = argument;
        return new RecordedCall(method, changed);
    }

    String operation() {
        return method.getName();
    }

    /** Where tensors stand among the arguments; those that are null are left out. */
    int[] tensors() {
        return IntStream.range(0, arguments.length)
                .filter(i -> arguments[i] instanceof Tensor)
                .toArray();
    }

    Tensor tensor(int index) {
        return (Tensor) arguments[index];
    }
}
