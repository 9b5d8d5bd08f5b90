package jot.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The page on the architecture says what the code does: its walk leads along methods that exist, its packages are the packages. */
@Tag("module-path")
class ArchitecturePageTest {

    private static final Path PAGE = Path.of("docs", "architecture.md");
    private static final Path SOURCES = Path.of("src", "main", "java");
    private static final Pattern NAME = Pattern.compile("`(jot(?:\\.[a-z]+)*)\\.([A-Z]\\w+)(?:\\.(\\w+))?`");
    private static final Pattern FILE_TO_READ = Pattern.compile("\\*\\*`[^`]+`\\*\\*");
    private static final Pattern ROW = Pattern.compile("^\\| (`jot[^|]*) \\|", Pattern.MULTILINE);
    private static final Pattern CODE = Pattern.compile("`([^`]+)`");

    @Test
    void theWalkLeadsAlongMethodsThatExist() throws Exception {
        List<MatchResult> names = NAME.matcher(page()).results().toList();
        assertTrue(names.stream().filter(name -> name.group(3) != null).count() >= 8, names::toString);
        for (MatchResult name : names) {
            Class<?> type = Class.forName(name.group(1) + "." + name.group(2));
            if (name.group(3) != null) {
                assertTrue(Arrays.stream(type.getDeclaredMethods()).anyMatch(method -> method.getName().equals(name.group(3))),
                        name.group());
            }
        }
        assertEquals(5, FILE_TO_READ.matcher(page()).results().count());
    }

    /** Whoever reads a class of the walk finds the next one named there, as a type or by a method of that name. */
    @Test
    void eachFileOfTheWalkLeadsToTheNext() throws IOException {
        List<MatchResult> steps = Pattern.compile("^\\| \\d \\| (.*?) \\|", Pattern.MULTILINE).matcher(page()).results().toList();
        assertEquals(8, steps.size());
        List<String> known = new ArrayList<>();
        for (MatchResult step : steps) {
            for (MatchResult name : NAME.matcher(step.group(1)).results().toList()) {
                String type = name.group(2);
                assertTrue(known.isEmpty() || known.stream().anyMatch(source -> source.matches("(?is).*\\b" + type + "\\b.*")), type);
                known.add(Files.readString(SOURCES.resolve(name.group(1).replace('.', '/')).resolve(type + ".java")));
            }
        }
    }

    @Test
    void theLineOfPackagesIsTheOrderThatIsHeld() throws IOException {
        String line = page().lines().filter(text -> text.startsWith("cli → ")).findFirst().orElseThrow();
        List<Set<String>> drawn = Stream.of(line.split(" → ")).map(ArchitecturePageTest::packages).toList();
        List<Set<String>> held = Layers.OF_JOT.leftToRight().stream()
                .map(layer -> layer.stream().filter(ArchitecturePageTest::exists).collect(Collectors.toSet()))
                .filter(layer -> !layer.isEmpty()).toList();
        assertEquals(held, drawn);
    }

    /** {@code {tensor, checkpoint}}, {@code model.family.{classic, llama}} or one name; only the façade is called by its whole name. */
    private static Set<String> packages(String drawn) {
        int brace = drawn.indexOf('{');
        String prefix = brace < 0 ? "" : drawn.substring(0, brace);
        String[] names = brace < 0 ? new String[] {drawn} : drawn.substring(brace + 1, drawn.length() - 1).split(", ");
        return Stream.of(names).map(name -> name.equals("jot") ? name : "jot." + prefix + name).collect(Collectors.toSet());
    }

    @Test
    void theTableListsEveryPackageAndWhichAreExported() throws IOException {
        String descriptor = Files.readString(SOURCES.resolve("module-info.java"));
        Set<String> listed = new TreeSet<>();
        for (MatchResult row : ROW.matcher(page().split("\n## Packages\n", 2)[1]).results().toList()) {
            for (MatchResult name : CODE.matcher(row.group(1)).results().toList()) {
                assertEquals(descriptor.contains("exports " + name.group(1) + ";"), row.group(1).endsWith("(exported)"), name.group(1));
                listed.add(name.group(1));
            }
        }
        Set<String> all = Layers.OF_JOT.leftToRight().stream().flatMap(Set::stream).filter(ArchitecturePageTest::exists)
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(all, listed);
    }

    private static boolean exists(String packageName) {
        return Files.isDirectory(SOURCES.resolve(packageName.replace('.', '/')));
    }

    private static String page() throws IOException {
        return Files.readString(PAGE).replace("\r\n", "\n");
    }
}
