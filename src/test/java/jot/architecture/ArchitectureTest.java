package jot.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Holds the compiled product against {@link HouseRules}. */
@Tag("module-path")
class ArchitectureTest {
    private static final Path SOURCES = Path.of("src", "main", "java");
    private static final Path CLASSES = Path.of("target", "classes");
    private static final Set<String> API = Set.of("jot", "jot.tokenizer", "jot.sampling", "jot.checkpoint");

    private static List<CompiledClass> classes;
    private static HouseRules rules;

    @BeforeAll
    static void readClassFiles() throws IOException {
        classes = CompiledClass.below(CLASSES);
        rules = new HouseRules(Layers.OF_JOT, classes);
    }

    /** Without this the other tests could pass by looking at nothing. */
    @Test
    void everySourceFileHasItsClass() throws IOException {
        Set<String> compiled = classes.stream().map(CompiledClass::name).collect(Collectors.toCollection(TreeSet::new));
        Set<String> missing = new TreeSet<>(typesIn(SOURCES));
        assertTrue(missing.size() > 0, "no source found under " + SOURCES);
        missing.removeAll(compiled);
        assertEquals(Set.of(), missing, "sources without a class file under " + CLASSES);
    }

    @Test
    void importsGoOneWay() {
        assertNone(rules.wrongDirections());
    }

    @Test
    void noPackageUsesItselfByWayOfOthers() {
        assertNone(rules.cycles());
    }

    @Test
    void onlyTheCommandLinePrints() {
        assertNone(rules.printing());
    }

    @Test
    void arithmeticIsTheSameEverywhere() {
        assertNone(rules.inexactArithmetic());
    }

    @Test
    void vectorsStayWithinAMethod() {
        assertNone(rules.vectorsHandedOver());
    }

    @Test
    void theCommonPoolIsLeftAlone() {
        assertNone(rules.commonPool());
    }

    @Test
    void textDoesNotDependOnTheCountry() {
        assertNone(rules.localeDependence());
    }

    @Test
    void packagesStaySmall() {
        assertNone(rules.crowdedPackages());
    }

    @Test
    void namesSayWhatAClassIs() {
        assertNone(rules.emptyNames());
    }

    @Test
    void theApiIsExportedAndNothingElse() throws IOException {
        assertEquals(API, exportedPackages());
    }

    @Test
    void theApiShowsNothingElse() throws IOException {
        assertNone(rules.hiddenTypes(exportedPackages()));
    }

    @Test
    void allOtherPackagesSayInternal() throws IOException {
        try (Stream<Path> files = Files.walk(SOURCES)) {
            for (Path file : files.filter(file -> file.endsWith("package-info.java")).toList()) {
                String name = slashed(SOURCES.relativize(file.getParent())).replace('/', '.');
                boolean internal = Files.readString(file).toLowerCase(Locale.ROOT).contains("internal");
                assertTrue(internal || API.contains(name), name + " is not exported, so its package-info must say \"internal\"");
            }
        }
    }

    private static Set<String> exportedPackages() throws IOException {
        try (var descriptor = Files.newInputStream(CLASSES.resolve("module-info.class"))) {
            return ModuleDescriptor.read(descriptor).exports().stream()
                .filter(exports -> !exports.isQualified())
                .map(ModuleDescriptor.Exports::source)
                .collect(Collectors.toSet());
        }
    }

    private static Set<String> typesIn(Path sources) throws IOException {
        try (Stream<Path> files = Files.walk(sources)) {
            return files.map(file -> slashed(sources.relativize(file)))
                .filter(file -> file.endsWith(".java") && !file.endsWith("-info.java"))
                .map(file -> file.substring(0, file.length() - ".java".length()).replace('/', '.'))
                .collect(Collectors.toSet());
        }
    }

    private static String slashed(Path path) {
        return path.toString().replace('\\', '/');
    }

    private static void assertNone(List<String> breaches) {
        assertEquals("", String.join("\n", breaches));
    }
}
