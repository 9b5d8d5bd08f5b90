package jot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.ref.WeakReference;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import jot.loading.Processors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is left of a model once it is closed, and how a JVM ends beside one that isn't. */
@Tag("module-path")
@Timeout(120)
class LifecycleTest {
    private static final Path TALES = Path.of("weights/tales");

    @Test
    void noThreadIsLeftAfterClose() throws IOException {
        Gpt gpt = Gpt.load(TALES, LoadOptions.defaults().withThreads(3));
        gpt.generate("Once", GenerationOptions.greedy().withMaxTokens(2));
        assertTrue(threads() >= 3);
        gpt.close();
        gpt.close();
        assertEquals(0, threads());
    }

    @Test
    void thereIsAThreadForEachCoreUnlessANumberIsSet() throws IOException {
        for (LoadOptions options : List.of(LoadOptions.defaults(), LoadOptions.defaults().withThreads(3))) {
            try (Gpt gpt = Gpt.load(TALES, options)) {
                gpt.generate("Once", GenerationOptions.greedy().withMaxTokens(1));
                assertEquals(options.threads().orElseGet(Processors::defaultThreads), Thread.getAllStackTraces().keySet().stream()
                        .filter(thread -> thread.getName().matches("jot-\\d+")).count());
            }
        }
    }

    private static long threads() {
        return Thread.getAllStackTraces().keySet().stream().filter(thread -> thread.getName().startsWith("jot")).count();
    }

    /** An application server throws an application's class loader away and means it. */
    @Test
    void theClassLoaderIsCollectedAfterTheLastClose() throws Exception {
        WeakReference<ClassLoader> loader = useThroughALoaderOfItsOwn();
        for (int i = 0; i < 50 && loader.get() != null; i++) {
            System.gc();
            Thread.sleep(20);
        }
        assertNull(loader.get());
    }

    private static WeakReference<ClassLoader> useThroughALoaderOfItsOwn() throws Exception {
        URL classes = ChildJvm.classes(jot.tensor.Matrix.class).toUri().toURL();
        try (URLClassLoader loader = new URLClassLoader(new URL[] {classes}, null)) {
            Class<?> type = loader.loadClass("jot.Gpt");
            assertTrue(type != Gpt.class);
            AutoCloseable gpt = (AutoCloseable) type.getMethod("load", Path.class).invoke(null, TALES);
            Method generate = type.getMethod("generate", String.class);
            assertTrue(generate.invoke(gpt, "Once upon a time").toString().length() > 1);
            gpt.close();
            return new WeakReference<>(loader);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"return", "exit"})
    void aJvmEndsWhileAGenerationRuns(String way) throws IOException, InterruptedException {
        assertEquals(List.of("began"), ChildJvm.start(List.of(), LifecycleProgram.class, way).await().orThrow());
    }

    /** Weights that are cut off beneath a running model: a typed error with the file's name, and the JVM lives on. */
    @ParameterizedTest
    @ValueSource(strings = {"SCALAR", "VECTOR"})
    void aFileThatIsCutWhileMappedIsNamed(String backend) throws IOException, InterruptedException {
        List<ChildJvm> machines = new ArrayList<>();
        for (String warmUp : List.of("0", "25")) {
            machines.add(ChildJvm.start(List.of(), LifecycleProgram.class, "cut", backend, warmUp));
        }
        for (ChildJvm machine : machines) {
            List<String> lines = machine.await().orThrow();
            assertEquals("java.lang.IllegalStateException", lines.getFirst());
            assertTrue(lines.get(1).contains("model.safetensors"), lines.get(1));
            assertEquals("a copy does not mind", lines.get(2));
            assertEquals("closed", lines.getLast());
        }
    }

    /** Digits, letters and charsets of a country change neither text nor numbers nor what a program reads from messages. */
    @Test
    void countryAndCharsetDoNotMatter() throws IOException, InterruptedException {
        List<ChildJvm> machines = List.of(ChildJvm.start(List.of(), LifecycleProgram.class, "text"),
                ChildJvm.start(List.of("-Duser.language=tr", "-Duser.country=TR", "-Dfile.encoding=ISO-8859-9"),
                        LifecycleProgram.class, "text"),
                ChildJvm.start(List.of("-Duser.language=ar", "-Duser.country=EG", "-Duser.extensions=nu-arab", "-Dfile.encoding=COMPAT",
                        "-Dsun.jnu.encoding=ANSI_X3.4-1968"), LifecycleProgram.class, "text"));
        List<String> expected = machines.getFirst().await().orThrow();
        assertEquals(4, expected.size());
        assertTrue(expected.getLast().contains("1,312"), expected.getLast());
        assertEquals(expected, machines.get(1).await().orThrow());
        assertEquals(expected, machines.get(2).await().orThrow());
    }

    /** 200 callers on two carriers: none of them holds a carrier while the model computes. */
    @Test
    void virtualCallersLeaveTheirCarriersToOthers() throws IOException, InterruptedException {
        List<String> lines = ChildJvm.start(
                List.of("-Djdk.virtualThreadScheduler.parallelism=2", "-Djdk.virtualThreadScheduler.maxPoolSize=2"),
                LifecycleProgram.class, "heartbeat").await().orThrow();
        assertEquals("200 equal", lines.getFirst());
        long delay = Long.parseLong(lines.getLast());
        assertTrue(delay < 50, delay + " ms");
    }
}
