package jot;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import jot.json.Json;
import jot.json.JsonArray;
import jot.json.JsonNull;
import jot.json.JsonObject;
import jot.json.JsonString;

/** Reads the files under {@code sampling/}, in which infinite numbers are strings. */
public final class SamplingFixtures {
    private static final Path FOLDER = Path.of("src/test/resources");

    private SamplingFixtures() {
    }

    public static Json read(String name) throws IOException {
        return Json.parse(Files.readAllBytes(FOLDER.resolve(name)));
    }

    public static List<JsonObject> cases(String name) throws IOException {
        List<JsonObject> cases = new ArrayList<>();
        for (Json json : read(name).asObject(name).array("cases")) {
            cases.add(json.asObject("case"));
        }
        return cases;
    }

    public static double number(Json json) throws IOException {
        if (json instanceof JsonString text) {
            return switch (text.value()) {
                case "Infinity" -> Double.POSITIVE_INFINITY;
                case "-Infinity" -> Double.NEGATIVE_INFINITY;
                default -> throw new IOException("no number: " + text.value());
            };
        }
        return json.asDouble("number");
    }

    public static double[] doubles(Json json) throws IOException {
        JsonArray array = json.asArray("numbers");
        double[] numbers = new double[array.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = number(array.get(i));
        }
        return numbers;
    }

    public static float[] floats(Json json) throws IOException {
        double[] wide = doubles(json);
        float[] numbers = new float[wide.length];
        for (int i = 0; i < wide.length; i++) {
            numbers[i] = (float) wide[i];
        }
        return numbers;
    }

    public static int[] ints(Json json) throws IOException {
        JsonArray array = json.asArray("whole numbers");
        int[] numbers = new int[array.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = array.get(i).asInt("whole number");
        }
        return numbers;
    }

    public static List<String> strings(Json json) throws IOException {
        List<String> strings = new ArrayList<>();
        for (Json element : json.asArray("strings")) {
            strings.add(element.asString("string"));
        }
        return strings;
    }

    public static boolean isNull(Json json) {
        return json == null || json instanceof JsonNull;
    }
}
