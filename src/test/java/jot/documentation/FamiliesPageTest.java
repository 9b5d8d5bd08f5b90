package jot.documentation;

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

import jot.json.Json;
import jot.loading.Families;
import jot.model.family.Family;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The page on families says what the code does. */
@Tag("module-path")
class FamiliesPageTest {

    private static final Path PAGE = Path.of("docs", "families.md");
    private static final Path SOURCES = Path.of("src/main/java/jot/model/family");
    private static final List<Path> FIXTURES = List.of(Path.of("src/test/resources/models"), Path.of("src/test/resources/models-more"));
    private static final Pattern CODE = Pattern.compile("`([^`]+)`");
    private static final Pattern EXCERPT = Pattern.compile("^~~~java\\n(.*?)^~~~$", Pattern.DOTALL | Pattern.MULTILINE);

    /**
     * A line of the table.
     *
     * @param reader name of the class
     * @param types values of {@code model_type}
     * @param fixtures folders that it is held against
     */
    private record Line(String reader, List<String> types, Set<String> fixtures) {

        static Line of(String text) {
            String[] cells = text.split("\\|", -1);
            assertEquals(8, cells.length, text);
            assertTrue(Stream.of(cells).skip(1).limit(6).noneMatch(String::isBlank), text);
            return new Line(code(cells[1]).getFirst(), code(cells[3]),
                    new TreeSet<>(Arrays.asList(cells[5].strip().split(", "))));
        }
    }

    @Test
    void theTableListsEveryFamilyInOrder() throws IOException {
        List<String> read = new ArrayList<>();
        for (Family family : Families.all()) {
            read.add(family.getClass().getSimpleName() + " " + family.modelTypes());
        }
        assertEquals(read, table().stream().map(line -> line.reader() + " " + line.types()).toList());
    }

    @Test
    void theTableNamesEveryFixtureOfAFamily() throws IOException {
        for (Line line : table()) {
            assertEquals(fixtures(line.types()), line.fixtures(), line.reader());
        }
    }

    @Test
    void theReadmeNamesEveryModelType() throws IOException {
        String section = Files.readString(Path.of("README.md")).split("\n## What runs\n", 2)[1].split("\n## ", 2)[0];
        Set<String> types = Families.all().stream().flatMap(family -> family.modelTypes().stream())
                .collect(Collectors.toCollection(TreeSet::new));
        types.removeAll(code(section));
        assertEquals(Set.of(), types);
    }

    @Test
    void theWorkedExampleIsTheCode() throws IOException {
        String source = Files.readString(SOURCES.resolve("classic/Persimmon.java")).replace("\r\n", "\n");
        List<MatchResult> excerpts = EXCERPT.matcher(Files.readString(PAGE).replace("\r\n", "\n")).results().toList();
        assertTrue(excerpts.size() >= 3, "excerpts: " + excerpts.size());
        for (MatchResult excerpt : excerpts) {
            assertTrue(source.contains(excerpt.group(1)), excerpt.group(1));
        }
    }

    private static List<Line> table() throws IOException {
        return Files.readAllLines(PAGE).stream().filter(line -> line.startsWith("| `")).map(Line::of).toList();
    }

    private static Set<String> fixtures(List<String> types) throws IOException {
        Set<String> found = new TreeSet<>();
        for (Path root : FIXTURES) {
            try (Stream<Path> folders = Files.list(root)) {
                for (Path folder : folders.toList()) {
                    if (types.contains(Json.parse(Files.readAllBytes(folder.resolve("config.json"))).asObject("document")
                            .string("model_type"))) {
                        found.add(folder.getFileName().toString());
                    }
                }
            }
        }
        return found;
    }

    private static List<String> code(String text) {
        return CODE.matcher(text).results().map(match -> match.group(1)).toList();
    }
}
