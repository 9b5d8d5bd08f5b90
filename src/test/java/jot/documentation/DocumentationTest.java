package jot.documentation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the documentation shows is so: its Java runs, its links lead somewhere, its version is the project's. */
@Tag("module-path")
class DocumentationTest {
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]+)(?:#[^)]*)?\\)");
    private static final Pattern JAR = Pattern.compile("jot-(\\d[\\w.]*?)\\.jar");

    @ParameterizedTest(name = "{0}")
    @MethodSource("snippets")
    void javaCompilesAndRuns(Snippet snippet, @TempDir Path folder) throws Exception {
        snippet.run(folder);
    }

    @Test
    void theReadmeShowsJava() throws IOException {
        assertTrue(!Snippet.in(Path.of("README.md")).isEmpty());
    }

    @Test
    void linksLeadToFiles() throws IOException {
        List<String> broken = new ArrayList<>();
        for (Path page : pages()) {
            for (MatchResult link : LINK.matcher(Files.readString(page)).results().toList()) {
                if (!Files.exists(page.toAbsolutePath().resolveSibling(link.group(1)))) {
                    broken.add(page + ": " + link.group(1));
                }
            }
        }
        assertEquals(List.of(), broken);
    }

    @Test
    void jarsAreNamedByTheProjectsVersion() throws IOException {
        String version = Files.readString(Path.of("pom.xml")).split("<version>", 2)[1].split("</version>", 2)[0];
        Set<String> named = new TreeSet<>();
        for (Path page : pages()) {
            JAR.matcher(Files.readString(page)).results().forEach(jar -> named.add(jar.group(1)));
        }
        assertEquals(Set.of(version), named);
    }

    static List<Snippet> snippets() throws IOException {
        List<Snippet> snippets = new ArrayList<>();
        for (Path page : pages()) {
            snippets.addAll(Snippet.in(page));
        }
        return snippets;
    }

    private static List<Path> pages() throws IOException {
        try (Stream<Path> docs = Files.walk(Path.of("docs"))) {
            return Stream.concat(Stream.of(Path.of("README.md")), docs.filter(file -> file.toString().endsWith(".md")).sorted()).toList();
        }
    }
}
