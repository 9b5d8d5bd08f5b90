package jot.cli.bench;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import jot.json.Json;
import jot.json.JsonBoolean;
import jot.json.JsonException;
import jot.json.JsonNumber;
import jot.json.JsonObject;

/**
 * What was measured of one model, in one JVM or several.
 *
 * @param settings what was asked for
 * @param repetitions every measurement, at least one
 * @param model what is so in every repetition
 * @param residentBytes anonymous memory at most, in the middle of all JVMs; 0 where the system does not tell
 * @param starts JVMs that measured
 * @param steady whether warming up came to where it no longer became faster, in every JVM
 */
public record BenchResult(BenchCase settings, List<Repetition> repetitions, Model model, long residentBytes, int starts, boolean steady) {

    /** Keeps its own copy of the list. */
    public BenchResult {
        repetitions = List.copyOf(repetitions);
    }

    /**
     * One measurement. What was left out is not a number.
     *
     * @param prefillSeconds time of a prompt
     * @param decodeSeconds time of decoding all tokens of all sequences
     * @param singleSeconds time of the same for one sequence alone, where there are several
     * @param limits what the machine could do just then
     */
    public record Repetition(double prefillSeconds, double decodeSeconds, double singleSeconds, MachineLimits limits) {
    }

    /**
     * The model as loaded.
     *
     * @param weightBytes bytes of all matrices
     * @param prefillOperations floating-point operations of a prompt
     * @param decodeBytes bytes of weights that one pass reads
     * @param cacheBytes bytes of cache that one pass of the batch reads, on average
     * @param backend the kernels
     */
    public record Model(long weightBytes, double prefillOperations, double decodeBytes, double cacheBytes, String backend) {
    }

    /** The results of several JVMs as one. */
    public static BenchResult joined(List<BenchResult> starts) {
        BenchResult first = starts.getFirst();
        return new BenchResult(first.settings, starts.stream().flatMap(start -> start.repetitions.stream()).toList(), first.model,
                (long) Samples.of(starts, BenchResult::residentBytes).median(), starts.stream().mapToInt(BenchResult::starts).sum(),
                starts.stream().allMatch(BenchResult::steady));
    }

    private Samples samples(ToDoubleFunction<Repetition> number) {
        return Samples.of(repetitions, number);
    }

    /** Tokens of the prompt a second. */
    public Samples prefillSpeed() {
        return samples(each -> settings.promptTokens() / each.prefillSeconds);
    }

    /** Operations a second at prefill, as a share of the machine's. */
    public Samples prefillShare() {
        return samples(each -> model.prefillOperations / each.prefillSeconds / each.limits.flops());
    }

    /** Decoded tokens a second, of all sequences together. */
    public Samples decodeSpeed() {
        return samples(each -> (double) settings.generatedTokens() * settings.batch() / each.decodeSeconds);
    }

    /** Bytes of weights read a second at decode, as a share of what the machine can read. */
    public Samples decodeShare() {
        return samples(each -> decodeRate(each, model.decodeBytes) / each.limits.bandwidth());
    }

    /** How many times faster all sequences together are than one alone. */
    public Samples batchGain() {
        return samples(each -> settings.batch() * each.singleSeconds / each.decodeSeconds);
    }

    /** Operations a second at prefill. */
    public double prefillRate() {
        return samples(each -> model.prefillOperations / each.prefillSeconds).median();
    }

    /** Bytes of weights read a second at decode. */
    public double decodeRate() {
        return samples(each -> decodeRate(each, model.decodeBytes)).median();
    }

    /** Bytes of weights and cache read a second at decode. */
    public double decodeRateWithCache() {
        return samples(each -> decodeRate(each, model.decodeBytes + model.cacheBytes)).median();
    }

    private double decodeRate(Repetition each, double bytesOfAPass) {
        return bytesOfAPass * settings.generatedTokens() / each.decodeSeconds;
    }

    /** The machine's limits: medians of those measured with each repetition. */
    public MachineLimits limits() {
        return MachineLimits.median(repetitions.stream().map(Repetition::limits).toList());
    }

    /** All of it as one line. */
    public String json() {
        MachineLimits limits = limits();
        return new JsonLine().with("shape", settings.shape()).with("weights", settings.weights()).with("threads", settings.threads())
                .with("prompt_tokens", settings.promptTokens()).with("generated_tokens", settings.generatedTokens())
                .with("batch", settings.batch()).with("position", settings.position())
                .with("prefill_tokens_per_second", prefillSpeed().median()).with("prefill_spread", prefillSpeed().spread())
                .with("decode_tokens_per_second", decodeSpeed().median()).with("decode_spread", decodeSpeed().spread())
                .with("batch_gain", batchGain().median())
                .with("weight_bytes", model.weightBytes).with("resident_bytes", residentBytes)
                .with("prefill_flops", prefillRate()).with("prefill_share", prefillShare().median())
                .with("decode_bytes_per_second", decodeRate()).with("decode_share", decodeShare().median())
                .with("decode_bytes_per_second_with_cache", decodeRateWithCache())
                .with("peak_flops", limits.flops()).with("read_bandwidth", limits.bandwidth()).with("limit_loops", limits.loops())
                .with("cpu", Machine.processor()).with("species", model.backend).with("jdk", Machine.java())
                .with("starts", starts).with("steady", steady)
                .with("prefill_operations", model.prefillOperations).with("decode_bytes", model.decodeBytes)
                .with("cache_bytes", model.cacheBytes)
                .with("repetitions", repetitions.stream().map(BenchResult::line).toList()).toString();
    }

    private static JsonLine line(Repetition each) {
        return new JsonLine().with("prefill_seconds", each.prefillSeconds).with("decode_seconds", each.decodeSeconds)
                .with("single_seconds", each.singleSeconds).with("peak_flops", each.limits.flops())
                .with("read_bandwidth", each.limits.bandwidth());
    }

    /**
     * Reads what {@link #json()} wrote.
     *
     * @param settings what was asked for
     * @throws JsonException if it is something else
     */
    public static BenchResult read(BenchCase settings, String json) throws JsonException {
        JsonObject object = (JsonObject) Json.parse(json.getBytes(StandardCharsets.UTF_8));
        List<Repetition> repetitions = new ArrayList<>();
        for (Json element : object.array("repetitions")) {
            JsonObject each = (JsonObject) element;
            MachineLimits limits = new MachineLimits(number(each, "peak_flops"), number(each, "read_bandwidth"),
                    object.string("limit_loops"));
            repetitions.add(new Repetition(number(each, "prefill_seconds"), number(each, "decode_seconds"),
                    number(each, "single_seconds"), limits));
        }
        Model model = new Model((long) number(object, "weight_bytes"), number(object, "prefill_operations"),
                number(object, "decode_bytes"), number(object, "cache_bytes"), object.string("species"));
        BenchCase named = settings.named(settings.shape(), object.string("weights"));
        return new BenchResult(named, repetitions, model, (long) number(object, "resident_bytes"), object.integer("starts"),
                object.get("steady").equals(new JsonBoolean(true)));
    }

    private static double number(JsonObject object, String name) throws JsonException {
        return object.get(name) instanceof JsonNumber number ? number.doubleValue(name) : Double.NaN;
    }
}
