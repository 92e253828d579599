package org.espalier.backend;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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
        carryOut(run, recorder);
        return calls;
    }

    @SuppressWarnings("unchecked")
    private static <F> void carryOut(OpRun<?> run, Backend recorder) {
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
            throw new LinkageError(e.getMessage(), e);
        }
    }

    /**
     * Where a tensor stands among the arguments.
     *
     * @param argument  which argument
     * @param component which component of it, for an argument that is a record, else null
     */
    record Place(int argument, RecordComponent component) {}

    /** Where tensors stand; those that are null are left out. */
    List<Place> places() {
        List<Place> places = new ArrayList<>();
        for (int i = 0; i < arguments.length; i++) {
            if (arguments[i] instanceof Tensor) {
                places.add(new Place(i, null));
            } else if (arguments[i] instanceof Record operands) {
                for (RecordComponent component : operands.getClass().getRecordComponents()) {
                    if (valueOf(component, operands) instanceof Tensor) {
                        places.add(new Place(i, component));
                    }
                }
            }
        }
        return places;
    }

    Tensor tensor(Place place) {
        Object argument = arguments[place.argument];
        return (Tensor) (place.component == null ? argument : valueOf(place.component, argument));
    }

    /** The same call with another tensor, or without the tensor: a target without one is null itself. */
    RecordedCall with(Place place, Tensor tensor) {
        Object[] changed = arguments.clone();
        Object argument = arguments[place.argument];
        boolean whole = place.component == null || argument instanceof Target && tensor == null;
        changed[place.argument] = whole ? tensor : replaced(argument, place.component, tensor);
        return new RecordedCall(method, changed);
    }

    private static Object replaced(Object operands, RecordComponent changed, Tensor tensor) {
        RecordComponent[] components = operands.getClass().getRecordComponents();
        Class<?>[] types =
                Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
        Object[] values = Arrays.stream(components)
                .map(component -> component.getName().equals(changed.getName()) ? tensor : valueOf(component, operands))
                .toArray();
        try {
            return operands.getClass().getDeclaredConstructor(types).newInstance(values);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    private static Object valueOf(RecordComponent component, Object operands) {
        try {
            return component.getAccessor().invoke(operands);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    String operation() {
        return method.getName();
    }
}
