package jot.tensor;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicLong;

/** The kernels in use, with a count of the multiplications that matrices cost. */
public final class CountedKernels {

    private final AtomicLong multiplications = new AtomicLong();
    private final Kernels kernels = KernelSelection.choose(Backend.AUTO).kernels();

    public ParallelKernels on(Workers workers) {
        Kernels counted = (Kernels) Proxy.newProxyInstance(Kernels.class.getClassLoader(), new Class<?>[] {Kernels.class},
                (proxy, method, arguments) -> call(method, arguments));
        return new ParallelKernels(counted, workers);
    }

    /** Since the last call. */
    public long multiplications() {
        return multiplications.getAndSet(0);
    }

    private Object call(Method method, Object[] arguments) throws Throwable {
        if (method.getName().equals("decode") || method.getName().equals("prefill")) {
            Matrix weights = (Matrix) arguments[0];
            long rows = (int) arguments[7] - (int) arguments[6];
            long outputs = (int) arguments[9] - (int) arguments[8];
            multiplications.addAndGet(rows * outputs * weights.inputs());
        }
        try {
            return method.invoke(kernels, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }
}
