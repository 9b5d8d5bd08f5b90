package jot.documentation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

import org.apiguardian.api.API;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.opentest4j.AssertionFailedError;

/**
 * A block of Java in a page of the documentation.
 *
 * <p>A block may be a program (a {@code main}), a JUnit test class, or a few statements, which are then wrapped in a {@code main}
 * that sees the exported packages.
 *
 * @param page where it stands
 * @param line the line on which the block starts
 * @param code the Java text
 */
record Snippet(Path page, int line, String code) {
    private static final Pattern BLOCK = Pattern.compile("^```java\\n(.*?)^```$", Pattern.DOTALL | Pattern.MULTILINE);
    private static final Pattern CLASS = Pattern.compile("^(?:public |final )*class (\\w+)", Pattern.MULTILINE);
    private static final Pattern MAIN = Pattern.compile("^(?:static )?void main\\(", Pattern.MULTILINE);
    private static final String WITHOUT_IMPORTS = """
        import jot.*;
        import jot.checkpoint.*;
        import jot.sampling.*;
        import jot.tokenizer.*;
        void main() throws Exception {
        %s
        }
        """;

    /** Returns the blocks of one page, in order. */
    static List<Snippet> in(Path page) throws IOException {
        String text = Files.readString(page).replace("\r\n", "\n");
        return BLOCK.matcher(text).results()
            .map(match -> new Snippet(page, 1 + (int) text.substring(0, match.start()).lines().count(), match.group(1)))
            .toList();
    }

    /** Compiles the block into a folder and runs it: its main, or its tests. */
    void run(Path folder) throws Exception {
        compile(folder);
        try (URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL()}, Snippet.class.getClassLoader())) {
            Class<?> type = loader.loadClass(className());
            List<Method> runs = runnable(type);
            assertTrue(!runs.isEmpty(), this + " has neither a main nor a test");
            for (Method method : runs) {
                invoke(type, method);
            }
        }
    }

    private String className() {
        Matcher type = CLASS.matcher(code);
        return type.find() && !isProgram() ? type.group(1) : "Snippet";
    }

    private boolean isProgram() {
        return MAIN.matcher(code).find();
    }

    private String source() {
        return isProgram() || CLASS.matcher(code).find() ? code : WITHOUT_IMPORTS.formatted(code);
    }

    private void compile(Path folder) {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter messages = new StringWriter();
        List<String> options = List.of("-d", folder.toString(), "-classpath", classPath(), "--release", "25", "-Xlint:all");
        boolean compiled = compiler.getTask(messages, null, null, options, null, List.of(unit())).call();
        assertTrue(compiled, () -> this + " does not compile:\n" + messages + source());
        assertEquals("", messages.toString(), () -> this + " compiles with warnings");
    }

    private JavaFileObject unit() {
        return new SimpleJavaFileObject(URI.create("string:///" + className() + ".java"), JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                return source();
            }
        };
    }

    private static String classPath() {
        Stream<Path> jars = Stream.of(Test.class, Assertions.class, AssertionFailedError.class, API.class)
            .map(type -> Path.of(URI.create(type.getProtectionDomain().getCodeSource().getLocation().toString())));
        return Stream.concat(Stream.of(Path.of("target", "classes")), jars)
            .map(Path::toString)
            .distinct()
            .collect(Collectors.joining(File.pathSeparator));
    }

    private static List<Method> runnable(Class<?> type) {
        List<Method> found = new ArrayList<>();
        Arrays.stream(type.getDeclaredMethods())
            .filter(method -> method.getName().equals("main") || method.isAnnotationPresent(Test.class))
            .forEach(found::add);
        return found;
    }

    private static void invoke(Class<?> type, Method method) throws ReflectiveOperationException {
        Constructor<?> constructor = type.getDeclaredConstructor();
        constructor.setAccessible(true);
        method.setAccessible(true);
        Object[] arguments = method.getParameterCount() == 0 ? new Object[0] : new Object[] {new String[0]};
        try {
            method.invoke(constructor.newInstance(), arguments);
        } catch (InvocationTargetException thrown) {
            throw new AssertionError("the Java runs into an exception: " + thrown.getCause(), thrown.getCause());
        }
    }

    @Override
    public String toString() {
        return page + " line " + line;
    }
}
