package jot.cli.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import jot.generation.Inference;
import jot.generation.Interruption;
import jot.generation.Sequence;
import jot.loading.LoadedModel;
import jot.model.CacheLayout;
import jot.model.Transformer;

/** Measures one loaded model: prompt and decoding apart, each time beside what the machine can do at that moment. */
public final class Benchmark {

    private static final Interruption NEVER = Interruption.when(() -> false);
    /** A round is faster than another if it takes less than this share of its time. */
    private static final double FASTER = 0.97;
    /** Rounds without a faster one after which the speed is taken as steady. */
    private static final int STEADY_ROUNDS = 3;
    private static final double MOST_WARM_UP_SECONDS = 60;

    private final LoadedModel loaded;
    private final BenchCase settings;
    private final Inference inference;
    private final Sequence prompt;
    private final List<Sequence> batch = new ArrayList<>();
    private boolean steady;

    private Benchmark(LoadedModel loaded, BenchCase settings) {
        this.loaded = loaded;
        this.settings = settings;
        this.inference = new Inference(loaded.transformer(), loaded.kernels(), loaded.workers());
        this.prompt = new Sequence(inference);
    }

    /**
     * Measures.
     *
     * @param loaded the model
     * @param settings what of it
     * @param memory watched the loading; ends before anything is measured, as the limits take memory themselves and watching takes time
     * @throws IllegalArgumentException if prompt or position do not fit the model's context
     */
    public static BenchResult run(LoadedModel loaded, BenchCase settings, ResidentMemory memory) {
        return new Benchmark(loaded, settings).run(memory);
    }

    private BenchResult run(ResidentMemory memory) {
        requireRoom(settings.promptTokens(), "a prompt of %,d tokens");
        requireRoom((long) settings.position() + settings.generatedTokens(), "decoding up to token %,d");
        if (settings.generatedTokens() > 0) {
            fillCaches();
        }
        warmUp();
        memory.close();
        long resident = memory.peakBytes();
        List<BenchResult.Repetition> repetitions = new ArrayList<>();
        try (MachineLimits.Meter meter = MachineLimits.meter(settings.threads())) {
            for (int i = 0; i < settings.repetitions(); i++) {
                double prefill = prefill();
                MachineLimits limits = meter.measure();
                double decode = decode(batch);
                double single = settings.batch() > 1 ? decode(batch.subList(0, Math.min(1, batch.size()))) : Double.NaN;
                repetitions.add(new BenchResult.Repetition(prefill, decode, single, limits));
            }
        }
        return new BenchResult(settings, repetitions, model(), resident, 1, steady);
    }

    private void requireRoom(long tokens, String what) {
        if (tokens > inference.context()) {
            throw new IllegalArgumentException(String.format(Locale.ROOT, what + ", context of %,d", tokens, inference.context()));
        }
    }

    private BenchResult.Model model() {
        Transformer transformer = loaded.transformer();
        double positions = settings.batch() * (settings.position() + settings.generatedTokens() / 2.0);
        double cacheBytes = positions * new CacheLayout(inference.architecture()).bytesPerPosition();
        return new BenchResult.Model(transformer.weightBytes(), transformer.prefillOperations(settings.promptTokens()),
                transformer.decodeBytes(), cacheBytes, loaded.backend());
    }

    /** Each sequence has a cache of its own, as sequences of different texts have. */
    private void fillCaches() {
        for (int i = 0; i < settings.batch(); i++) {
            Sequence sequence = new Sequence(inference);
            if (settings.position() > 0) {
                sequence.append(tokens(settings.position(), i), () -> false);
            }
            batch.add(sequence);
        }
    }

    /** Prompt and decoding in turn until neither becomes faster, and the compiler had some time. */
    private void warmUp() {
        double bestPrefill = Double.POSITIVE_INFINITY;
        double bestDecode = Double.POSITIVE_INFINITY;
        int since = 0;
        long start = System.nanoTime();
        double elapsed = 0;
        while (elapsed < settings.warmUpSeconds() || since < STEADY_ROUNDS && elapsed < MOST_WARM_UP_SECONDS) {
            double prefill = prefill();
            double decode = decode(batch);
            boolean faster = prefill < FASTER * bestPrefill || decode < FASTER * bestDecode;
            since = faster ? 0 : since + 1;
            bestPrefill = Math.min(bestPrefill, Double.isNaN(prefill) ? bestPrefill : prefill);
            bestDecode = Math.min(bestDecode, Double.isNaN(decode) ? bestDecode : decode);
            elapsed = (System.nanoTime() - start) / 1e9;
        }
        steady = since >= STEADY_ROUNDS;
    }

    /** Seconds of a prompt from an empty cache, or no number if there is none to measure. */
    private double prefill() {
        if (settings.promptTokens() == 0) {
            return Double.NaN;
        }
        int[] tokens = tokens(settings.promptTokens(), 0);
        prompt.restart(0);
        long start = System.nanoTime();
        prompt.append(tokens, () -> false);
        return (System.nanoTime() - start) / 1e9;
    }

    /** Seconds of decoding all tokens of some sequences, one of each in a pass, or no number if there are none to measure. */
    private double decode(List<Sequence> sequences) {
        if (settings.generatedTokens() == 0) {
            return Double.NaN;
        }
        sequences.forEach(sequence -> sequence.restart(settings.position()));
        int[] next = new int[sequences.size()];
        long start = System.nanoTime();
        for (int i = 0; i < settings.generatedTokens(); i++) {
            for (int s = 0; s < next.length; s++) {
                next[s] = token(i, s);
            }
            Sequence.appendEach(sequences, next, NEVER);
        }
        return (System.nanoTime() - start) / 1e9;
    }

    private int[] tokens(int count, int sequence) {
        int[] tokens = new int[count];
        for (int i = 0; i < count; i++) {
            tokens[i] = token(i, sequence);
        }
        return tokens;
    }

    /** Any token, another one at each place of each sequence. */
    private int token(int place, int sequence) {
        return (int) ((place + 1L + 31L * sequence) * 7919L % inference.architecture().vocabulary());
    }
}
